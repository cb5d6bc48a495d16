namespace AIInfra.Grpc;

/// <summary>Status codes of gRPC (grpc/grpc doc/statuscodes.md).</summary>
public enum GrpcStatus
{
    Ok = 0, Cancelled = 1, Unknown = 2, InvalidArgument = 3, DeadlineExceeded = 4, NotFound = 5, AlreadyExists = 6, PermissionDenied = 7,
    ResourceExhausted = 8, FailedPrecondition = 9, Aborted = 10, OutOfRange = 11, Unimplemented = 12, Internal = 13, Unavailable = 14,
    DataLoss = 15, Unauthenticated = 16,
}

/// <summary>A call that did not end with <see cref="GrpcStatus.Ok"/>. A handler throws it to choose the status its caller sees.</summary>
public sealed class GrpcException(GrpcStatus status, string detail, Exception? inner = null) : Exception($"{status}: {detail}", inner)
{
    public GrpcStatus Status { get; } = status;
    public string Detail { get; } = detail;
}
