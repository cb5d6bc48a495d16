using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace AIInfra.Grpc;

/// <summary>Where a server listens and what it accepts.</summary>
public sealed record GrpcServerOptions
{
    /// <summary>A unix socket; exactly one of this and <see cref="EndPoint"/>. A file that is there already is the caller's to remove.</summary>
    public string? SocketPath { get; init; }
    /// <summary>A TCP address; port 0 takes a free one, see <see cref="GrpcServer.EndPoint"/>.</summary>
    public IPEndPoint? EndPoint { get; init; }
    /// <summary>For TLS on TCP; null: plain text with prior knowledge.</summary>
    public X509Certificate2? Certificate { get; init; }
    /// <summary>Bytes of one received message after decompression, by default 16 MiB (the kubelet's requests can exceed gRPC's usual 4 MiB).</summary>
    public int MaxReceiveBytes { get; init; } = 16 << 20;
    /// <summary>Bytes of one sent message, by default 4 MiB: what gRPC peers accept.</summary>
    public int MaxSendBytes { get; init; } = 4 << 20;
    /// <summary>Compress answers with gzip where the caller accepts it.</summary>
    public bool Compress { get; init; }
}
