using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Core.Remediation.Journal;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Remediation;

/// <summary>One random history of a node with the real engine, journal, resolver, grants and reboot: faults come, steps succeed, fail or are cut by the end of the agent.
/// Says what was broken; null for nothing. What is planted is wrong in what they work with, or stands between two of them.</summary>
internal sealed class EngineModel(int seed, Planted planted) : IAsyncDisposable
{
    private static readonly RemediationPolicy Policy = Read(3, "30m", "10m");

    private readonly Random _random = new(seed);
    private readonly EngineRig _rig = new() { Policy = Given(planted) };
    private readonly HashSet<string> _acted = [], _booted = [];
    private readonly List<(DateTimeOffset At, string Operation, string Key, bool IsDisruptive)> _starts = [];
    private readonly Dictionary<string, byte[]> _saved = [];
    private readonly List<Task> _looked = [];
    private CancellationTokenSource _end = new();
    private HostSystem? _system;
    private int _boot = 1;
    private ModelGrant? _grant;
    private string? _broken;

    public async ValueTask DisposeAsync()
    {
        _end.Dispose();
        _system?.Dispose();
        await _rig.DisposeAsync();
    }

    public async Task<string?> RunAsync()
    {
        Prepare();
        for (var tick = 0; tick < 25 && _broken is null; tick++)
        {
            _rig.Time.Advance(TimeSpan.FromMinutes(_random.Next(1, 90)));
            Disturb();
            for (var turn = 0; turn < 3 && _broken is null; turn++)
            {
                await TurnAsync();
                _rig.Time.Advance(TimeSpan.FromSeconds(1));
            }
        }
        return _broken;
    }

    private static RemediationPolicy Read(int budget, string cooldown, string spacing)
    {
        var (policy, errors) = PolicyReader.Read("model", $$"""
            limits: { disruptive: {{budget}}, disruptiveWindow: 2d, spacing: {{spacing}}, repeatsPerDay: 100 }
            ladders:
              - { name: boot, actions: [reboot], rungs: [{ do: reboot, arguments: [allow-sysrq], attempts: 9, cooldown: {{cooldown}}, stable: 0s, verifyWithin: 1m }] }
              - { name: reset, actions: [reset-device], rungs: [{ do: reset-device, attempts: 9, cooldown: {{cooldown}}, stable: 0s, verifyWithin: 1m }] }
              - { name: unit, actions: [restart-service], rungs: [{ do: restart-unit, attempts: 9, cooldown: {{cooldown}}, stable: 0s, verifyWithin: 1m }] }
            """, TestActions.All, TestActions.Probes);
        Assert.Empty(errors);
        return policy;
    }

    private static RemediationPolicy Given(Planted planted) => planted switch
    {
        Planted.OffByOneBudget => Read(4, "30m", "10m"),
        Planted.CooldownIgnored => Read(3, "0s", "0s"),
        _ => Policy,
    };

    private void Prepare()
    {
        Directory.CreateDirectory(_rig.Combine("host/proc/sys/kernel/random"));
        File.WriteAllText(_rig.Combine("host/proc/sysrq-trigger"), "");
        WriteBootId();
        var hands = new HostHands(new HostPaths { Root = _rig.Combine("host") }, isUnderTest: true);
        _system = new HostSystem(hands.Host, _rig.Time);
        _rig.Others.Add(new ModelReboot(new Reboot(_system, hands, _rig.Time), this));
        foreach (var name in (string[])["reset-device", "restart-unit"])
        {
            _rig.Actions[name].Prepares = _ =>
            {
                Save();
                return Preparation.Ready(new ActionProof(ProofKind.Level, ""));
            };
            _rig.Actions[name].Runs = (step, stop) => ActAsync(step, () => { }, stop);
            _rig.Actions[name].Resolves = step => planted == Planted.RepeatAfterCrash ? Again(step) : _random.Next(2) == 0 ? ActionResult.Unknown("no proof") : ActionResult.Failed("it is not so");
        }
        _rig.Grants.Add(new ModelGrants(this));
        _rig.DuringEvidence = () => _rig.Time.Advance(TimeSpan.FromMinutes(_random.Next(3) == 0 ? 40 : 0)); // longer than a grant is good for
    }

