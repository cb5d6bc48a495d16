using AIInfra.Grpc.Wire;

namespace AIInfra.Grpc.Client;

/// <summary>What a broken call amounts to for its caller.</summary>
internal static class ClientFault
{
    /// <summary>A connection that its server closes in good order is told from a reset stream by nothing else.</summary>
    private const long NoError = 0;

    /// <param name="own">What the caller's own sequence of requests, or the size of one, failed with.</param>
    public static Exception Outcome(Exception fault, Exception? own, TimeSpan? timeout, bool late, CancellationToken caller)
    {
        if (caller.IsCancellationRequested)
            return new OperationCanceledException("The call was cancelled.", fault, caller);
        if (late)
            return new GrpcException(GrpcStatus.DeadlineExceeded, $"The call did not end within {timeout?.TotalSeconds} s.", fault);
        if (own is not null)
            return own;
        for (var cause = fault; cause is not null; cause = cause.InnerException)
            if (cause is HttpProtocolException protocol)
                return new GrpcException(
                    protocol.ErrorCode == NoError ? GrpcStatus.Unavailable : GrpcStatusText.FromReset(protocol.ErrorCode),
                    $"The server broke off: {protocol.Message}", fault);
        return new GrpcException(GrpcStatus.Unavailable, fault is OperationCanceledException ? "The connection could not be made in time." : Innermost(fault), fault);
    }

    private static string Innermost(Exception fault)
    {
        while (fault.InnerException is { } inner)
            fault = inner;
        return fault.Message;
    }
}
