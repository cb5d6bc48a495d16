using System.Runtime.CompilerServices;
using AIInfra.Grpc.Client;
using Google.Protobuf;

namespace AIInfra.Grpc;

/// <summary>A client's connection to one server, made on first use and again after it broke. Thread-safe.</summary>
/// <remarks>Every call that does not end with <see cref="GrpcStatus.Ok"/> throws a <see cref="GrpcException"/>; a server that is not there
/// gives <see cref="GrpcStatus.Unavailable"/>, and so does the first call after a connection broke unnoticed; nothing is sent twice here. Cancelling by the caller's token throws <see cref="OperationCanceledException"/>.
/// Leaving an enumeration early cancels its call.</remarks>
public sealed class GrpcChannel : IDisposable
{
    private readonly Uri _address;
    private readonly GrpcChannelOptions _options;
    private readonly HttpMessageInvoker _http;

    private GrpcChannel(Uri address, SocketsHttpHandler handler, GrpcChannelOptions options) =>
        (_address, _options, _http) = (address, options, new HttpMessageInvoker(handler, disposeHandler: true));

    /// <param name="path">At most 107 bytes: what a socket address holds.</param>
    /// <exception cref="ArgumentException">The path is empty or too long.</exception>
    public static GrpcChannel ForUnixSocket(string path, GrpcChannelOptions? options = null)
    {
        options ??= new();
        return new(new Uri("http://localhost"), Transport.UnixSocket(path, options), options);
    }

    /// <param name="address"><c>http</c> with prior knowledge of HTTP/2, or <c>https</c>.</param>
    public static GrpcChannel ForAddress(Uri address, GrpcChannelOptions? options = null)
    {
        options ??= new();
        return new(address, Transport.Tcp(options), options);
    }

    public async Task<TResponse> UnaryAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, TRequest request, GrpcCallOptions? options = null, CancellationToken cancellationToken = default)
        where TRequest : class, IMessage<TRequest> where TResponse : class, IMessage<TResponse>
    {
        using var call = Start(method, options, cancellationToken);
        return await call.RunAsync(RequestContent.Of(request), static call => call.ReadOnlyOneAsync());
    }

    public IAsyncEnumerable<TResponse> ServerStreamingAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, TRequest request, GrpcCallOptions? options = null, CancellationToken cancellationToken = default)
        where TRequest : class, IMessage<TRequest> where TResponse : class, IMessage<TResponse> =>
        ReadAllAsync(method, _ => RequestContent.Of(request), options, cancellationToken);

    public async Task<TResponse> ClientStreamingAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, IAsyncEnumerable<TRequest> requests, GrpcCallOptions? options = null, CancellationToken cancellationToken = default)
        where TRequest : class, IMessage<TRequest> where TResponse : class, IMessage<TResponse>
    {
        using var call = Start(method, options, cancellationToken);
        return await call.RunAsync(RequestContent.Of(requests, call.Token), static call => call.ReadOnlyOneAsync());
    }

    public IAsyncEnumerable<TResponse> DuplexAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, IAsyncEnumerable<TRequest> requests, GrpcCallOptions? options = null, CancellationToken cancellationToken = default)
        where TRequest : class, IMessage<TRequest> where TResponse : class, IMessage<TResponse> =>
        ReadAllAsync(method, token => RequestContent.Of(requests, token), options, cancellationToken);

    public void Dispose() => _http.Dispose();

    private async IAsyncEnumerable<TResponse> ReadAllAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, Func<CancellationToken, RequestContent> content, GrpcCallOptions? options,
        [EnumeratorCancellation] CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest> where TResponse : class, IMessage<TResponse>
    {
        using var call = Start(method, options, cancellationToken);
        for (var next = await call.RunAsync(content(call.Token), First); next is not null; next = await call.RunAsync(Next))
            yield return next;

        static ValueTask<TResponse?> First(ClientCall<TResponse> call) => call.ReadNextAsync();
        static ValueTask<TResponse?> Next(ClientCall<TResponse> call) => call.ReadNextAsync();
    }

    private ClientCall<TResponse> Start<TRequest, TResponse>(GrpcMethod<TRequest, TResponse> method, GrpcCallOptions? options, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest> where TResponse : class, IMessage<TResponse> =>
        new(_http, new Uri(_address, method.Path), method.Response, _options, options ?? new(), cancellationToken);
}
