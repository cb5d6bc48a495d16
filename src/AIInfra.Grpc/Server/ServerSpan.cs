using System.Diagnostics;

namespace AIInfra.Grpc.Server;

/// <summary>A span for each call with one answer, child of its caller's (W3C Trace Context). Costs nothing while nobody listens.</summary>
internal static class ServerSpan
{
    private static readonly ActivitySource Source = new("AIInfra.Grpc");

    /// <param name="path"><c>/v1beta1.DevicePlugin/Allocate</c>.</param>
    public static Activity? Start(ServerExchange exchange, string path)
    {
        if (!Source.HasListeners())
            return null;
        ActivityContext.TryParse(exchange.RequestHeaders.TraceParent, exchange.RequestHeaders.TraceState, isRemote: true, out var caller);
        var span = Source.StartActivity(path[1..], ActivityKind.Server, caller);
        if (span is null || path.LastIndexOf('/') is not (> 0 and var slash))
            return span;
        return span.SetTag("rpc.system", "grpc").SetTag("rpc.service", path[1..slash]).SetTag("rpc.method", path[(slash + 1)..]);
    }

    public static void End(Activity? span, GrpcStatus status)
    {
        span?.SetTag("rpc.grpc.status_code", (int)status);
        if (status != GrpcStatus.Ok)
            span?.SetStatus(ActivityStatusCode.Error);
    }
}
