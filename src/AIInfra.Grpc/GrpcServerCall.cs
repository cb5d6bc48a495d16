using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace AIInfra.Grpc;

/// <summary>One call as its handler sees it.</summary>
public sealed class GrpcServerCall
{
    internal GrpcServerCall() { }

    /// <summary>What the caller sent along.</summary>
    public GrpcMetadata RequestHeaders { get; } = [];
    /// <summary>Sent after the last message.</summary>
    public GrpcMetadata ResponseTrailers { get; } = [];
    /// <summary>When the caller gives up; null: never.</summary>
    public DateTimeOffset? Deadline { get; internal set; }
    /// <summary>The one that the caller proved to own in the TLS handshake; null: none. The server's TLS settings say which are let in.</summary>
    public X509Certificate2? ClientCertificate { get; internal set; }
    /// <summary>Null on a unix socket.</summary>
    public IPAddress? RemoteAddress { get; internal set; }
    /// <summary>Cancelled when the caller is gone or gave up, at the deadline, and when the server stops. Reads and writes then throw
    /// <see cref="OperationCanceledException"/>; a handler lets it pass, and the caller gets the status that fits.</summary>
    public CancellationToken CancellationToken { get; internal set; }
}

/// <summary>Sends the messages of a stream, one at a time. Returns when the message is with the transport.</summary>
public abstract class GrpcStreamWriter<T>
{
    /// <exception cref="GrpcException"><see cref="GrpcStatus.ResourceExhausted"/>: the message is larger than the server may send.</exception>
    public abstract Task WriteAsync(T message, CancellationToken cancellationToken);
}