    private void WriteBootId() => File.WriteAllText(_rig.Combine("host/proc/sys/kernel/random/boot_id"), $"boot-{_boot}\n");

    private void Disturb()
    {
        foreach (var problem in _rig.Health.Current.Value.Problems.Where(_ => _random.Next(3) == 0))
            _rig.Health.Clear(problem.Id, problem.Subject); // what failed is tried again when it comes anew
        if (_random.Next(2) == 0)
            _rig.Report("model.reset", Subject.Device(TestGpus.Id(_random.Next(2))), SuggestedAction.ResetDevice, Clearing.AfterQuiet(TimeSpan.FromDays(9)));
        if (_random.Next(3) == 0)
            _rig.Report("model.boot", Subject.Node, SuggestedAction.Reboot, Clearing.AfterQuiet(TimeSpan.FromDays(9)));
        if (_random.Next(2) == 0)
            _rig.Report("model.unit", new Subject(SubjectKind.Unit, "kubelet"), SuggestedAction.RestartService, Clearing.AfterQuiet(TimeSpan.FromDays(9)));
    }

    private async Task TurnAsync()
    {
        while (!await TurnsAsync())
        {
            var boot = _booted.Count + 1;
            _end.Dispose();
            _end = new CancellationTokenSource();
            _rig.Restart(boot == _boot ? null : $"boot-{boot}");
            _boot = boot;
            if (planted == Planted.LostJournalSync)
                PutBack();
        }
        var history = _rig.View.History;
        if (history.Records.FirstOrDefault(record => _booted.Contains(record.Step.Id) && record.Result is { Outcome: not ActionOutcome.Done }) is { } unseen)
            _broken ??= $"a boot that happened was not seen: {unseen.Result!.Says}";
        if (history.Open is { Last.NeedsPerson: true } unknown && _random.Next(2) == 0)
            _looked.Add(_rig.Orders.AcknowledgeAsync(unknown.Id)); // taken up by the next turn
    }

    /// <returns>False when the agent has ended in it.</returns>
    private async Task<bool> TurnsAsync()
    {
        try
        {
            await _rig.TurnAsync(_end.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<ActionResult> ActAsync(ActionStep step, Action happens, CancellationToken stop)
    {
        var end = _random.Next(6);
        if (end == 0)
            await EndAsync(stop); // before it began
        _broken ??= Begun(step);
        happens();
        if (end == 1 || step.Action == "reboot")
            await EndAsync(stop);
        if (_random.Next(3) == 0)
            return ActionResult.Failed("failed");
        _rig.Health.Clear(step.ProblemId, step.Subject);
        return ActionResult.Done("done");
    }

    private async Task EndAsync(CancellationToken stop)
    {
        await _end.CancelAsync();
        stop.ThrowIfCancellationRequested();
    }

    private ActionResult Again(ActionStep step)
    {
        _broken ??= Begun(step);
        return ActionResult.Done("done again");
    }

    /// <summary>The limits, counted from what was really begun, by the policy that the operator wrote.</summary>
    private string? Begun(ActionStep step)
    {
        var (at, isDisruptive) = (_rig.Time.GetUtcNow(), step.Action != "restart-unit");
        if (!_acted.Add(step.Id))
            return $"step {step.Id} ({step.Action}) was done twice";
        if (isDisruptive && _grant is null)
            return $"{step.Action} without a grant";
        if (isDisruptive && (_grant!.Operation != step.Operation || at >= _grant.Ends))
            return $"{step.Action} without a grant that holds";
        var rung = Policy.Ladders.SelectMany(ladder => ladder.Rungs).First(rung => rung.Action == step.Action);
        var key = $"{step.Action} {step.Subject}";
        if (_starts.LastOrDefault(start => start.Key == key) is { Key: not null } same && at - same.At < rung.Cooldown)
            return $"cooldown of {key}";
        var disruptive = _starts.Where(start => start.IsDisruptive).ToList();
        if (isDisruptive && disruptive.Count(start => at - start.At < Policy.Limits.DisruptiveWindow) >= Policy.Limits.Disruptive)
            return "the budget of disruptive operations";
        if (isDisruptive && disruptive.Count > 0 && at - disruptive[^1].At < Policy.Limits.Spacing)
            return "the spacing of disruptive operations: cooldown of the node";
        _starts.Add((at, step.Operation, key, isDisruptive));
        return null;
    }

    private IEnumerable<string> JournalFiles => Directory.EnumerateFiles(_rig.State, RemediationJournal.FileName + "*");

    private void Save()
    {
        if (planted != Planted.LostJournalSync)
            return;
        _saved.Clear();
        foreach (var file in JournalFiles)
            _saved[file] = File.ReadAllBytes(file);
    }

    /// <summary>As a disk does that said it had synced and had not.</summary>
    private void PutBack()
    {
        foreach (var file in JournalFiles.ToList())
            File.Delete(file);
        foreach (var (file, bytes) in _saved)
            File.WriteAllBytes(file, bytes);
    }

    /// <summary>The real one looks before and after; that the host boots is played.</summary>
    private sealed class ModelReboot(Reboot real, EngineModel model) : IRemediationAction
    {
        public string Name => real.Name;
        public bool IsDisruptive => real.IsDisruptive;

        public string? Refuse(ImmutableArray<string> arguments) => real.Refuse(arguments);

        public Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken)
        {
            model.Save();
            return real.PrepareAsync(planned, cancellationToken);
        }

        public Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken) => model.ActAsync(planned, () =>
        {
            model._booted.Add(planned.Id);
            model.BootNext();
        }, cancellationToken);

        public Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken) => real.ResolveAsync(
            model.Stale ? planned with { Proof = planned.Proof with { Before = $"boot-{model._boot}" } } : planned, cancellationToken);
    }

