using Google.Protobuf;

namespace AIInfra.Grpc;

/// <summary>The methods that a server answers: one line a method. Filled before the server starts, read-only afterwards.</summary>
public sealed class GrpcServiceTable
{
    public GrpcServiceTable Unary<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, Func<TRequest, GrpcServerCall, Task<TResponse>> handler)
        where TRequest : class, IMessage<TRequest> where TResponse : class, IMessage<TResponse> => throw new NotImplementedException();

    public GrpcServiceTable ServerStreaming<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, Func<TRequest, GrpcStreamWriter<TResponse>, GrpcServerCall, Task> handler)
        where TRequest : class, IMessage<TRequest> where TResponse : class, IMessage<TResponse> => throw new NotImplementedException();

    public GrpcServiceTable ClientStreaming<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, Func<IAsyncEnumerable<TRequest>, GrpcServerCall, Task<TResponse>> handler)
        where TRequest : class, IMessage<TRequest> where TResponse : class, IMessage<TResponse> => throw new NotImplementedException();

    public GrpcServiceTable Duplex<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, Func<IAsyncEnumerable<TRequest>, GrpcStreamWriter<TResponse>, GrpcServerCall, Task> handler)
        where TRequest : class, IMessage<TRequest> where TResponse : class, IMessage<TResponse> => throw new NotImplementedException();
}

/// <summary>One call as its handler sees it.</summary>
public sealed class GrpcServerCall
{
    internal GrpcServerCall() { }

    /// <summary>What the caller sent along.</summary>
    public GrpcMetadata RequestHeaders { get; } = [];
    /// <summary>Sent after the last message.</summary>
    public GrpcMetadata ResponseTrailers { get; } = [];
    /// <summary>When the caller gives up; null: never.</summary>
    public DateTimeOffset? Deadline { get; internal init; }
    /// <summary>Cancelled when the caller is gone or gave up, at the deadline, and when the server stops.</summary>
    public CancellationToken CancellationToken { get; internal init; }
}

/// <summary>Sends the messages of a stream, one at a time. Returns when the message is with the transport.</summary>
public abstract class GrpcStreamWriter<T>
{
    /// <exception cref="GrpcException"><see cref="GrpcStatus.ResourceExhausted"/>: the message is larger than the server may send.</exception>
    public abstract Task WriteAsync(T message, CancellationToken cancellationToken);
}

/// <summary>Headers or trailers, in order; names are lower case. A name ending in <c>-bin</c> carries bytes, base64 on the wire.</summary>
public sealed class GrpcMetadata : List<KeyValuePair<string, string>>
{
    public void Add(string name, string value) => Add(new KeyValuePair<string, string>(name, value));

    /// <param name="name">Must end in <c>-bin</c>.</param>
    public void AddBytes(string name, ReadOnlySpan<byte> value) => Add(name, Convert.ToBase64String(value).TrimEnd('='));

    public string? Find(string name) => this.FirstOrDefault(entry => entry.Key == name).Value;
}
