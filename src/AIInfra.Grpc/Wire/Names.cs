namespace AIInfra.Grpc.Wire;

/// <summary>Header names and fixed values of the protocol.</summary>
internal static class Names
{
    public const string Status = "grpc-status", Message = "grpc-message", Timeout = "grpc-timeout",
        Encoding = "grpc-encoding", AcceptEncoding = "grpc-accept-encoding", ContentType = "application/grpc";

    /// <summary><c>application/grpc</c>, with or without <c>+proto</c> and parameters; not <c>application/grpc-web</c>.</summary>
    public static bool IsGrpc(string? contentType) =>
        contentType is not null && contentType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == ContentType.Length || contentType[ContentType.Length] is '+' or ';');
}
