using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Probes;

public sealed class ProbeRunnerTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly ManualTime _time = new();
    private readonly ScriptedProbe _probe = new();
    private readonly ProbeRunner _runner;

    public ProbeRunnerTests()
    {
        var definition = new ProbeDefinition("scripted", "", TimeSpan.FromMinutes(1), _ => _probe) { Problems = ["x.y"], Deadline = TimeSpan.FromSeconds(7) };
        _runner = new ProbeRunner(definition, ProbeSettings.DefaultsOf(definition), _probe, _time);
    }

    public void Dispose()
    {
        _probe.Gate.Set();
        _runner.Dispose();
        _probe.Dispose();
    }

    private sealed class ScriptedProbe : Probe, IDisposable
    {
        public ManualResetEventSlim Gate { get; } = new(true);
        public string? Fault { get; set; }
        public int Looks { get; private set; }

        public override Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
        {
            Looks++;
            Gate.Wait(Deadline, CancellationToken.None); // stuck in the kernel: deaf to any token
            return Fault is { } fault ? throw new FormatException(fault)
                : Task.FromResult(ProbeRound.Of([ProbeResult.Healthy("x.y", Subject.Node, "well")]));
        }

        public void Dispose() => Gate.Dispose();
    }

    [Fact]
    public async Task A_look_that_hangs_is_given_up_at_its_deadline_and_not_started_again_before_it_ends()
    {
        await _runner.RunAsync(Stop);
        _probe.Gate.Reset();
        var run = _runner.RunAsync(Stop);
        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(7));
        _time.Advance(TimeSpan.FromSeconds(7));

        var hung = await run.WaitAsync(Deadline, Stop);
        Assert.Equal((ProbeState.Hung, "it did not end within 7 s", 1), (hung.State, hung.Detail, hung.Results.Length));
        Assert.Equal(ProbeState.Hung, (await _runner.RunAsync(Stop).WaitAsync(Deadline, Stop)).State);
        Assert.Equal(2, _probe.Looks);

        _probe.Gate.Set();
        await UntilDoneAsync();
    }

    [Fact]
    public async Task A_probe_that_throws_is_broken_and_works_again_when_it_does()
    {
        _probe.Fault = "what is this";
        var report = await _runner.RunAsync(Stop);
        Assert.Equal((ProbeState.Failed, "FormatException: what is this"), (report.State, report.Detail));

        _probe.Fault = null;
        Assert.Equal(ProbeState.Done, (await _runner.RunAsync(Stop)).State);
    }

    [Fact]
    public async Task Two_who_ask_at_once_get_two_looks_one_after_the_other()
    {
        await Task.WhenAll(_runner.RunAsync(Stop), _runner.RunAsync(Stop)).WaitAsync(Deadline, Stop);

        Assert.Equal(2, _probe.Looks);
    }

    /// <summary>The look that hung ends on its own thread.</summary>
    private async Task UntilDoneAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limit.CancelAfter(Deadline);
        while ((await _runner.RunAsync(limit.Token)).State != ProbeState.Done)
            await Task.Yield();
    }
}
