using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.VendorHost;
using AIInfra.Linux.Systemd;

namespace AIInfra.Core.Remediation.Actions;

/// <summary>An action on a device that nobody may use meanwhile: pods are gone, services and the agent have let go, then the plan's moves, then the device must answer again.</summary>
/// <param name="name">reset-device, reset-pci, rescan-pci or reload-driver.</param>
/// <param name="planOf">What it takes for a whole device.</param>
/// <param name="refuse">See <see cref="Refuse"/>; null: it takes no arguments.</param>
internal sealed class ResetDevice(
    string name, Func<ActionStep, Device, VendorInventory, ResetPlan> planOf, Func<ImmutableArray<string>, string?>? refuse, HostSystem system, HostHands hands, ResetBoards boards, TimeProvider time) : IRemediationAction
{
    private static readonly TimeSpan CommandShare = TimeSpan.FromMinutes(4);

    private readonly ResetMoves _moves = new(system, hands, time);

    public string Name => name;
    public bool IsDisruptive => true;

    public string? Refuse(ImmutableArray<string> arguments) => refuse is not null ? refuse(arguments) : arguments.IsEmpty ? null : "are none: the device is the problem's";

    public Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        if (hands.Refusal is { } refusal)
            return Task.FromResult(Preparation.NotPossible(refusal));
        var (plan, vendor, whyNot) = Plan(planned);
        if (plan is null)
            return Task.FromResult(Preparation.NotPossible(whyNot));
        if (boards.Releases.Current.Value.ContainsKey(vendor))
            return Task.FromResult(Preparation.NotPossible($"{vendor} is released by an operator: `aiinfra-agent resume {vendor}` gives it back."));
        if (_moves.WhyNot(plan) is { } missing)
            return Task.FromResult(Preparation.NotPossible(missing));
        return Task.FromResult(new Preparation(null, [.. plan.Group.Select(device => device.Id)], _moves.Proof(planned, plan), [.. plan.Group.Select(device => $"{device.Model} {device.Id}"), .. Holders(plan)]));
    }

    public async Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        var (plan, vendor, whyNot) = Plan(planned);
        if (plan is null)
            return ActionResult.NotPossible(whyNot);
        if ((hands.Refusal ?? Occupied(plan)) is { } reason)
            return ActionResult.NotPossible(reason);
        if (!planned.ResetGroup.IsEmpty && !plan.Group.Select(device => device.Id).ToHashSet(StringComparer.Ordinal).SetEquals(planned.ResetGroup))
            return ActionResult.NotPossible($"What is reset together has changed since it was planned: {string.Join(", ", plan.Group.Select(device => device.Id))}.");
        var started = time.GetTimestamp();
        var (hold, why) = await DeviceHold.TakeAsync(system, boards, hands, vendor, plan, time, cancellationToken);
        if (hold is null)
            return ActionResult.NotPossible(why);
        ActionResult moved;
        await using (hold)
            moved = await _moves.RunAsync(planned, plan, CommandShare < planned.Deadline ? CommandShare : planned.Deadline, cancellationToken);
        if (moved.Outcome != ActionOutcome.Done)
            return moved;
        var left = planned.Deadline - time.GetElapsedTime(started);
        var answering = await AnswersAsync(plan, vendor, left, cancellationToken);
        foreach (var device in name == ReloadDriver.Name ? [] : plan.Group) // a driver that is loaded anew need not reset its devices
            boards.Health.ReportReset(Subject.Device(device.Id), moved.Says);
        return ActionResult.Done($"{moved.Says} {answering}");
    }

    public async Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        var (plan, vendor, whyNot) = Plan(planned);
        var result = plan is null ? ActionResult.Unknown(whyNot) : await _moves.ResolveAsync(planned, plan, cancellationToken);
        if (vendor.Length > 0 && boards.Releases.Resume(vendor))
            result = result with { Says = $"{result.Says} {vendor} was given back to the agent." };
        foreach (var service in plan?.Services ?? [])
            await StartAgainAsync(service, cancellationToken);
        return result;
    }

    /// <summary>One that starts with the host and does not run was stopped for the reset.</summary>
    private async Task StartAgainAsync(string service, CancellationToken cancellationToken)
    {
        try
        {
            if (await system.Units.GetAsync(service, cancellationToken) is { IsEnabled: true, Active: "inactive" })
                await system.Units.RunAsync(UnitJob.Start, service, TimeSpan.FromSeconds(60), cancellationToken);
        }
        catch (BusException)
        {
            // The probes of services tell of one that does not run.
        }
    }

    private (ResetPlan? Plan, string Vendor, string WhyNot) Plan(ActionStep planned)
    {
        var inventory = boards.Inventory.Current.Value;
        if (planned.Subject.Kind != SubjectKind.Device || inventory.Find(planned.Subject.Id) is not { } found)
            return (null, "", $"{planned.Subject} is no device that is known here.");
        var device = found.ParentId is { } parent ? inventory.Find(parent) ?? found : found;
        var plan = planOf(planned, device, inventory.Vendors.First(vendor => vendor.Vendor == device.Vendor));
        return plan.WhyNot is { } why ? (null, device.Vendor, why) : (plan, device.Vendor, "");
    }

    /// <summary>A pod on one of them, or not knowing it, stands in the way.</summary>
    private string? Occupied(ResetPlan plan)
    {
        if (!boards.HasPods)
            return null;
        var pods = boards.Pods.Current.Value;
        return !pods.IsKnown ? $"Who holds the devices is not known: {pods.Reason}"
            : Holders(plan) is { IsEmpty: false } holders ? $"Pods hold what would be reset: {string.Join(", ", holders)}." : null;
    }

    private ImmutableArray<string> Holders(ResetPlan plan)
    {
        var holders = boards.Pods.Current.Value.ByDevice(boards.Offers.Current.Value);
        var ids = plan.Group.Select(device => device.Id).ToHashSet(StringComparer.Ordinal);
        return [.. boards.Inventory.Current.Value.Devices.Where(device => ids.Contains(device.Id) || (device.ParentId is { } parent && ids.Contains(parent)))
            .SelectMany(device => holders.TryGetValue(device.Id, out var found) ? found : []).Select(holder => holder.ToString()).Distinct()];
    }

    private async Task<string> AnswersAsync(ResetPlan plan, string vendor, TimeSpan atMost, CancellationToken cancellationToken)
    {
        if (!boards.Releases.Served.Contains(vendor))
            return "";
        using var late = new CancellationTokenSource(atMost > TimeSpan.Zero ? atMost : TimeSpan.Zero, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            await foreach (var health in boards.Health.Current.WatchAsync(either.Token))
            {
                if (!health.Problems.Any(problem => problem.Id == VendorReleases.ProblemId && plan.Group.Any(device => problem.Subject.IsOn(device))))
                    break;
            }
            return "It answers again.";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"It has not answered within the {Math.Max(0, atMost.TotalSeconds):0} s left.";
        }
    }
}
