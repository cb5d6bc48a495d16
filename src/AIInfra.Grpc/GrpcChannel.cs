using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;

namespace AIInfra.Grpc;

public sealed record GrpcChannelOptions
{
    /// <summary>Bytes of one received message after decompression.</summary>
    public int MaxReceiveBytes { get; init; } = 16 << 20;
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);
    /// <summary>The only authority that a TLS server's certificate may come from; null: the system's.</summary>
    public X509Certificate2? TrustedAuthority { get; init; }
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

/// <summary>A client's connection to one server, made on first use and again after it broke. Thread-safe.</summary>
/// <remarks>Every call that does not end with <see cref="GrpcStatus.Ok"/> throws a <see cref="GrpcException"/>; a server that is not there
/// gives <see cref="GrpcStatus.Unavailable"/>. Cancelling by the caller's token throws <see cref="OperationCanceledException"/>.</remarks>
public sealed class GrpcChannel : IDisposable
{
    private GrpcChannel() { }

    public static GrpcChannel ForUnixSocket(string path, GrpcChannelOptions? options = null) => throw new NotImplementedException();

    /// <param name="address"><c>http</c> with prior knowledge of HTTP/2, or <c>https</c>.</param>
    public static GrpcChannel ForAddress(Uri address, GrpcChannelOptions? options = null) => throw new NotImplementedException();

    public Task<TResponse> UnaryAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, TRequest request, GrpcCallOptions? options = null, CancellationToken cancellationToken = default)
        where TRequest : class, IMessage<TRequest> where TResponse : class, IMessage<TResponse> => throw new NotImplementedException();

    public IAsyncEnumerable<TResponse> ServerStreamingAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, TRequest request, GrpcCallOptions? options = null, CancellationToken cancellationToken = default)
        where TRequest : class, IMessage<TRequest> where TResponse : class, IMessage<TResponse> => throw new NotImplementedException();

    public Task<TResponse> ClientStreamingAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, IAsyncEnumerable<TRequest> requests, GrpcCallOptions? options = null, CancellationToken cancellationToken = default)
        where TRequest : class, IMessage<TRequest> where TResponse : class, IMessage<TResponse> => throw new NotImplementedException();

    public IAsyncEnumerable<TResponse> DuplexAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, IAsyncEnumerable<TRequest> requests, GrpcCallOptions? options = null, CancellationToken cancellationToken = default)
        where TRequest : class, IMessage<TRequest> where TResponse : class, IMessage<TResponse> => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
