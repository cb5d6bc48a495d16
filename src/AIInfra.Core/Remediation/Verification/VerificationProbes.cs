using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Linux.Systemd;

namespace AIInfra.Core.Remediation.Verification;

/// <summary>systemd says that the unit which was restarted runs.</summary>
internal sealed class UnitActive(HostSystem system) : IVerificationProbe
{
    public const string ProbeName = "unit-active";

    public string Name => ProbeName;

    public async Task<Verdict> CheckAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        if (RestartUnit.UnitOf(planned) is not { } unit)
            return new Verdict(VerdictKind.Bad, "There is no unit to look at.");
        try
        {
            var state = await system.Units.GetAsync(unit, cancellationToken);
            return state.Active switch
            {
                "active" => new Verdict(VerdictKind.Good, $"{unit} is active ({state.Sub})."),
                "failed" => new Verdict(VerdictKind.Bad, $"{unit} has failed again ({state.Result})."),
                _ => new Verdict(VerdictKind.NotYet, $"{unit} is {state.Active} ({state.Sub})."),
            };
        }
        catch (BusException fault)
        {
            return new Verdict(VerdictKind.NotYet, fault.Message);
        }
    }
}

/// <summary>The driver lists every device that was reset, and none of them is lost, released or silent.</summary>
internal sealed class DeviceAnswers(InventoryBoard inventory, HealthBoard health) : IVerificationProbe
{
    public const string ProbeName = "device-answers";
    private const string VendorProblems = "vendor.";

    public string Name => ProbeName;

    public Task<Verdict> CheckAsync(ActionStep planned, CancellationToken cancellationToken) => Task.FromResult(Check(planned));

    private Verdict Check(ActionStep planned)
    {
        var ids = planned.ResetGroup.IsEmpty ? [planned.Subject.Id] : planned.ResetGroup;
        foreach (var id in ids)
        {
            if (inventory.Current.Value.Find(id) is not { } device)
                return new Verdict(VerdictKind.NotYet, $"Device {id} is not listed.");
            var vendor = inventory.Current.Value.Vendors.First(one => one.Vendor == device.Vendor);
            if (vendor.State != VendorState.Ready)
                return new Verdict(VerdictKind.NotYet, $"The driver of {device.Vendor} does not answer yet. {vendor.Reason}");
            if (health.Current.Value.Problems.FirstOrDefault(problem => problem.Subject.IsOn(device) && problem.Id.StartsWith(VendorProblems, StringComparison.Ordinal)) is { } silent)
                return new Verdict(VerdictKind.NotYet, $"{silent.Id} stands on device {id}.");
        }
        return new Verdict(VerdictKind.Good, ids.Length == 1 ? "The device answers." : $"{ids.Length} devices answer.");
    }
}

/// <summary>The kernel runs another boot than when the step was planned.</summary>
internal sealed class Booted(HostHands hands) : IVerificationProbe
{
    public const string ProbeName = "booted";

    public string Name => ProbeName;

    public Task<Verdict> CheckAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        var now = hands.Host.ReadBootId();
        return Task.FromResult(now.Length == 0 ? new Verdict(VerdictKind.NotYet, "The boot id cannot be read.")
            : now == planned.BootId ? new Verdict(VerdictKind.Bad, $"The host has not booted: it runs boot {now} still.")
            : new Verdict(VerdictKind.Good, $"The host runs boot {now}."));
    }
}

/// <summary>A test of the policy: a program of the host, once for each step.</summary>
internal sealed class ProgramPasses(PolicyTest test, HostSystem system) : IVerificationProbe
{
    public string Name => test.Name;

    public async Task<Verdict> CheckAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        try
        {
            var result = await system.Commands.RunAsync($"{planned.Id}-test-{test.Name}", test.Run, test.Within, cancellationToken);
            return result.IsSuccess ? new Verdict(VerdictKind.Good, $"Test {test.Name} passed.")
                : new Verdict(VerdictKind.Bad, $"Test {test.Name} did not pass: {(result.IsTimeout ? $"it took longer than {PolicyTime.Show(test.Within)}" : $"status {result.Status} ({result.Result})")}. {RunCommand.Short(result.Output)}".TrimEnd());
        }
        catch (BusException fault)
        {
            return new Verdict(fault.Fate == BusFate.NotSent ? VerdictKind.NotYet : VerdictKind.Bad, $"Test {test.Name}: {fault.Message}");
        }
    }
}

/// <summary>Names of the probes that a policy may name.</summary>
public static class VerificationNames
{
    public static IReadOnlySet<string> BuiltIn { get; } = new HashSet<string>(StringComparer.Ordinal) { UnitActive.ProbeName, DeviceAnswers.ProbeName, Booted.ProbeName };
}
