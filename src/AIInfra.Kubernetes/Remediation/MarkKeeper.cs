using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.DevicePlugin;
using AIInfra.Kubernetes.Reporting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.Remediation;

/// <summary>Keeps the agent's marks true: notes at once that somebody uncordoned the node, so that a later cordon by hand is not taken for the agent's, and takes off the
/// taints and marks of problems that are over. It sets nothing that keeps work away.</summary>
internal sealed partial class MarkKeeper(
    ApiClient client, NodeBoard node, HealthBoard health, WorkerBoard parts, TimeProvider time, Func<double> random, ILogger<MarkKeeper> logger)
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "kubernetes marks";

    private readonly ReportingPart _part = new(Part, parts, logger);
    private readonly Backoff _backoff = Backoff.ForLoops(random);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var (state, problems) = (node.Current.Value, health.Current.Value);
            if (await StepAsync(state.Node, problems.Problems, cancellationToken) is { } wait)
                await Task.Delay(wait, time, cancellationToken);
            else
                await FirstOf.WaitAsync(cancellationToken,
                    token => node.Current.WaitForChangeAsync(state, token),
                    token => health.Current.WaitForChangeAsync(problems, token));
        }
    }

    private async Task<TimeSpan?> StepAsync(NodeSnapshot? now, ImmutableArray<Problem> problems, CancellationToken cancellationToken)
    {
        if (now is null || Change(now, problems) is not { IsEmpty: false } change)
            return null;
        try
        {
            node.Take(NodeSnapshot.Of(await client.PatchAsync(ApiResources.Nodes, null, now.Name, null, change.ToPatch(), cancellationToken, isUrgent: true)));
            _part.Good();
            _backoff.Reset();
            return TimeSpan.Zero;
        }
        catch (ApiException fault)
        {
            if (!(fault.Fault is ApiFault.Conflict or ApiFault.Invalid)) // the object changed meanwhile, which the watch will tell
                _part.Bad(fault);
            return _backoff.Next(fault.RetryAfter);
        }
    }

    private NodeEdit Change(NodeSnapshot now, ImmutableArray<Problem> problems)
    {
        var change = MarkChange.Of(now, mark => mark.StandsIn(problems));
        if (change.Undone is { } undone)
            LogUndone(now.Name, undone.Problem, undone.Subject, undone.Operation);
        foreach (var (taint, mark) in change.Over)
            LogUntainted(taint.Key, taint.Effect, now.Name, mark.Problem, mark.Subject);
        return change.Edit;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Somebody uncordoned node {Node}, which the agent had cordoned for {Problem} on {Subject} (operation {Operation}); it is not cordoned again for that problem")]
    private partial void LogUndone(string node, string problem, string subject, string operation);

    [LoggerMessage(Level = LogLevel.Information, Message = "The taint {Key}:{Effect} is taken off node {Node}: {Problem} on {Subject} is over")]
    private partial void LogUntainted(string key, string effect, string node, string problem, string subject);
}
