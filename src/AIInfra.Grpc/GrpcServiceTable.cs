using AIInfra.Grpc.Server;
using Google.Protobuf;

namespace AIInfra.Grpc;

/// <summary>The methods that a server answers: one line a method. Filled before the server starts, read-only afterwards.</summary>
public sealed class GrpcServiceTable
{
    private readonly Dictionary<string, Func<ServerExchange, Task>> _methods = [];

    public GrpcServiceTable Unary<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, Func<TRequest, GrpcServerCall, Task<TResponse>> handler)
        where TRequest : class, IMessage<TRequest> where TResponse : class, IMessage<TResponse> =>
        Add(method.Path, async exchange =>
        {
            using var span = ServerSpan.Start(exchange, method.Path);
            try
            {
                var request = await exchange.ReadOnlyOneAsync(method.Request);
                exchange.WriteLast(await handler(request, exchange.Call));
                ServerSpan.End(span, GrpcStatus.Ok);
            }
            catch (GrpcException refusal)
            {
                ServerSpan.End(span, refusal.Status);
                throw;
            }
        });

    public GrpcServiceTable ServerStreaming<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, Func<TRequest, GrpcStreamWriter<TResponse>, GrpcServerCall, Task> handler)
        where TRequest : class, IMessage<TRequest> where TResponse : class, IMessage<TResponse> =>
        Add(method.Path, async exchange =>
        {
            var request = await exchange.ReadOnlyOneAsync(method.Request);
            await handler(request, new ServerStreamWriter<TResponse>(exchange), exchange.Call);
        });

    public GrpcServiceTable ClientStreaming<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, Func<IAsyncEnumerable<TRequest>, GrpcServerCall, Task<TResponse>> handler)
        where TRequest : class, IMessage<TRequest> where TResponse : class, IMessage<TResponse> =>
        Add(method.Path, async exchange =>
            exchange.WriteLast(await handler(exchange.ReadAllAsync(method.Request, exchange.Call.CancellationToken), exchange.Call)));

    public GrpcServiceTable Duplex<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, Func<IAsyncEnumerable<TRequest>, GrpcStreamWriter<TResponse>, GrpcServerCall, Task> handler)
        where TRequest : class, IMessage<TRequest> where TResponse : class, IMessage<TResponse> =>
        Add(method.Path, exchange => handler(
            exchange.ReadAllAsync(method.Request, exchange.Call.CancellationToken), new ServerStreamWriter<TResponse>(exchange), exchange.Call));

    internal Func<ServerExchange, Task>? Find(string path) => _methods.GetValueOrDefault(path);

    private GrpcServiceTable Add(string path, Func<ServerExchange, Task> method)
    {
        _methods.Add(path, method);
        return this;
    }
}
