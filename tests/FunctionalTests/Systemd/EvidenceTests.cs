using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Systemd;

[Collection(BootedSystem.Collection)]
public sealed class EvidenceTests(BootedSystem system) : IDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("evidence-");
    private readonly HealthBoard _health = new(TimeProvider.System, "boot-a", []);

    public void Dispose()
    {
        _health.Dispose();
        _state.Delete(recursive: true);
    }

    [Fact]
    public async Task A_bundle_holds_the_problem_the_units_last_lines_and_who_runs()
    {
        await system.Machine.AddServiceAsync("told", "ExecStart=/bin/sh -c 'echo the last words; exit 3'");
        await system.Machine.TryRunAsync("systemctl", "start", "told");
        await system.Machine.RunAsync("journalctl", "--sync");
        var subject = ActionRig.Unit("told.service");
        _health.Report(new ProblemReport
        {
            Id = "test.problem",
            Subject = subject,
            Severity = Severity.Degraded,
            Cause = Cause.Host,
            Action = SuggestedAction.RestartService,
            Clearing = Clearing.OnHealthyReading,
            Message = "It does not run.",
            Evidence = "status 3",
            At = TimeProvider.System.GetUtcNow(),
        });
        using var rig = new ActionRig(system.Machine);
        var collector = new EvidenceCollector(rig.System, rig.Hands, _health, _state.FullName, TimeProvider.System);

        var folder = await collector.CollectAsync(ActionRig.Step("restart-unit", subject), Stop);

        Assert.NotNull(folder);
        Assert.Contains("It does not run.", await File.ReadAllTextAsync(Path.Combine(folder, "problems.json"), Stop), StringComparison.Ordinal);
        Assert.Contains("the last words", await File.ReadAllTextAsync(Path.Combine(folder, "unit.txt"), Stop), StringComparison.Ordinal);
        Assert.Contains("told.service", await File.ReadAllTextAsync(Path.Combine(folder, "status.txt"), Stop), StringComparison.Ordinal);
        Assert.Contains("systemd", await File.ReadAllTextAsync(Path.Combine(folder, "processes.txt"), Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_systemd_what_is_missing_is_named_and_only_the_newest_bundles_stay()
    {
        var host = new HostPaths { Root = _state.FullName };
        using var none = new HostSystem(host, TimeProvider.System);
        var collector = new EvidenceCollector(none, new HostHands(host, isUnderTest: true), _health, _state.FullName, TimeProvider.System);
        string? last = null;

        for (var number = 0; number < EvidenceCollector.Kept + 3; number++)
            last = await collector.CollectAsync(ActionRig.Step("reset-device", Subject.Device("GPU-1")), Stop);

        Assert.Equal(EvidenceCollector.Kept, Directory.GetDirectories(Path.Combine(_state.FullName, "evidence")).Length);
        Assert.Equal("journalctl is not there on the host.\n", await File.ReadAllTextAsync(Path.Combine(last!, "kernel.txt"), Stop));
        Assert.True(File.Exists(Path.Combine(last!, "nvidia-smi.txt")));
    }
}