    private bool Stale => planted == Planted.StaleBootId;

    private void BootNext() => File.WriteAllText(_rig.Combine("host/proc/sys/kernel/random/boot_id"), $"boot-{_booted.Count + 1}\n");

    private sealed record ModelGrant(EngineModel Model, string Operation, DateTimeOffset Ends) : IGrant
    {
        public CancellationToken Lost => CancellationToken.None;
        public bool IsHeld => Model.Lies || Model._rig.Time.GetUtcNow() < Ends;

        public ValueTask DisposeAsync()
        {
            Model._grant = null;
            return ValueTask.CompletedTask;
        }
    }

    private bool Lies => planted == Planted.ExpiredGrant;

    private sealed class ModelGrants(EngineModel model) : IGrants
    {
        public Task<GrantAnswer> AskAsync(GrantRequest request, CancellationToken cancellationToken) => Task.FromResult(model._random.Next(5) == 0
            ? GrantAnswer.Refused("another node holds it.") : new GrantAnswer(model._grant = new ModelGrant(model, request.Operation, model._rig.Time.GetUtcNow().AddMinutes(30)), "granted."));
    }
}

public sealed class EngineModelTests
{
    private const int Seeds = 40;

    [Fact]
    public async Task Random_histories_of_the_real_engine_break_no_limit_and_do_nothing_twice()
    {
        for (var seed = 0; seed < Seeds; seed++)
            Assert.True(await RunAsync(seed, Planted.Nothing) is not { } broken, $"seed {seed}: {await RunAsync(seed, Planted.Nothing)}");
    }

    [Theory]
    [InlineData(Planted.OffByOneBudget, "budget")]
    [InlineData(Planted.LostJournalSync, "twice")]
    [InlineData(Planted.StaleBootId, "not seen")]
    [InlineData(Planted.RepeatAfterCrash, "twice")]
    [InlineData(Planted.CooldownIgnored, "cooldown")]
    [InlineData(Planted.ExpiredGrant, "without a grant")]
    public async Task What_is_planted_between_the_real_parts_is_caught(Planted bug, string says)
    {
        var caught = false;
        for (var seed = 0; seed < Seeds && !caught; seed++)
            caught = (await RunAsync(seed, bug))?.Contains(says, StringComparison.Ordinal) == true;
        Assert.True(caught);
    }

    private static async Task<string?> RunAsync(int seed, Planted bug)
    {
        await using var model = new EngineModel(seed, bug);
        return await model.RunAsync();
    }
}
