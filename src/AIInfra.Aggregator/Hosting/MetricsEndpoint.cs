using System.Buffers;
using System.Net;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Core.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Hosting;

/// <summary>Serves <c>/metrics</c> for Prometheus. A port that is taken does not stop the rest: it is tried again.</summary>
internal sealed partial class MetricsEndpoint(IPEndPoint address, IEnumerable<PageRows> rows, ILoggerFactory loggers) : IWorker
{
    public const string Part = "metrics";

    private readonly Lock _gate = new();
    private readonly ILogger _logger = loggers.CreateLogger<MetricsEndpoint>();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var listener = await WebListener.StartAsync(
            kestrel => kestrel.Listen(address), AnswerAsync,
            fault => $"{address} cannot be bound for metrics: {fault.Message} Stop what holds the port, or set metrics.address.", loggers, cancellationToken);
        LogServing(address);
        await cancellationToken.WhenCancelledAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Path.Value is not ("/metrics" or "/healthz"))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }
        var page = new ArrayBufferWriter<byte>();
        if (context.Request.Path.Value == "/healthz")
            page.Write("ok\n"u8);
        else
            Render(page);
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        context.Response.ContentLength = page.WrittenCount;
        await context.Response.Body.WriteAsync(page.WrittenMemory, context.RequestAborted);
    }

    private void Render(ArrayBufferWriter<byte> page)
    {
        lock (_gate)
            PlainPage.Write(page, rows);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Serving metrics on http://{Address}/metrics")]
    private partial void LogServing(IPEndPoint address);
}
