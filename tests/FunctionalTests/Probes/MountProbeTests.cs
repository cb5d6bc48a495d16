using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Health.Probes.Host;
using AIInfra.Core.Hosting;
using AIInfra.FunctionalTests.VendorHost;

namespace AIInfra.FunctionalTests.Probes;

/// <summary>A real FUSE file system that stops answering, against real children.</summary>
public sealed class MountProbeTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly VendorFolder _folder = new();
    private readonly ProbeChildren _children;
    private readonly HealthBoard _health = new(TimeProvider.System, "boot", []);
    private readonly ProbeRunner _runner;
    private readonly ProbeTracker _tracker;
    private FuseMount? _mount;

    public MountProbeTests()
    {
        _children = new ProbeChildren(_folder.Launcher, TimeProvider.System);
        var definition = MountProbe.Definition;
        var settings = ProbeSettings.DefaultsOf(definition) with { Limits = ImmutableDictionary<string, int>.Empty.Add("timeoutSeconds", 1) };
        _runner = new ProbeRunner(
            definition, settings, definition.Create(new ProbeParts { Host = new HostPaths { Proc = _folder.PathOf("proc"), Sys = "/sys" }, Time = TimeProvider.System, Children = _children, Limits = settings.Limits }),
            TimeProvider.System);
        _tracker = new ProbeTracker(definition, _health, TimeProvider.System);
    }

    public void Dispose()
    {
        _mount?.Dispose();
        _runner.Dispose();
        _children.Dispose();
        _health.Dispose();
        _folder.Dispose();
    }

    private FuseMount Mount()
    {
        var mount = FuseMount.TryMount(_folder.PathOf("jfs"));
        Assert.SkipWhen(mount is null, "this process may not mount a FUSE file system");
        WriteTable(mount.Point);
        return _mount = mount;
    }

    /// <summary>The host's table of mounts with nothing in it but this one.</summary>
    private void WriteTable(string point)
    {
        Directory.CreateDirectory(_folder.PathOf("proc/1"));
        File.WriteAllLines(_folder.PathOf("proc/1/mountinfo"), File.ReadLines("/proc/self/mountinfo").Where(line => line.Contains($" {point} ", StringComparison.Ordinal)));
    }

    private async Task<ProbeReport> LookAsync()
    {
        var report = await _runner.RunAsync(Stop).WaitAsync(Deadline, Stop);
        _tracker.Take(report);
        return report;
    }

    private Problem? Standing => _health.Current.Value.Problems.SingleOrDefault(problem => problem.Id == "mount.fuse");

    [Fact]
    public async Task A_file_system_that_stops_answering_is_a_problem_until_it_answers_again_and_its_askers_never_pile_up()
    {
        var mount = Mount();
        await LookAsync();
        Assert.Null(Standing);

        mount.FallSilent();
        var hung = await LookAsync();
        Assert.Equal(ProbeState.Done, hung.State);
        Assert.Equal((new Subject(SubjectKind.Mount, mount.Point), Severity.Degraded, SuggestedAction.RestartService), (Standing!.Subject, Standing.Severity, Standing.Action));
        Assert.Contains($"fuse.juicefs jfs:vol on {mount.Point}: no answer within 1 s", Standing.Evidence[0], StringComparison.Ordinal);
        Assert.Equal(1, _children.Stuck); // the request is with the server: not even a kill ends who waits for it

        for (var look = 0; look < 3; look++)
            await LookAsync();
        Assert.Equal((1, 1), (_children.Stuck, mount.Held)); // asked once, not once a look

        mount.Answer();
        await UntilAsync(() => _children.Stuck == 0);
        await LookAsync();
        Assert.NotNull(Standing); // one good look is not enough
        await LookAsync();
        Assert.Null(Standing);
        Assert.Contains("answered in", _health.Current.Value.Transitions[^1].Why, StringComparison.Ordinal);
        Assert.Empty(_folder.Processes());
    }

    [Fact]
    public async Task A_mount_whose_program_has_ended_is_told_at_once()
    {
        Mount().Die();

        await LookAsync();

        Assert.Contains("has lost the program or server behind it", Standing!.Message, StringComparison.Ordinal);
        Assert.Contains("statfs:", Standing.Evidence[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mount_that_is_gone_takes_its_problem_along()
    {
        Mount().Die();
        await LookAsync();
        Assert.NotNull(Standing);

        File.WriteAllText(_folder.PathOf("proc/1/mountinfo"), "22 1 0:21 / /proc rw - proc proc rw\n");
        await LookAsync();
        await LookAsync();

        Assert.Null(Standing);
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limit.CancelAfter(Deadline);
        while (!isSo())
            await Task.Delay(10, limit.Token);
    }
}
