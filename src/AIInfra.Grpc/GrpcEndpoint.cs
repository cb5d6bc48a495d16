using AIInfra.Grpc.Server;
using AIInfra.Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AIInfra.Grpc;

/// <summary>gRPC on a server that answers other requests too: hand it those that <see cref="IsCall"/>. They come over HTTP/2.</summary>
/// <param name="options">What is accepted; its addresses are not used here.</param>
/// <param name="stopping">Cancelled when the server stops: new calls are refused, running ones cancelled.</param>
public sealed class GrpcEndpoint(GrpcServerOptions options, GrpcServiceTable services, TimeProvider time, ILoggerFactory loggers, CancellationToken stopping)
{
    private readonly ServerApplication _application = new(options, services, time, loggers.CreateLogger<GrpcEndpoint>(), stopping);

    public static bool IsCall(HttpContext context) => Names.IsGrpc(context.Request.ContentType) && HttpProtocol.IsHttp2(context.Request.Protocol);

    public Task AnswerAsync(HttpContext context) => _application.ProcessRequestAsync(new ServerExchange(context.Features));
}
