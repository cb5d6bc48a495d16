using System.Threading.Channels;
using AIInfra.Agent.Control;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;

namespace AIInfra.Agent.Diag;

/// <summary>What the daemon answers to <c>diag</c>: what it knows, then what its probes find now, check by check.</summary>
internal sealed class DaemonDiag(NodeView view, ProbeWorker probes, TimeProvider time)
{
    public async IAsyncEnumerable<DiagCheck> RunAsync(DiagLevel level, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var check in Known())
            yield return check;
        var checks = Channel.CreateUnbounded<DiagCheck>(); // bounded by the number of probes
        var run = EndAsync(checks.Writer, DiagLooks.RunAsync(level, time, (progress, token) => probes.RunNowAsync(null, progress, token), check => checks.Writer.TryWrite(check), cancellationToken));
        await foreach (var check in checks.Reader.ReadAllAsync(cancellationToken))
            yield return check;
        await run;
    }

    private static async Task EndAsync(ChannelWriter<DiagCheck> writer, Task run)
    {
        await run.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        writer.Complete(run.IsFaulted ? run.Exception.InnerException : null);
    }

    private IEnumerable<DiagCheck> Known()
    {
        var status = view.Status();
        var unhealthy = status.Devices.Count(device => !device.IsHealthy);
        yield return new DiagCheck("devices", unhealthy > 0 ? DiagOutcome.Fail : status.Devices.Count == 0 ? DiagOutcome.Skip : DiagOutcome.Pass,
            status.Devices.Count == 0 ? "The agent knows no device." : $"{status.Devices.Count - unhealthy} of {status.Devices.Count} are healthy.", 0, []);
        yield return DiagCheck.Of("problems", "No problem stands.", 0, status.Problems.Select(problem => new DiagFinding(
            problem.Id, problem.Subject, problem.Severity, problem.Message, problem.Evidence is [.., var last] ? last : "", problem.Count)));
        var missing = status.Parts.Where(part => !part.IsReady).ToList();
        yield return DiagCheck.Of("agent", "Every part of the agent is ready.", 0, missing.Select(part => new DiagFinding("agent.not-ready", part.Name, Severity.Degraded, $"The part {part.Name} of the agent is not ready.", part.Detail ?? "", 1)));
    }
}
