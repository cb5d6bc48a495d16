using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Hosting;
using AIInfra.Core.VendorHost;
using AIInfra.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.UnitTests.Probes;

public sealed class ProbeWorkerTests : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1), Deadline = TimeSpan.FromSeconds(30);

    private readonly ManualTime _time = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly HealthBoard _health;
    private readonly ProbeBoard _board = new();
    private readonly WorkerBoard _parts = new();
    private readonly ProbeChildren _children;
    private readonly ScriptedProbe _one = new(), _two = new();
    private readonly ProbeWorker _worker;

    public ProbeWorkerTests()
    {
        _health = new HealthBoard(_time, "boot", []);
        _children = new ProbeChildren(new VendorHostLauncher("/nowhere/agent", []), _time);
        var off = ImmutableDictionary<string, ProbeSettings>.Empty.Add("off", new ProbeSettings(false, Interval, ImmutableDictionary<string, int>.Empty));
        _worker = new ProbeWorker(
            new ProbeSetup([Define("one", _one), Define("two", _two), Define("off", new ScriptedProbe())], off, new ProbeParts { Host = new HostPaths { Root = "/nowhere" }, Time = _time, Children = _children }),
            _health, _board, _parts, _time, NullLogger<ProbeWorker>.Instance);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _worker.Dispose();
        _children.Dispose();
        _health.Dispose();
        _stop.Dispose();
    }

    private sealed class ScriptedProbe : Probe
    {
        public bool IsBroken { get; set; }
        public int Looks { get; private set; }

        public override Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
        {
            Looks++;
            return IsBroken ? throw new FormatException("odd") : Task.FromResult(ProbeRound.Of([ProbeResult.Healthy("x.y", Subject.Node, "well")]));
        }
    }

    private static ProbeDefinition Define(string name, Probe probe) => new(name, "", Interval, _ => probe) { Problems = ["x.y"] };

    private async Task<ProbeReport> ReportAsync(string name, Func<ProbeReport, bool> isWanted)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Deadline);
        await foreach (var reports in _board.Current.WatchAsync(limit.Token))
        {
            if (reports.TryGetValue(name, out var report) && isWanted(report))
                return report;
        }
        throw new InvalidOperationException("never");
    }

    [Fact]
    public async Task First_looks_are_spread_and_then_each_probe_keeps_its_interval()
    {
        var run = _worker.RunAsync(_stop.Token);
        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(7.5));
        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(15));
        Assert.Equal(ProbeState.Waiting, _board.Current.Value["one"].State);

        _time.Advance(TimeSpan.FromSeconds(7.5));
        await _time.WhenWaitingAsync(Interval);
        Assert.Equal((1, 0), (_one.Looks, _two.Looks));
        _time.Advance(TimeSpan.FromSeconds(7.5));
        await _time.WhenWaitingAsync(Interval);
        Assert.Equal((1, 1), (_one.Looks, _two.Looks));
        Assert.Equal((ProbeState.Off, "health.probes.off.enabled is false"), (_board.Current.Value["off"].State, _board.Current.Value["off"].Detail));

        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.WaitAsync(Deadline, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_probe_that_is_broken_is_a_part_that_is_not_ready_until_it_works()
    {
        _one.IsBroken = true;
        await _worker.RunNowAsync(["one"], null, TestContext.Current.CancellationToken);
        Assert.Equal("FormatException: odd; what it looks at is not known, and what it raised before stands.", _parts.Parts["probe one"].Detail);
        Assert.False(_parts.IsReady);

        _one.IsBroken = false;
        await _worker.RunNowAsync(["one"], null, TestContext.Current.CancellationToken);
        Assert.False(_parts.Parts.ContainsKey("probe one"));
        Assert.Equal(ProbeState.Done, (await ReportAsync("one", report => report.At is not null)).State);
    }

    [Fact]
    public async Task On_demand_those_that_are_switched_on_look_once_and_each_is_told_as_it_ends()
    {
        var told = new Told();

        var reports = await _worker.RunNowAsync(null, told, TestContext.Current.CancellationToken);

        Assert.Equal(["one", "two"], reports.Select(report => report.Name));
        Assert.Equal(["one", "two"], told.Names.Order());
    }

    [Theory]
    [InlineData(0, 500, 60)] // the first look is compiled
    [InlineData(10, 500, 60)]
    [InlineData(60, 30, 100)] // 30 ms at 0.03 % of a core
    [InlineData(5000, 5000, 600)]
    public void A_probe_that_costs_too_much_looks_less_often(int before, int spent, int waitSeconds) => Assert.Equal(
        waitSeconds, ProbeWorker.WaitAfter(Interval, TimeSpan.FromMilliseconds(before), TimeSpan.FromMilliseconds(spent)).TotalSeconds, 0.001);

    private sealed class Told : IProgress<ProbeReport>
    {
        public System.Collections.Concurrent.ConcurrentQueue<string> Names { get; } = [];
        public void Report(ProbeReport value) => Names.Enqueue(value.Name);
    }
}
