using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace AIInfra.Core.Metrics;

/// <summary>Answers one request for the metrics page: chooses the format, writes piece by piece as the reader takes it, and ends at the scraper's deadline.</summary>
/// <remarks>A reader that is too slow is cut off; it never gets a page that looks complete and is not. It holds a piece of the page in memory, not all.</remarks>
public sealed class ScrapeAnswer(MetricsPage page, TimeProvider time)
{
    /// <summary>Of a reader that names no deadline.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    /// <summary>Left for the way of the last bytes.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(0.5);

    public async Task AnswerAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var negotiated = PageNegotiation.Of(request.Headers.Accept, request.Headers.AcceptEncoding, page.SpeaksOpenMetrics);
        response.ContentType = negotiated.ContentType;
        response.Headers.Vary = "Accept, Accept-Encoding";
        if (negotiated.IsGzip)
            response.Headers.ContentEncoding = "gzip";
        if (HttpMethods.IsHead(request.Method))
            return;
        using var overdue = new CancellationTokenSource(Allowed(request.Headers["X-Prometheus-Scrape-Timeout-Seconds"]), time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(overdue.Token, context.RequestAborted);
        try
        {
            await response.StartAsync(stop.Token); // only a started response lends its buffers
            await WriteAsync(response.BodyWriter, negotiated, stop.Token);
        }
        catch (OperationCanceledException)
        {
            context.Abort();
        }
    }

    private async Task WriteAsync(PipeWriter body, PageNegotiation negotiated, CancellationToken cancellationToken)
    {
        using var rendering = page.Start(negotiated.Style);
        using var gzip = negotiated.IsGzip ? new GzipOutput(body) : null;
        IBufferWriter<byte> output = gzip is null ? body : gzip;
        while (rendering.WriteMore(output))
        {
            if ((await body.FlushAsync(cancellationToken)).IsCompleted)
                return; // the reader has gone
        }
        gzip?.Complete();
        await body.FlushAsync(cancellationToken);
    }

    /// <summary>The scraper's timeout, less a margin; its half where it is shorter than that.</summary>
    private static TimeSpan Allowed(string? header)
    {
        if (!double.TryParse(header, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) || !(seconds > 0) || seconds > Longest.TotalSeconds)
            return Longest;
        var timeout = TimeSpan.FromSeconds(seconds);
        return timeout > 2 * Margin ? timeout - Margin : timeout / 2;
    }
}
