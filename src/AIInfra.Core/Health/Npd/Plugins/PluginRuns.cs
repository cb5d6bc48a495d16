using System.Text;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Hosting;
using AIInfra.Core.State;
using AIInfra.Linux.Processes;

namespace AIInfra.Core.Health.Npd.Plugins;

/// <summary>Runs plugins: programs as processes of their own, the two helpers of node-problem-detector inside the agent.</summary>
public sealed class PluginRuns : IDisposable
{
    private readonly CommandRunner _commands = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.FromMinutes(1), AllowAutoRedirect = false })
    {
        Timeout = System.Threading.Timeout.InfiniteTimeSpan,
    };
    private readonly HealthChecker _health;
    private readonly LogCounter _counter;

    public PluginRuns(HostPaths host, Logs.BootClock clock, TimeProvider time) =>
        (_health, _counter) = (new HealthChecker(host, clock, _commands, _http, time), new LogCounter(host, clock, time));

    /// <summary>One run. Never throws for what a plugin does.</summary>
    /// <returns>What it says, and a task that ends when nothing of it is left: a process that is stuck in the kernel outlives its time.</returns>
    public async Task<(PluginOutcome Outcome, Task Gone)> RunAsync(NpdPluginMonitor monitor, NpdPluginRule rule, CancellationToken cancellationToken)
    {
        if (rule.IsHealthChecker)
            return (Cut(await _health.RunAsync(rule.Arguments, rule.Timeout, cancellationToken), monitor.MostOutput), Task.CompletedTask);
        if (rule.IsLogCounter)
            return await CountAsync(monitor, rule, cancellationToken);
        var result = await _commands.RunAsync(rule.Program, rule.Arguments, rule.Timeout);
        return (Read(result, monitor, rule), result.Gone);
    }

    public void Dispose()
    {
        _commands.Dispose();
        _http.Dispose();
    }

    /// <summary>A journal on a hung disk keeps a thread, never the monitor.</summary>
    private async Task<(PluginOutcome Outcome, Task Gone)> CountAsync(NpdPluginMonitor monitor, NpdPluginRule rule, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        PluginOutcome? outcome = null;
        var token = limit.Token;
        var run = DiskThread.RunAsync(() => outcome = _counter.Run(rule.Arguments, token), "log-counter");
        try
        {
            await run.WaitAsync(rule.Timeout, cancellationToken);
            return (Cut(outcome!, monitor.MostOutput), Task.CompletedTask);
        }
        catch (TimeoutException)
        {
            await limit.CancelAsync();
            return (PluginOutcome.Unknown($"log-counter did not end within {rule.Timeout.TotalSeconds:0.###} s"), run);
        }
    }

    private static PluginOutcome Read(CommandResult result, NpdPluginMonitor monitor, NpdPluginRule rule)
    {
        if (result.Refusal is { } refusal)
            return PluginOutcome.Unknown($"cannot {refusal}");
        var output = Text(result.Output, monitor.MostOutput);
        if (result.IsTimeout)
            return PluginOutcome.Unknown($"{rule.Program} did not end within {rule.Timeout.TotalSeconds:0.###} s and was killed; it said \"{output}\" and \"{Text(result.Errors, monitor.MostOutput)}\"");
        return result.Status is { Code: 0 } ? PluginOutcome.Well(output)
            : result.Status is { Code: 1 } ? PluginOutcome.Problem(output)
            : PluginOutcome.Unknown(output.Length > 0 ? output : $"{rule.Program} ended with {result.Status}");
    }

    private static PluginOutcome Cut(PluginOutcome outcome, int most) => outcome with { Message = Text(Encoding.UTF8.GetBytes(outcome.Message), most) };

    /// <summary>Trimmed, then cut to so many bytes without splitting a character.</summary>
    internal static string Text(ReadOnlySpan<byte> output, int most)
    {
        output = Logs.Ascii.Trim(output);
        if (output.Length > most)
        {
            while (most > 0 && (output[most] & 0xC0) == 0x80)
                most--;
            output = output[..most];
        }
        return Encoding.UTF8.GetString(output);
    }
}
