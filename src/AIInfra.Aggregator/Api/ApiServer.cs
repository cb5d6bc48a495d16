using System.Text;
using AIInfra.Aggregator.Identity;
using AIInfra.Core.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace AIInfra.Aggregator.Api;

/// <summary>Answers all that is not gRPC: health, the authority's certificate, and the API behind its roles.</summary>
internal sealed class ApiServer
{
    private const long LongestBody = 64 << 10;

    private readonly Callers _callers;
    private readonly AuthorityHolder _authority;
    private readonly WorkerBoard _workers;
    private readonly List<ApiRoute> _routes;
    private readonly byte[] _document;
    private readonly PageFiles _page;

    public ApiServer(Callers callers, AuthorityHolder authority, WorkerBoard workers, PageFiles page, IEnumerable<IApiPart> parts)
    {
        (_callers, _authority, _workers, _page) = (callers, authority, workers, page);
        _routes = [.. parts.SelectMany(part => part.Routes)];
        _document = OpenApiDocument.Write(_routes);
    }

    public IReadOnlyList<ApiRoute> Routes => _routes;

    public async Task AnswerAsync(HttpContext context)
    {
        var response = context.Response;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } body)
            body.MaxRequestBodySize = LongestBody;

        var path = context.Request.Path.Value ?? "/";
        if (path.StartsWith("/api/", StringComparison.Ordinal))
            await AskAsync(context, path);
        else if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
            await ApiAnswers.RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "Only GET is answered here.");
        else
            await AnswerOpenAsync(context, path);
    }

    /// <summary>What needs no credentials.</summary>
    private Task AnswerOpenAsync(HttpContext context, string path)
    {
        switch (path)
        {
            case "/healthz":
                return WriteAsync(context, "ok\n");
            case "/readyz":
                if (!_workers.IsReady)
                    context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return WriteAsync(context, _workers.IsReady ? "ready\n" : $"not ready: {string.Join(", ", _workers.Parts.Values.Where(part => !part.IsReady).Select(part => part.Name))}\n");
            case "/authority.pem":
                return WriteAsync(context, string.Concat(_authority.Current.Trusted.Select(one => one.ExportCertificatePem() + "\n")), "application/x-pem-file");
            default:
                return _page.AnswerAsync(context, path) ?? ApiAnswers.RefuseAsync(context, StatusCodes.Status404NotFound, "There are /api/v1, /api/openapi.json, /healthz, /readyz and /authority.pem.");
        }
    }

    private async Task AskAsync(HttpContext context, string path)
    {
        if (path == "/api/openapi.json")
        {
            context.Response.ContentType = "application/json; charset=utf-8";
            await context.Response.Body.WriteAsync(_document, context.RequestAborted);
            return;
        }
        Caller? caller;
        try
        {
            caller = await _callers.FindAsync(null, context.Request.Headers.Authorization.ToString(), context.RequestAborted);
        }
        catch (IdentityUnknownException fault)
        {
            await ApiAnswers.RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, fault.Message);
            return;
        }
        if (caller?.Role is null or TokenRole.Join)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            await ApiAnswers.RefuseAsync(context, StatusCodes.Status401Unauthorized, "The API takes a token that is good now: `aiinfra-aggregator token create --role viewer`, sent as \"Authorization: Bearer TOKEN\".");
            return;
        }
        await RouteAsync(context, path.Split('/'), caller);
    }

    private async Task RouteAsync(HttpContext context, string[] path, Caller caller)
    {
        var there = _routes.Where(route => route.Match(path) is not null).ToList();
        if (there.Count == 0)
        {
            await ApiAnswers.RefuseAsync(context, StatusCodes.Status404NotFound, "There is no such path; /api/openapi.json lists them.");
            return;
        }
        if (there.FirstOrDefault(route => route.Method == context.Request.Method) is not { } route)
        {
            context.Response.Headers.Allow = string.Join(", ", there.Select(one => one.Method));
            await ApiAnswers.RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, $"This path takes {string.Join(", ", there.Select(one => one.Method))}.");
            return;
        }
        if (!caller.May(route.Role))
        {
            await ApiAnswers.RefuseAsync(context, StatusCodes.Status403Forbidden, $"This takes the role {route.Role.ToString().ToLowerInvariant()}; {caller.Name} has {caller.Role!.Value.ToString().ToLowerInvariant()}.");
            return;
        }
        if (Complaint(context.Request.Query, route) is { } complaint)
        {
            await ApiAnswers.RefuseAsync(context, StatusCodes.Status400BadRequest, complaint);
            return;
        }
        try
        {
            await route.Answer(new ApiRequest(context, caller, route.Match(path)!));
        }
        catch (Store.StoreException fault) when (!context.Response.HasStarted)
        {
            context.Response.Headers.RetryAfter = "5";
            await ApiAnswers.RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, fault.Message);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Whoever asked has gone.
        }
    }

    private static string? Complaint(IQueryCollection query, ApiRoute route)
    {
        foreach (var (name, values) in query)
        {
            if (route.Query.FirstOrDefault(known => known.Name == name) is not { } known)
                return route.Query.IsEmpty ? $"{name} is not understood: this path takes no query." : $"{name} is not understood; there are: {string.Join(", ", route.Query.Select(one => one.Name))}.";
            if (values.Count != 1 || !known.IsGood(values[0] ?? ""))
                return $"{name} must be {known.Form}, once.";
        }
        return null;
    }

    private static Task WriteAsync(HttpContext context, string text, string media = "text/plain; charset=utf-8")
    {
        context.Response.ContentType = media;
        return context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), context.RequestAborted).AsTask();
    }
}
