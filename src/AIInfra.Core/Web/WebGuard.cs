using AIInfra.Linux.Crypt;
using Microsoft.AspNetCore.Http;

namespace AIInfra.Core.Web;

/// <summary>Stands before an endpoint: who may ask, how often, and how many at once.</summary>
/// <param name="web">Null: no web config, nobody is asked who they are.</param>
/// <param name="mostScrapes">Answers to <c>/metrics</c> that are on their way at once; beyond it, 503 with <c>Retry-After</c>.</param>
public sealed class WebGuard(WebConfigFile? web, int mostScrapes) : IDisposable
{
    private const string MetricsPath = "/metrics", HealthPath = "/healthz", ReadyPath = "/readyz";
    /// <summary>A client that reads slower keeps no place that a scraper needs.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly WebAccess? _access = web is null || Bcrypt.Instance is not { } bcrypt ? null : new WebAccess(bcrypt);
    private int _scrapes;
    private long _refused;

    /// <summary>Requests that were refused because too many were being answered.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <param name="answer">The endpoint. The boolean is true for who may see everything; false for a probe without credentials, to which
    /// <c>/healthz</c> and <c>/readyz</c> answer in one word.</param>
    public async Task AnswerAsync(HttpContext context, Func<HttpContext, bool, Task> answer)
    {
        using var span = RequestSpan.Start(context.Request, context.Request.Path.Value is MetricsPath or HealthPath or ReadyPath ? context.Request.Path.Value : null);
        await JudgeAsync(context, answer);
        RequestSpan.End(span, context.Response.StatusCode);
    }

    public void Dispose() => _access?.Dispose();

    private async Task JudgeAsync(HttpContext context, Func<HttpContext, bool, Task> answer)
    {
        var (path, response) = (context.Request.Path.Value, context.Response);
        var isTrusted = true;
        if (web?.Current() is { } state)
        {
            foreach (var (name, value) in state.Config.Headers)
                response.Headers[name] = value;
            if (state.Rate?.TryTake() == false)
            {
                await RefuseAsync(response, StatusCodes.Status429TooManyRequests, "Too many requests: rate_limit of the web config.\n");
                return;
            }
            isTrusted = state.Config.Users.IsEmpty;
            var header = context.Request.Headers.Authorization.ToString();
            if (!isTrusted && (header.Length > 0 || path is not (HealthPath or ReadyPath)))
            {
                var who = _access is null ? WebAnswer.Unknown : await _access.AskAsync(state.Config.Users, header, context.RequestAborted);
                if (who == WebAnswer.Busy)
                {
                    await RefuseAsync(response, StatusCodes.Status503ServiceUnavailable, "Too many passwords are being checked.\n");
                    return;
                }
                if (who == WebAnswer.Unknown)
                {
                    response.Headers.WWWAuthenticate = "Basic";
                    await RefuseAsync(response, StatusCodes.Status401Unauthorized, "Unauthorized\n");
                    return;
                }
                isTrusted = true;
            }
        }
        if (path == MetricsPath)
            await ScrapeAsync(context, answer);
        else
            await answer(context, isTrusted);
    }

    private async Task ScrapeAsync(HttpContext context, Func<HttpContext, bool, Task> answer)
    {
        if (Interlocked.Increment(ref _scrapes) > mostScrapes)
        {
            Interlocked.Decrement(ref _scrapes);
            Interlocked.Increment(ref _refused);
            await RefuseAsync(context.Response, StatusCodes.Status503ServiceUnavailable, $"{mostScrapes} scrapes are being answered already (metrics.concurrentScrapes).\n");
            return;
        }
        try
        {
            using var patience = new Timer(slow => ((HttpContext)slow!).Abort(), context, Patience, Timeout.InfiniteTimeSpan);
            await answer(context, true);
        }
        finally
        {
            Interlocked.Decrement(ref _scrapes);
        }
    }

    private static Task RefuseAsync(HttpResponse response, int status, string text)
    {
        response.StatusCode = status;
        if (status != StatusCodes.Status401Unauthorized)
            response.Headers.RetryAfter = "1";
        response.ContentType = "text/plain; charset=utf-8";
        return response.WriteAsync(text);
    }
}
