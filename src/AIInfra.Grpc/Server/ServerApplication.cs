using AIInfra.Grpc.Wire;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace AIInfra.Grpc.Server;

/// <summary>What Kestrel hands each request to: from headers to a handler, and from the handler's end to a status.</summary>
internal sealed partial class ServerApplication(
    GrpcServerOptions options, GrpcServiceTable services, TimeProvider time, ILogger logger, CancellationToken stopping) : IHttpApplication<ServerExchange>
{
    /// <summary>The longest delay a timer takes. A deadline beyond it is no deadline.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(49);

    public ServerExchange CreateContext(IFeatureCollection contextFeatures) => new(contextFeatures);

    public void DisposeContext(ServerExchange context, Exception? exception) { }

    public async Task ProcessRequestAsync(ServerExchange exchange)
    {
        if (exchange.Verb != "POST")
        {
            exchange.Refuse(405);
            return;
        }
        if (!Names.IsGrpc(exchange.RequestHeaders.ContentType))
        {
            exchange.Refuse(415);
            return;
        }
        exchange.StartHeaders();

        try
        {
            var (method, timeout) = Accept(exchange);
            await CallAsync(exchange, method, timeout);
            exchange.End(GrpcStatus.Ok, "");
        }
        catch (GrpcException refusal)
        {
            exchange.End(refusal.Status, refusal.Detail);
        }
    }

    /// <summary>Reads the headers. What is wrong with them is answered before the handler runs.</summary>
    private (Func<ServerExchange, Task> Method, TimeSpan? Timeout) Accept(ServerExchange exchange)
    {
        var headers = exchange.RequestHeaders;
        if (stopping.IsCancellationRequested)
            throw Stopping();
        if (services.Find(exchange.Path) is not { } method)
            throw new GrpcException(GrpcStatus.Unimplemented, $"The method {exchange.Path} does not exist here.");

        var encoding = headers[Names.Encoding].ToString();
        if (encoding is not ("" or "identity" or Gzip.Name))
            throw new GrpcException(GrpcStatus.Unimplemented, $"Messages compressed with '{encoding}' cannot be read here; accepted are: {Gzip.Accepted}.");

        TimeSpan? timeout = null;
        if (headers[Names.Timeout].ToString() is { Length: > 0 } text)
            timeout = TimeoutHeader.TryParse(text, out var parsed)
                ? parsed
                : throw new GrpcException(GrpcStatus.Internal, $"The grpc-timeout '{text}' is not one to eight digits and a unit out of H M S m u n.");

        foreach (var (name, values) in headers)
            foreach (var value in values)
                MetadataHeaders.Receive(exchange.Call.RequestHeaders, name, value ?? "");

        var accepted = headers[Names.AcceptEncoding].ToString();
        exchange.Open(options.MaxReceiveBytes, options.MaxSendBytes, encoding == Gzip.Name,
            options.Compress && accepted.Split(',', StringSplitOptions.TrimEntries).Contains(Gzip.Name));
        return (method, timeout < LongestTimer ? timeout : null);
    }

    /// <summary>Runs the handler. Every way in which it can fail leaves here as a <see cref="GrpcException"/>.</summary>
    private async Task CallAsync(ServerExchange exchange, Func<ServerExchange, Task> method, TimeSpan? timeout)
    {
        using var deadline = timeout is { } span ? new CancellationTokenSource(span, time) : null;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(exchange.Aborted, stopping, deadline?.Token ?? CancellationToken.None);
        exchange.Call.Deadline = time.GetUtcNow() + timeout;
        exchange.Call.CancellationToken = ended.Token;
        exchange.Ended = ended;
        try
        {
            await method(exchange);
        }
        catch (GrpcException)
        {
            throw;
        }
        catch (OperationCanceledException) when (deadline is { IsCancellationRequested: true })
        {
            throw Late(timeout);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            throw Stopping();
        }
        catch (OperationCanceledException)
        {
            throw new GrpcException(GrpcStatus.Cancelled, "The call was cancelled."); // by its caller, who does not hear this, or by the handler
        }
        catch (Exception fault) when (exchange.Aborted.IsCancellationRequested && fault is IOException or InvalidOperationException)
        {
            throw new GrpcException(GrpcStatus.Cancelled, "The caller is gone."); // what it left behind refused the next message
        }
#pragma warning disable CA1031 // a handler's mistake ends its own call; the server and its other calls go on
        catch (Exception fault)
#pragma warning restore CA1031
        {
            LogFault(exchange.Path, fault);
            throw new GrpcException(GrpcStatus.Unknown, "The handler failed; the server's log says why.");
        }
        if (deadline is { IsCancellationRequested: true })
            throw Late(timeout);
    }

    private static GrpcException Stopping() => new(GrpcStatus.Unavailable, "The server is stopping.");

    private static GrpcException Late(TimeSpan? timeout) =>
        new(GrpcStatus.DeadlineExceeded, $"The call did not end within the {timeout?.TotalSeconds} s that its caller gave it.");

    [LoggerMessage(EventName = "ServerApplication.Fault", Level = LogLevel.Error, Message = "The handler of {Method} failed; its caller was told Unknown")]
    private partial void LogFault(string method, Exception fault);
}
