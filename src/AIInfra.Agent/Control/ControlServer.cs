using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AIInfra.Agent.Configuration;
using AIInfra.Agent.Endpoints;
using AIInfra.Core.Configuration;
using AIInfra.Core.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AIInfra.Agent.Control;

/// <summary>The local control API: HTTP and JSON on <c>agent.sock</c> in the run folder, for its owner alone (mode 0600).</summary>
internal sealed class ControlServer(string socketPath, NodeView view, ILoggerFactory loggers) : IWorker
{
    public static string SocketPath(Config config) => Path.Combine(config.Get(AgentKeys.RunPath), "agent.sock");

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        File.Delete(socketPath); // the lock of the run folder says that nobody serves it any more
        await using var listener = await HttpListener.StartAsync(
            kestrel => kestrel.ListenUnixSocket(socketPath), AnswerAsync,
            fault => $"{socketPath} cannot be bound for the control API: {fault.Message}", loggers, cancellationToken);
        File.SetUnixFileMode(socketPath, UnixFileMode.UserRead | UnixFileMode.UserWrite); // the folder (0700) covers the moment before
        await cancellationToken.WhenCancelledAsync();
    }

    private Task AnswerAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return Task.CompletedTask;
        }
        switch (context.Request.Path.Value)
        {
            case "/v1/status":
                return WriteAsync(context, view.Status(), ControlJson.Default.NodeStatus);
            case "/v1/devices":
                return WriteAsync(context, view.Devices(), ControlJson.Default.IReadOnlyListDeviceStatus);
            case "/v1/problems":
                return WriteAsync(context, view.Problems(), ControlJson.Default.IReadOnlyListProblemStatus);
            default:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
        }
    }

    private static Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        return JsonSerializer.SerializeAsync(context.Response.Body, value, type, context.RequestAborted);
    }
}
