using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace AIInfra.Core.Web;

/// <summary>A span for each request, child of its caller's (W3C Trace Context). Costs nothing while nobody listens.</summary>
internal static class RequestSpan
{
    private static readonly ActivitySource Source = new("AIInfra.Http");

    /// <param name="route">A path that is served; null for any other, which is outside input.</param>
    public static Activity? Start(HttpRequest request, string? route)
    {
        if (!Source.HasListeners())
            return null;
        ActivityContext.TryParse(request.Headers.TraceParent, request.Headers.TraceState, isRemote: true, out var caller);
        var method = HttpMethods.IsGet(request.Method) ? "GET" : HttpMethods.IsHead(request.Method) ? "HEAD" : "_OTHER";
        return Source.StartActivity(route is null ? method : $"{method} {route}", ActivityKind.Server, caller)?.SetTag("http.request.method", method).SetTag("http.route", route);
    }

    public static void End(Activity? span, int status)
    {
        span?.SetTag("http.response.status_code", status);
        if (status >= 500)
            span?.SetStatus(ActivityStatusCode.Error);
    }
}
