using System.Collections.Immutable;
using AIInfra.Linux.Systemd;

namespace AIInfra.Core.Remediation.Actions;

/// <summary><c>reboot [allow-sysrq]</c>: boots the host through logind, so that inhibitors are asked and the kubelet ends its pods; without logind through systemd; and only
/// where the policy says so by the kernel's sysrq, which asks nobody. Proved by the boot id.</summary>
/// <remarks>Once the host takes it, this does not return while the agent is ended with it: the intent stays in the journal and the next boot's id resolves it.</remarks>
internal sealed class Reboot(HostSystem system, HostHands hands, TimeProvider time) : IRemediationAction
{
    private const string AllowSysrq = "allow-sysrq";
    private static readonly TimeSpan SysrqPause = TimeSpan.FromSeconds(2), SysrqPatience = TimeSpan.FromSeconds(30), StartPatience = TimeSpan.FromSeconds(20);

    public string Name => "reboot";
    public bool IsDisruptive => true;

    public string? Refuse(ImmutableArray<string> arguments) => arguments is [] or [AllowSysrq] ? null : $"are none, or {AllowSysrq}";

    public async Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        if (hands.Refusal is { } refusal)
            return Preparation.NotPossible(refusal);
        var bootId = hands.Host.ReadBootId();
        if (bootId.Length == 0)
            return Preparation.NotPossible($"The host's boot id cannot be read below {hands.Host.Proc}: a boot could not be told from none.");
        var proof = new ActionProof(ProofKind.BootId, bootId);
        try
        {
            var inhibitors = await system.Logind.InhibitorsAsync(cancellationToken);
            ImmutableArray<string> delays = [.. inhibitors.Where(one => one.DelaysShutdown).Select(one => $"{one.Who} delays it: {one.Why}")];
            var blocks = inhibitors.Where(one => one.BlocksShutdown).Select(one => $"{one.Who} (process {one.Process}: {one.Why})").ToList();
            return blocks.Count > 0
                ? Preparation.NotPossible($"A boot is blocked by {string.Join(", ", blocks)}. It can be booted when that has ended.")
                : new Preparation(null, [], proof, delays);
        }
        catch (BusException fault) when (fault.Fate != BusFate.Unknown)
        {
            return await SystemdAnswersAsync(cancellationToken) || CanSysrq(planned) ? Preparation.Ready(proof)
                : Preparation.NotPossible($"{fault.Message} The host cannot be booted.");
        }
        catch (BusException fault)
        {
            return CanSysrq(planned) ? Preparation.Ready(proof) : Preparation.NotPossible($"{fault.Message} The host cannot be booted in order; {AllowSysrq} would boot it all the same.");
        }
    }

    public async Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        if (hands.Refusal is { } refusal)
            return ActionResult.NotPossible(refusal);
        var started = time.GetTimestamp();
        var (way, result) = await AskAsync(planned, cancellationToken);
        if (result is not null)
            return result;
        var left = (planned.Deadline * 0.9) - time.GetElapsedTime(started); // before the engine's own deadline
        await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, cancellationToken); // ended with the host
        if (!CanSysrq(planned))
            return ActionResult.Unknown($"The host took a boot by {way} and still runs after {planned.Deadline.TotalMinutes:0.#} min: its shutdown hangs.");
        await SysrqAsync(cancellationToken);
        return ActionResult.Unknown($"The host took a boot by {way}, hung in its shutdown, and did not boot by sysrq either.");
    }

    /// <summary>The way in which the host took it; or what came instead.</summary>
    private async Task<(string Way, ActionResult? Result)> AskAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        try
        {
            await system.Logind.RebootAsync(cancellationToken);
            return ("logind", null);
        }
        catch (BusException fault) when (fault.Error == Logind.Blocked)
        {
            return ("", ActionResult.NotPossible(fault.Message));
        }
        catch (BusException fault) when (fault.Fate == BusFate.Unknown)
        {
            return ("logind, which did not answer", null);
        }
        catch (BusException)
        {
            // No logind here, or none that boots.
        }
        try
        {
            await system.Units.RebootAsync(StartPatience, cancellationToken);
            return ("systemd", null);
        }
        catch (BusException fault) when (fault.Fate == BusFate.Unknown)
        {
            return ("systemd, which did not answer", null);
        }
        catch (BusException fault)
        {
            if (!CanSysrq(planned))
                return ("", ActionResult.NotPossible(fault.Message));
        }
        await SysrqAsync(cancellationToken);
        return ("sysrq", null);
    }

    public Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        var now = hands.Host.ReadBootId();
        return Task.FromResult(now.Length > 0 && planned.Proof.Before.Length > 0 && now != planned.Proof.Before
            ? ActionResult.Done($"The host has booted: boot {now}, before {planned.Proof.Before}.")
            : ActionResult.Unknown("The agent started anew and the host has not booted since: whether a boot was asked for is not known."));
    }

    private async Task<bool> SystemdAnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await system.Units.GetAsync("reboot.target", cancellationToken)).Load == "loaded";
        }
        catch (BusException)
        {
            return false;
        }
    }

    private bool CanSysrq(ActionStep planned) => planned.Arguments.Contains(AllowSysrq) && File.Exists(SysrqFile);

    private string SysrqFile => Path.Combine(hands.Host.Proc, "sysrq-trigger");

    /// <summary>Sync, remount read-only, boot: see sysrq.rst of the kernel's documentation.</summary>
    private async Task SysrqAsync(CancellationToken cancellationToken)
    {
        foreach (var letter in (string[])["s", "u", "b"])
        {
            hands.Write(SysrqFile, letter);
            await Task.Delay(SysrqPause, time, cancellationToken);
        }
        await Task.Delay(SysrqPatience, time, cancellationToken);
    }
}
