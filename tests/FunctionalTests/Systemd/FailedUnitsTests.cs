using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Health.Probes.Services;
using AIInfra.Core.Hosting;
using AIInfra.Core.VendorHost;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Systemd;

[Collection(BootedSystem.Collection)]
public sealed class FailedUnitsTests(BootedSystem system) : IDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly ActionRig _rig = new(system.Machine);
    private readonly HealthBoard _health = new(TimeProvider.System, "boot", []);
    private readonly ProbeChildren _children = new(new VendorHostLauncher("/nowhere/agent", []), TimeProvider.System);
    private BootedMachine Machine => system.Machine;

    public void Dispose()
    {
        _rig.Dispose();
        _health.Dispose();
        _children.Dispose();
    }

    private ProbeParts Parts(params string[] watched) => new() { Host = _rig.Host, Time = TimeProvider.System, Children = _children, Systemd = () => _rig.System.Units, WatchedUnits = [.. watched] };

    [Fact]
    public async Task A_unit_that_fails_is_told_with_why_and_is_over_when_it_runs_again()
    {
        await Machine.AddServiceAsync("seen-bad", "ExecStart=/bin/sh -c 'exit 7'");
        await Machine.AddServiceAsync("seen-well", "ExecStart=/bin/sleep 1000");
        await Machine.AddServiceAsync("not-seen", "ExecStart=/bin/sh -c 'exit 7'");
        await Machine.TryRunAsync("systemctl", "start", "seen-bad", "seen-well", "not-seen");
        await SystemdUnitsTests.EventuallyAsync(_rig.System.Units, "seen-bad.service", unit => unit.Active == "failed");
        var (probe, tracker) = (new FailedUnitsProbe(Parts("seen-*", "kubelet")), new ProbeTracker(FailedUnitsProbe.Definition, _health, TimeProvider.System));

        await LookAsync();
        var problem = Assert.Single(_health.Current.Value.Problems);
        Assert.Equal(("service.failed", new Subject(SubjectKind.Unit, "seen-bad"), SuggestedAction.RestartService), (problem.Id, problem.Subject, problem.Action));
        Assert.Contains("result exit-code, status 7", problem.Evidence[^1], StringComparison.Ordinal);

        await Machine.RunAsync("systemctl", "reset-failed", "seen-bad", "not-seen");
        await LookAsync();
        Assert.Empty(_health.Current.Value.Problems);
        await Machine.RunAsync("systemctl", "stop", "seen-well");

        async Task LookAsync() => tracker.Take(new ProbeReport("failedUnits", ProbeState.Done, null, TimeSpan.FromSeconds(10), TimeProvider.System.GetUtcNow(), default, (await probe.LookAsync(Stop)).Results));
    }

    [Fact]
    public async Task Without_a_bus_or_without_a_unit_to_watch_there_is_nothing_to_look_at()
    {
        Assert.Contains("health.watchedUnits is empty", (await new FailedUnitsProbe(Parts()).LookAsync(Stop)).NotHere, StringComparison.Ordinal);
        Assert.Contains("systemd cannot be asked", (await new FailedUnitsProbe(Parts("kubelet") with { Host = new HostPaths { Root = "/nowhere" } }).LookAsync(Stop)).NotHere, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kubelet", true)]
    [InlineData("web-*.service", true)]
    [InlineData("a b", false)]
    [InlineData("", false)]
    [InlineData("../x", false)]
    public void Names_of_units_are_checked(string name, bool isGood) => Assert.Equal(isGood, FailedUnitsProbe.IsPattern(name));
}
