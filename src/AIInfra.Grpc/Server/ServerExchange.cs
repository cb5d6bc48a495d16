using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using AIInfra.Grpc.Wire;
using Google.Protobuf;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace AIInfra.Grpc.Server;

/// <summary>One HTTP/2 stream on the server: its request, its response, and the messages on both.</summary>
internal sealed class ServerExchange(IFeatureCollection features)
{
    private readonly IHttpRequestFeature _request = features.GetRequiredFeature<IHttpRequestFeature>();
    private readonly IHttpResponseFeature _response = features.GetRequiredFeature<IHttpResponseFeature>();
    private PipeWriter? _output;
    private FrameReader? _reader;
    private FrameWriter _writer;

    public GrpcServerCall Call { get; } = new()
    {
        ClientCertificate = features.Get<ITlsConnectionFeature>()?.ClientCertificate,
        RemoteAddress = features.Get<IHttpConnectionFeature>()?.RemoteIpAddress,
    };
    public string Path => _request.Path;
    public string Verb => _request.Method;
    public IHeaderDictionary RequestHeaders => _request.Headers;
    public CancellationToken Aborted { get; } = features.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted;

    /// <param name="gzipIn">The caller compresses its messages.</param>
    /// <param name="gzipOut">The caller accepts compressed messages and the server sends them.</param>
    public void Open(int maxReceiveBytes, int maxSendBytes, bool gzipIn, bool gzipOut)
    {
        _reader = new FrameReader(features.GetRequiredFeature<IRequestBodyPipeFeature>().Reader, maxReceiveBytes, gzipIn);
        _writer = new FrameWriter(maxSendBytes, gzipOut);
        _output = features.GetRequiredFeature<IHttpResponseBodyFeature>().Writer;
        if (gzipOut)
            _response.Headers[Names.Encoding] = Gzip.Name;
    }

    /// <summary>Cancels what the handler holds as its token.</summary>
    public CancellationTokenSource? Ended { private get; set; }

    public async ValueTask<T> ReadOnlyOneAsync<T>(MessageParser<T> parser) where T : class, IMessage<T>
    {
        try
        {
            return await _reader!.ReadOnlyOneAsync(parser, Call.CancellationToken);
        }
        catch (Exception fault) when (fault is IOException or ConnectionAbortedException)
        {
            throw await GoneAsync(fault);
        }
    }

    public async IAsyncEnumerable<T> ReadAllAsync<T>(MessageParser<T> parser, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        while (await NextAsync() is { } message)
            yield return message;

        async ValueTask<T?> NextAsync()
        {
            try
            {
                return await _reader!.ReadAsync(parser, cancellationToken);
            }
            catch (Exception fault) when (fault is IOException or ConnectionAbortedException)
            {
                throw await GoneAsync(fault);
            }
        }
    }

    /// <summary>Leaves the flush to the end of the call, so that headers, message and trailers go out together.</summary>
    public void WriteLast(IMessage message) => _writer.Write(_output!, message);

    public async Task WriteAsync(IMessage message, CancellationToken cancellationToken)
    {
        Call.CancellationToken.ThrowIfCancellationRequested();
        cancellationToken.ThrowIfCancellationRequested();
        _writer.Write(_output!, message);

        // Not FlushAsync(token): a flush that is cancelled resets the stream, and the caller would never see the status.
        var flush = _output!.FlushAsync(CancellationToken.None);
        if (!flush.IsCompleted)
            await WaitForRoomAsync(flush.AsTask(), cancellationToken);
        else if ((await flush).IsCompleted)
            throw await GoneAsync(null);
    }

    /// <summary>Ends the call. Without a message sent before, a failure is one block of headers and nothing else.</summary>
    public void End(GrpcStatus status, string detail)
    {
        if (MetadataHeaders.Complaint(Call.ResponseTrailers) is { } complaint)
        {
            (status, detail) = (GrpcStatus.Internal, complaint);
            Call.ResponseTrailers.Clear();
        }
        var trailers = status != GrpcStatus.Ok && !_response.HasStarted
            ? _response.Headers
            : features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers;
        trailers[Names.Status] = GrpcStatusText.Of(status);
        if (detail.Length > 0)
            trailers[Names.Message] = PercentEncoding.Encode(detail);
        foreach (var (name, value) in Call.ResponseTrailers)
            trailers.Append(name, value);
    }

    /// <summary>Answers what is no gRPC call at all.</summary>
    public void Refuse(int httpStatus) => _response.StatusCode = httpStatus;

    public void StartHeaders()
    {
        _response.Headers.ContentType = Names.ContentType;
        _response.Headers[Names.AcceptEncoding] = Gzip.Accepted;
    }

    /// <summary>The transport knows of it a moment before the token does; a handler is to find both together.</summary>
    private async Task<OperationCanceledException> GoneAsync(Exception? fault)
    {
        await Ended!.CancelAsync();
        return new OperationCanceledException("The caller is gone.", fault, Call.CancellationToken);
    }

    private async Task WaitForRoomAsync(Task flush, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(Call.CancellationToken, cancellationToken);
        await flush.WaitAsync(either.Token);
    }
}
