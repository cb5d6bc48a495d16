using System.Net;
using System.Text;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Core.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AIInfra.Agent.Endpoints;

/// <summary>Serves <c>/metrics</c>, <c>/healthz</c> and <c>/readyz</c>. A port that is taken does not stop the rest of the daemon: it is tried again.</summary>
internal sealed partial class MetricsServer(IPEndPoint address, MetricsPage page, WorkerBoard workers, TimeProvider time, ILoggerFactory loggers) : IWorker
{
    private readonly ScrapeAnswer _scrapes = new(page, time);
    private readonly ILogger _logger = loggers.CreateLogger<MetricsServer>();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var listener = await WebListener.StartAsync(
            kestrel => kestrel.Listen(address), AnswerAsync,
            fault => $"{address} cannot be bound for metrics: {fault.Message} Stop what holds the port (dcgm-exporter uses it too), or set metrics.address.",
            loggers, cancellationToken);
        LogServing(address);
        await cancellationToken.WhenCancelledAsync();
    }

    private Task AnswerAsync(HttpContext context)
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
                return WriteAsync(response, Readiness());
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

    [LoggerMessage(Level = LogLevel.Information, Message = "Serving metrics on http://{Address}/metrics")]
    private partial void LogServing(IPEndPoint address);
}
