using System.IO.Pipelines;
using AIInfra.Grpc.Wire;
using Google.Protobuf;

namespace AIInfra.Grpc.Client;

/// <summary>One call: request out, messages in, and at the end a status. Disposing it before the end resets the stream.</summary>
internal sealed class ClientCall<TResponse> : IDisposable where TResponse : class, IMessage<TResponse>
{
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(49);

    private readonly HttpMessageInvoker _http;
    private readonly HttpRequestMessage _request;
    private readonly MessageParser<TResponse> _parser;
    private readonly GrpcChannelOptions _channel;
    private readonly GrpcCallOptions _options;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource? _deadline;
    private readonly CancellationTokenSource _ended;
    private RequestContent? _content;
    private HttpResponseMessage? _response;
    private FrameReader? _reader;

    public ClientCall(
        HttpMessageInvoker http, Uri method, MessageParser<TResponse> parser, GrpcChannelOptions channel, GrpcCallOptions options, CancellationToken caller)
    {
        (_http, _parser, _channel, _options, _caller) = (http, parser, channel, options, caller);
        _request = RequestHeaders.For(method, options);
        _deadline = options.Timeout < LongestTimer ? new CancellationTokenSource(Positive(options.Timeout.Value), channel.Time) : null;
        _ended = CancellationTokenSource.CreateLinkedTokenSource(caller, _deadline?.Token ?? CancellationToken.None);
    }

    /// <summary>Cancelled when the call is over, for whatever reason.</summary>
    public CancellationToken Token => _ended.Token;

    /// <summary>Sends the request and takes the first step of reading.</summary>
    public ValueTask<T> RunAsync<T>(RequestContent content, Func<ClientCall<TResponse>, ValueTask<T>> read) => RunAsync(async call =>
    {
        await call.SendAsync(content);
        return await read(call);
    });

    /// <summary>Takes a step. Every way in which it can fail leaves here as a <see cref="GrpcException"/>, but for the caller's own token and sequence.</summary>
    public async ValueTask<T> RunAsync<T>(Func<ClientCall<TResponse>, ValueTask<T>> step)
    {
        try
        {
            return await step(this);
        }
        catch (GrpcException) when (_content?.Fault is null)
        {
            throw;
        }
        catch (Exception fault) when (fault is OperationCanceledException or HttpRequestException or IOException or GrpcException or TimeoutException || ReferenceEquals(fault, _content?.Fault))
        {
            throw ClientFault.Outcome(fault, _content?.Fault, _options.Timeout, _deadline is { IsCancellationRequested: true }, _caller);
        }
    }

    public async ValueTask<TResponse> ReadOnlyOneAsync()
    {
        var message = await ReadNextAsync();
        if (message is null)
            throw new GrpcException(GrpcStatus.Internal, "The server answered Ok without the one message that belongs to it.");
        return await ReadNextAsync() is null ? message : throw new GrpcException(GrpcStatus.Internal, "The server sent a second message where only one belongs.");
    }

    /// <summary>The next message; null when the server ended the call with Ok.</summary>
    public async ValueTask<TResponse?> ReadNextAsync()
    {
        if (await _reader!.ReadAsync(_parser, Token) is { } message)
            return message;
        End(ResponseStatus.FromTrailers(_response!));
        return null;
    }

    public void Dispose()
    {
        _ended.Cancel();
        _response?.Dispose();
        _request.Dispose();
        _ended.Dispose();
        _deadline?.Dispose();
    }

    private async ValueTask SendAsync(RequestContent content)
    {
        Token.ThrowIfCancellationRequested();
        content.Writer = new FrameWriter(_channel.MaxSendBytes, _options.Compress);
        _request.Content = _content = content;
        _response = await _http.SendAsync(_request, Token);

        if (ResponseStatus.FromHeaders(_response) is { } early)
            End(early);
        var gzip = ResponseStatus.IsGzip(_response);
        _reader = new FrameReader(PipeReader.Create(await _response.Content.ReadAsStreamAsync(Token)), _channel.MaxReceiveBytes, gzip);
    }

    private void End(ResponseStatus status)
    {
        _options.OnTrailers?.Invoke(status.Trailers);
        if (status.Status != GrpcStatus.Ok)
            throw new GrpcException(status.Status, status.Detail);
    }

    private static TimeSpan Positive(TimeSpan timeout) => timeout > TimeSpan.Zero ? timeout : TimeSpan.Zero;
}
