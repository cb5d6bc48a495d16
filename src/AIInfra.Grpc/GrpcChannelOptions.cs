using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace AIInfra.Grpc;

public sealed record GrpcChannelOptions
{
    /// <summary>Bytes of one received message after decompression.</summary>
    public int MaxReceiveBytes { get; init; } = 16 << 20;
    /// <summary>Bytes of one sent message, by default without a limit: the server has its own.</summary>
    public int MaxSendBytes { get; init; } = int.MaxValue;
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);
    /// <summary>On TCP, how long a connection with running calls may be silent before it is asked whether it lives, by default 1 min.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromMinutes(1);
    /// <summary>The only authority that a TLS server's certificate may come from; null: the system's.</summary>
    public X509Certificate2? TrustedAuthority { get; init; }
    /// <summary>More of them, for the time in which one follows on the other.</summary>
    public ImmutableArray<X509Certificate2> MoreAuthorities { get; init; } = [];
    /// <summary>With its private key: what the client proves to be. Null: it stays nameless.</summary>
    public X509Certificate2? ClientCertificate { get; init; }
    /// <summary>What the deadlines of calls are kept with.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

public sealed record GrpcCallOptions
{
    /// <summary>Sent as <c>grpc-timeout</c> and kept on this side too; null: no deadline.</summary>
    public TimeSpan? Timeout { get; init; }
    public GrpcMetadata? Headers { get; init; }
    /// <summary>Send the request compressed with gzip.</summary>
    public bool Compress { get; init; }
    /// <summary>Given the trailers when the call ends, in success and in failure.</summary>
    public Action<GrpcMetadata>? OnTrailers { get; init; }
}
