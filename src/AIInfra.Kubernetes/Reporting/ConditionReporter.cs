using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Npd;
using AIInfra.Core.Hosting;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.DevicePlugin;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.Reporting;

/// <summary>Keeps the node's conditions in step with the boards: a changed status at once, other words seldom, a heartbeat every five minutes and more.</summary>
internal sealed class ConditionReporter(
    ApiClient client, NodeBoard node, HealthBoard health, InventoryBoard inventory, NpdConditions npd, WorkerBoard parts, TimeProvider time, Func<double> random,
    ILogger<ConditionReporter> logger)
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "kubernetes conditions";

    /// <summary>The types that this agent wrote, also in an earlier configuration; kept by <see cref="NodeDetails"/>.</summary>
    public const string OwnedAnnotation = ReportingOptions.Prefix + "conditions";

    private static readonly TimeSpan Heartbeat = TimeSpan.FromMinutes(5), HeartbeatSpread = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan BetweenChanges = TimeSpan.FromSeconds(1), BetweenWords = TimeSpan.FromSeconds(30), FirstSpread = TimeSpan.FromSeconds(30);

    private readonly ReportingPart _part = new(Part, parts, logger);
    private readonly ConditionPlan _plan = new(time);
    private readonly Backoff _backoff = Backoff.ForLoops(random);
    private readonly long _started = time.GetTimestamp();
    private readonly TimeSpan _firstWait = FirstSpread * random();
    private TimeSpan _heartbeatAfter = Heartbeat + (HeartbeatSpread * random());
    private (long At, string Uid, ImmutableArray<WantedCondition> Wanted)? _last;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var (state, problems, devices, others) = (node.Current.Value, health.Current.Value, inventory.Current.Value, npd.Current.Value);
            var wait = await StepAsync(state, problems, devices, others, cancellationToken);
            if (_hasFailed)
                await Task.Delay(wait, time, cancellationToken); // what changes meanwhile is in the next attempt
            else
                await FirstOf.WaitAsync(cancellationToken,
                    token => node.Current.WaitForChangeAsync(state, token),
                    token => health.Current.WaitForChangeAsync(problems, token),
                    token => inventory.Current.WaitForChangeAsync(devices, token),
                    token => npd.Current.WaitForChangeAsync(others, token),
                    token => Task.Delay(wait, time, token));
        }
    }

    private bool _hasFailed;

    /// <returns>When to look again, if nothing changes before.</returns>
    private async Task<TimeSpan> StepAsync(NodeState state, HealthSnapshot problems, NodeInventory devices, NpdSnapshot others, CancellationToken cancellationToken)
    {
        _hasFailed = false;
        var wanted = _plan.Update(problems, devices).AddRange(NpdConditions.Wanted(others)); // also while nothing can be written: it keeps the times
        if (state.Node is not { } now)
            return Heartbeat;
        var wait = Due(now, wanted);
        if (wait > TimeSpan.Zero)
            return wait;
        try
        {
            var isUrgent = wanted.Any(condition => now.Conditions.GetValueOrDefault(condition.Type)?.Status != condition.Status);
            var patch = ApiPatch.StrategicMerge(Change(now, wanted), ApiJson.Default.ConditionsPatch);
            var answer = await client.PatchAsync(ApiResources.Nodes, null, now.Name, "status", patch, cancellationToken, isUrgent);
            _last = (time.GetTimestamp(), now.Uid, wanted);
            _heartbeatAfter = Heartbeat + (HeartbeatSpread * random());
            node.Take(NodeSnapshot.Of(answer));
            _part.Good();
            _backoff.Reset();
            return BetweenChanges;
        }
        catch (ApiException fault)
        {
            _part.Bad(fault);
            _hasFailed = true;
            return _backoff.Next(fault.RetryAfter);
        }
    }

    /// <returns>Zero or less: now.</returns>
    private TimeSpan Due(NodeSnapshot now, ImmutableArray<WantedCondition> wanted)
    {
        var last = _last is { } before && before.Uid == now.Uid ? before : default((long At, string Uid, ImmutableArray<WantedCondition> Wanted)?);
        var sinceLast = last is { } one ? time.GetElapsedTime(one.At) : TimeSpan.MaxValue;
        var heartbeat = UntilHeartbeat(now, wanted);
        if (wanted.Any(condition => now.Conditions.GetValueOrDefault(condition.Type)?.Status != condition.Status))
        {
            var isNews = last is not { } written || !SameStatuses(written.Wanted, wanted); // else somebody else writes it too, and there is no race to win
            if (last is null && wanted.All(condition => !condition.IsBad && !now.Conditions.ContainsKey(condition.Type)))
                return _firstWait - time.GetElapsedTime(_started); // a fleet that is installed at once says at leisure that all is well
            return (isNews ? BetweenChanges : BetweenWords) - sinceLast;
        }
        if (wanted.Any(condition => now.Conditions[condition.Type] is var there && (there.Reason != condition.Reason || there.Message != condition.Message)) || !npd.Stale(now).IsEmpty)
            return BetweenWords - sinceLast;
        return heartbeat;
    }

    /// <summary>Counted from what is on the node, so that a restart of the agents changes nothing.</summary>
    private TimeSpan UntilHeartbeat(NodeSnapshot now, ImmutableArray<WantedCondition> wanted)
    {
        var oldest = wanted.Min(condition => now.Conditions.GetValueOrDefault(condition.Type)?.LastHeartbeatTime ?? DateTimeOffset.MinValue);
        var age = time.GetUtcNow() - oldest;
        if (_last is { } last && time.GetElapsedTime(last.At) < age)
            age = time.GetElapsedTime(last.At); // written by this process: its monotonic clock counts
        return age < TimeSpan.Zero ? _heartbeatAfter : _heartbeatAfter - age; // a time in the future tells of a clock that was wrong
    }

    private ConditionsPatch Change(NodeSnapshot now, ImmutableArray<WantedCondition> wanted)
    {
        var at = time.GetUtcNow();
        return new ConditionsPatch
        {
            Status = new ConditionsChange
            {
                Conditions =
                [
                    .. wanted.Select(condition => new ConditionChange
                    {
                        Type = condition.Type,
                        Status = condition.Status,
                        Reason = condition.Reason,
                        Message = condition.Message,
                        LastHeartbeatTime = at,
                        LastTransitionTime = now.Conditions.GetValueOrDefault(condition.Type) is { } there && there.Status == condition.Status && there.LastTransitionTime is { } since ? since : condition.Since,
                    }),
                    .. npd.Stale(now).Select(type => new ConditionChange { Type = type, Directive = "delete" }),
                ],
            },
        };
    }

    private static bool SameStatuses(ImmutableArray<WantedCondition> one, ImmutableArray<WantedCondition> other) =>
        one.Length == other.Length && one.Zip(other).All(pair => pair.First.Type == pair.Second.Type && pair.First.Status == pair.Second.Status);
}
