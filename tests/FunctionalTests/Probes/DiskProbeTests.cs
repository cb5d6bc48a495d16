using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Health.Probes.Host;
using AIInfra.Core.Hosting;
using AIInfra.FunctionalTests.VendorHost;

namespace AIInfra.FunctionalTests.Probes;

/// <summary>Disks through tools that are scripts, run for real.</summary>
public sealed class DiskProbeTests : IDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly VendorFolder _folder = new();
    private readonly ProbeChildren _children;
    private readonly HealthBoard _health = new(TimeProvider.System, "boot", []);
    private readonly ProbeRunner _runner;
    private readonly ProbeTracker _tracker;

    public DiskProbeTests()
    {
        _children = new ProbeChildren(_folder.Launcher, TimeProvider.System);
        Directory.CreateDirectory(_folder.PathOf("sys/block/sda"));
        Directory.CreateDirectory(_folder.PathOf("sys/block/loop0"));
        Directory.CreateDirectory(_folder.PathOf("sys/class/nvme/nvme0"));
        var definition = DiskProbe.Definition;
        _runner = new ProbeRunner(definition, ProbeSettings.DefaultsOf(definition), definition.Create(new ProbeParts
        {
            Host = new HostPaths { Root = _folder.Path, Dev = "/dev" },
            Time = TimeProvider.System,
            Children = _children,
            ToolFolders = [_folder.PathOf("bin")],
        }), TimeProvider.System);
        _tracker = new ProbeTracker(definition, _health, TimeProvider.System);
    }

    public void Dispose()
    {
        _runner.Dispose();
        _children.Dispose();
        _health.Dispose();
        _folder.Dispose();
    }

    private void Tool(string name, string script)
    {
        Directory.CreateDirectory(_folder.PathOf("bin"));
        File.WriteAllText(_folder.PathOf($"bin/{name}"), $"#!/bin/sh\necho \"$@\" >> {_folder.PathOf("asked")}\n{script}\n");
        File.SetUnixFileMode(_folder.PathOf($"bin/{name}"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private async Task<ProbeReport> LookAsync()
    {
        var report = await _runner.RunAsync(Stop).WaitAsync(TimeSpan.FromSeconds(30), Stop);
        _tracker.Take(report);
        return report;
    }

    [Fact]
    public async Task Without_tools_there_is_nothing_to_look_at() => Assert.Equal((ProbeState.NotHere, "neither smartctl nor nvme is installed"), ((await LookAsync()) is var report ? (report.State, report.Detail) : default));

    [Fact]
    public async Task Each_disk_is_asked_by_its_tool_and_what_it_says_is_a_problem_until_it_says_otherwise()
    {
        Tool("smartctl", """echo '{"smart_status":{"passed":false}}'; exit 8""");
        Tool("nvme", """echo '{"critical_warning":8,"avail_spare":50,"spare_thresh":10,"percent_used":3,"media_errors":1}'""");
        await LookAsync();

        Assert.Equal(["--json --health --attributes --nocheck=standby /dev/sda", "smart-log /dev/nvme0 --output-format=json"], await File.ReadAllLinesAsync(_folder.PathOf("asked"), Stop));
        Assert.Equal(
            [("disk.bad-sectors", "sda", SuggestedAction.Replace, "self-assessment FAILED"), ("disk.nvme.health", "nvme0", SuggestedAction.Replace, "critical warning 0x08, 50 % spare, 3 % of its life used, 1 media errors in its life")],
            _health.Current.Value.Problems.Select(problem => (problem.Id, problem.Subject.Id, problem.Action, problem.Evidence[0])));

        Tool("smartctl", """echo '{"smart_status":{"passed":true}}'""");
        Tool("nvme", """echo '{"critical_warning":0,"avail_spare":50,"spare_thresh":10,"percent_used":3,"media_errors":1}'""");
        await LookAsync();
        Assert.Empty(_health.Current.Value.Problems);
    }

    [Fact]
    public async Task New_media_errors_are_an_event_that_a_good_reading_does_not_end()
    {
        Tool("nvme", """echo '{"critical_warning":0,"media_errors":1}'""");
        await LookAsync();
        Tool("nvme", """echo '{"critical_warning":0,"media_errors":4}'""");
        await LookAsync();
        await LookAsync();

        var problem = Assert.Single(_health.Current.Value.Problems);
        Assert.Equal(("3 new media errors, 4 in its life", ClearingKind.Quiet), (problem.Evidence[0], problem.Clearing.Kind));
    }

    [Fact]
    public async Task A_tool_that_talks_nonsense_leaves_the_disk_unknown()
    {
        Tool("smartctl", "echo Permission denied; exit 2");
        var report = await LookAsync();

        Assert.Equal((ProbeAnswer.Unknown, "smartctl says nothing of its health"), (report.Results.Single(result => result.Subject.Id == "sda").Answer, report.Results[0].Evidence));
        Assert.Empty(_health.Current.Value.Problems);
    }
}
