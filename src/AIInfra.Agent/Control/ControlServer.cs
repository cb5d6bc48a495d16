using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AIInfra.Agent.Configuration;
using AIInfra.Agent.Diag;
using AIInfra.Core.Configuration;
using AIInfra.Core.Hosting;
using AIInfra.Core.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AIInfra.Agent.Control;

/// <summary>The local control API: HTTP and JSON on <c>agent.sock</c> in the run folder, for its owner alone (mode 0600).</summary>
internal sealed class ControlServer(string socketPath, NodeView view, NodeCommands commands, AllocationView allocation, RemediationControl remediation, DaemonDiag diag, ILoggerFactory loggers) : IWorker
{
    public static string SocketPath(Config config) => Path.Combine(config.Get(AgentKeys.RunPath), "agent.sock");

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        File.Delete(socketPath); // the lock of the run folder says that nobody serves it any more
        await using var listener = await WebListener.StartAsync(
            kestrel => kestrel.ListenUnixSocket(socketPath), AnswerAsync,
            fault => $"{socketPath} cannot be bound for the control API: {fault.Message}", loggers, cancellationToken);
        File.SetUnixFileMode(socketPath, UnixFileMode.UserRead | UnixFileMode.UserWrite); // the folder (0700) covers the moment before
        await cancellationToken.WhenCancelledAsync();
    }

    private Task AnswerAsync(HttpContext context) => (context.Request.Method, context.Request.Path.Value) switch
    {
        ("GET", "/v1/status") => WriteAsync(context, view.Status(), ControlJson.Default.NodeStatus),
        ("GET", "/v1/devices") => WriteAsync(context, view.Devices(), ControlJson.Default.IReadOnlyListDeviceStatus),
        ("GET", "/v1/labels") => WriteAsync(context, view.Labels(), ControlJson.Default.IReadOnlyDictionaryStringString),
        ("GET", "/v1/problems") => WriteAsync(context, view.Problems(), ControlJson.Default.IReadOnlyListProblemStatus),
        ("GET", "/v1/history") => WriteAsync(context, view.History(), ControlJson.Default.IReadOnlyListHistoryStep),
        ("GET", "/v1/allocation") => WriteAsync(
            context, allocation.Explain(context.Request.Query["resource"], context.Request.Query["count"]), ControlJson.Default.AllocationExplanation),
        ("GET", "/v1/diag") => DiagnoseAsync(context),
        ("GET", "/v1/actions") => WriteAsync(context, remediation.Actions(), ControlJson.Default.ActionsReport),
        ("POST", "/v1/approve") => ActAsync(context, ControlJson.Default.ApproveRequest, remediation.ApproveAsync),
        ("POST", "/v1/pause") => ActAsync(context, ControlJson.Default.PauseRequest, remediation.PauseAsync),
        ("POST", "/v1/unpause") => ActAsync(context, ControlJson.Default.ResumeRequest, _ => remediation.ResumeAsync()),
        ("POST", "/v1/clear") => ActAsync(context, ControlJson.Default.ClearRequest, request => Task.FromResult(commands.Clear(request))),
        ("POST", "/v1/release") => ActAsync(context, ControlJson.Default.VendorRequest, request => commands.ReleaseAsync(request.Vendor, context.RequestAborted)),
        ("POST", "/v1/resume") => ActAsync(context, ControlJson.Default.VendorRequest, request => Task.FromResult(commands.Resume(request.Vendor))),
        ("GET" or "POST", _) => Refuse(context, StatusCodes.Status404NotFound),
        _ => Refuse(context, StatusCodes.Status405MethodNotAllowed),
    };

    /// <summary>A line of JSON for each check, as it ends.</summary>
    private async Task DiagnoseAsync(HttpContext context)
    {
        if (!Enum.TryParse<DiagLevel>(context.Request.Query["level"], ignoreCase: true, out var level) || !Enum.IsDefined(level))
        {
            await Refuse(context, StatusCodes.Status400BadRequest);
            return;
        }
        context.Response.ContentType = "application/x-ndjson; charset=utf-8";
        try
        {
            await foreach (var check in diag.RunAsync(level, context.RequestAborted))
            {
                await JsonSerializer.SerializeAsync(context.Response.Body, check, DiagJson.Default.DiagCheck, context.RequestAborted);
                await context.Response.Body.WriteAsync("\n"u8.ToArray(), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Whoever asked has gone.
        }
    }

    /// <summary>Answers 200 when it is done, 409 when it is not, 400 when the request cannot be read.</summary>
    private static async Task ActAsync<T>(HttpContext context, JsonTypeInfo<T> type, Func<T, Task<CommandAnswer>> act) where T : class
    {
        try
        {
            if (await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted) is { } request)
            {
                var answer = await act(request);
                context.Response.StatusCode = answer.IsDone ? StatusCodes.Status200OK : StatusCodes.Status409Conflict;
                await WriteAsync(context, answer, ControlJson.Default.CommandAnswer);
                return;
            }
        }
        catch (JsonException)
        {
            // Said by the status below.
        }
        await Refuse(context, StatusCodes.Status400BadRequest);
    }

    private static Task Refuse(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    private static Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        return JsonSerializer.SerializeAsync(context.Response.Body, value, type, context.RequestAborted);
    }
}
