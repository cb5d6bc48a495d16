using System.Net;
using System.Text;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Core.Web;
using AIInfra.Grpc.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace AIInfra.Agent.Endpoints;

/// <summary>Serves <c>/metrics</c>, <c>/healthz</c> and <c>/readyz</c>. A port that is taken does not stop the rest of the daemon: it is tried again.</summary>
/// <param name="options">Where, and behind what.</param>
internal sealed partial class MetricsServer(MetricsServerOptions options, MetricsPage page, WorkerBoard workers, TimeProvider time, ILoggerFactory loggers) : IWorker
{
    private readonly ScrapeAnswer _scrapes = new(page, time);
    private readonly ILogger _logger = loggers.CreateLogger<MetricsServer>();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var address = options.Address;
        var web = options.WebConfig is { } path ? WebConfigFile.Open(path, workers, time, _logger) : null;
        using var guard = new WebGuard(web, options.ConcurrentScrapes);
        await using var listener = await WebListener.StartAsync(
            kestrel => kestrel.Listen(address, listen => Protect(listen, web)), context => guard.AnswerAsync(context, AnswerAsync),
            fault => $"{address} cannot be bound for metrics: {fault.Message} Stop what holds the port (dcgm-exporter uses it too), or set metrics.address.",
            loggers, cancellationToken);
        LogServing(web?.UsesTls == true ? "https" : "http", address);
        await cancellationToken.WhenCancelledAsync();
    }

    private void Protect(ListenOptions listen, WebConfigFile? web)
    {
        if (web?.UsesTls != true)
            return;
        listen.Protocols = web.UsesHttp2 ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http1;
        listen.Use(new TlsConnections(web.TlsOptions, _logger).Wrap);
    }

    /// <param name="isTrusted">False for a probe without credentials.</param>
    private Task AnswerAsync(HttpContext context, bool isTrusted)
    {
        var response = context.Response;
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            response.Headers.Allow = "GET, HEAD";
            return Task.CompletedTask;
        }
        switch (context.Request.Path.Value)
        {
            case "/metrics":
                return _scrapes.AnswerAsync(context);
            case "/healthz":
                return WriteAsync(response, "ok\n");
            case "/readyz":
                if (!workers.IsReady)
                    response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return WriteAsync(response, isTrusted ? Readiness() : workers.IsReady ? "ready\n" : "not ready\n");
            case "/":
                response.ContentType = "text/html; charset=utf-8";
                return response.WriteAsync("<!doctype html><title>aiinfra-agent</title><h1>aiinfra-agent</h1><p><a href=\"/metrics\">metrics</a> <a href=\"/healthz\">healthz</a> <a href=\"/readyz\">readyz</a>\n");
            default:
                response.StatusCode = StatusCodes.Status404NotFound;
                return WriteAsync(response, "Not found. There are /metrics, /healthz and /readyz.\n");
        }
    }

    private string Readiness()
    {
        var text = new StringBuilder();
        foreach (var part in workers.Parts.Values)
            text.Append(part.IsReady ? "[+] " : "[-] ").Append(part.Name).Append(part.IsReady ? " ok\n" : $": {part.Detail}\n");
        return text.ToString();
    }

    private static Task WriteAsync(HttpResponse response, string text)
    {
        response.ContentType = "text/plain; charset=utf-8";
        return response.WriteAsync(text);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Serving metrics on {Scheme}://{Address}/metrics")]
    private partial void LogServing(string scheme, IPEndPoint address);
}

internal sealed record MetricsServerOptions
{
    public required IPEndPoint Address { get; init; }
    /// <summary>Path of an exporter-toolkit web config; null: plain HTTP for everybody.</summary>
    public string? WebConfig { get; init; }
    public required int ConcurrentScrapes { get; init; }
}
