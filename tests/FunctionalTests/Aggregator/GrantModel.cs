using System.Globalization;
using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;
using static AIInfra.FunctionalTests.Aggregator.TestFleet;

namespace AIInfra.FunctionalTests.Aggregator;

/// <summary>What a step of a random history does to one of the model's nodes.</summary>
public enum Act { Ask, AskOther, Renew, Release, Hear, Leave, Return, Cordon, Uncordon, Begin, Finish, Advance, AdvanceFar, Pause, Resume, CloseBreaker, Restart }

public readonly record struct Turn(Act Act, int Node, int By);

/// <summary>What a part of the ledger may do wrong. The model must notice each.</summary>
public enum PlantedGrantBug { Nothing, OffByOneBudget, OffByOneShare, RateIgnored, LostIgnored, BreakerIgnored, ShorterLifetime }

/// <summary>Runs one history against a real ledger, beside a plain account of the same fleet in memory that knows no database: each answer must be the one that the
/// account gives. So no budget is exceeded, and nobody is denied without a reason that holds.</summary>
internal sealed class GrantModel(TestFleet fleet, Func<TestFleet> restart)
{
    private const int Racks = 4, Nodes = 16, RackAllows = 2, SharePercent = 32, Starts = 4, BreakerPercent = 60, BreakerAtLeast = 5, SeenPercent = 50;
    private static readonly TimeSpan RateWindow = TimeSpan.FromMinutes(10), BreakerWindow = TimeSpan.FromMinutes(5), LostAfter = TimeSpan.FromSeconds(90), Lifetime = TimeSpan.FromMinutes(2);

    private sealed class Held
    {
        public required string Operation { get; init; }
        public required string Reason { get; set; }
        public string State { get; set; } = "held";
        public DateTimeOffset Given { get; set; }
        public DateTimeOffset Expires { get; set; }
        public DateTimeOffset Ended { get; set; }
        public GrantDecision? Decision { get; set; }
    }

    private sealed class Machine(int number)
    {
        public string Name => string.Create(CultureInfo.InvariantCulture, $"n{number:00}");
        public string Rack => $"r{number % Racks}";
        public string? Job => number < 6 ? "default/train" : null;
        public bool IsConnected { get; set; } = true;
        public DateTimeOffset Heard { get; set; }
        public bool IsCordoned { get; set; }
        public bool IsAtWork { get; set; }
        public int Operation { get; set; }
        public DateTimeOffset Asked { get; set; }
        public List<Held> Grants { get; } = [];
        public Held? Open => Grants.Find(grant => grant.State != "over");
    }

    private readonly List<Machine> _machines = [.. Enumerable.Range(0, Nodes).Select(number => new Machine(number))];
    private TestFleet _fleet = fleet;
    private DateTimeOffset _breakerSince, _breakerReset;
    private bool _isPaused;

    private DateTimeOffset Now => _fleet.Time.GetUtcNow();

    public static GrantPolicy Policy(PlantedGrantBug bug) => new()
    {
        Budgets =
        [
            new Budget("fleet", "", Amount.OfPercent(bug == PlantedGrantBug.OffByOneShare ? SharePercent + 7 : SharePercent), 0, bug == PlantedGrantBug.RateIgnored ? null : new StartRate(Starts, RateWindow)),
            new Budget("racks", Rack, Amount.Of(bug == PlantedGrantBug.OffByOneBudget ? RackAllows + 1 : RackAllows)),
        ],
        View = new ViewRule(SeenPercent, TimeSpan.Zero),
        Breaker = new BreakerRule { Percent = bug == PlantedGrantBug.BreakerIgnored ? 100 : BreakerPercent, AtLeast = BreakerAtLeast, Window = BreakerWindow },
        LostAfter = bug == PlantedGrantBug.LostIgnored ? TimeSpan.FromHours(1) : LostAfter,
        Lifetime = bug == PlantedGrantBug.ShorterLifetime ? Lifetime / 2 : Lifetime,
    };

    /// <returns>Null, or what went wrong.</returns>
    public async Task<string?> RunAsync(IReadOnlyList<Turn> turns)
    {
        foreach (var machine in _machines)
            machine.Heard = Now;
        await _fleet.ReportAsync([.. _machines.Select(machine => Node(machine.Name, machine.Rack, machine.Job))]);
        await _fleet.BeatAsync();
        string? broken = null;
        for (var at = 0; at < turns.Count && broken is null; at++)
            broken = await TakeAsync(turns[at], _machines[turns[at].Node % Nodes]) is { } what ? $"turn {at}, {turns[at]}: {what}" : null;
        await _fleet.DisposeAsync();
        return broken;
    }

    private async Task<string?> TakeAsync(Turn turn, Machine machine)
    {
        switch (turn.Act)
        {
            case Act.Ask:
                return await AskAsync(machine, machine.Open?.Operation ?? $"op{++machine.Operation}", turn.By % 2 == 0 ? "a" : "b");
            case Act.AskOther:
                return await AskAsync(machine, $"op{++machine.Operation}", "a");
            case Act.Renew when machine.Open is { Decision: { } grant } open:
                return await RenewAsync(machine, open, grant);
            case Act.Release when machine.Open is { Decision: { } grant, State: "held" } open:
                await _fleet.ReleaseAsync(machine.Name, grant, open.Operation);
                (open.State, open.Ended) = ("ended", Now);
                return null;
            case Act.Hear:
                return await HearAsync(machine);
            case Act.Leave or Act.Return:
                machine.IsConnected = turn.Act == Act.Return;
                return await HearAsync(machine);
            case Act.Cordon or Act.Uncordon:
                machine.IsCordoned = turn.Act == Act.Cordon;
                return await HearAsync(machine);
            case Act.Begin or Act.Finish:
                machine.IsAtWork = turn.Act == Act.Begin && machine.Open is not null;
                return await HearAsync(machine);
            case Act.Advance or Act.AdvanceFar:
                _fleet.Time.Advance(TimeSpan.FromSeconds(turn.Act == Act.Advance ? 1 + turn.By % 40 : 60 + turn.By % 300));
                await _fleet.BeatAsync();
                return null;
            case Act.Pause:
                await _fleet.Controls.PauseAsync(PauseScope.Fleet, "token m", "", null, CancellationToken.None);
                _isPaused = true;
                return null;
            case Act.Resume:
                await _fleet.Controls.ResumeAsync(PauseScope.Fleet, "token m", CancellationToken.None);
                _isPaused = false;
                return null;
            case Act.CloseBreaker:
                if (await _fleet.Controls.CloseBreakerAsync("token m", "", CancellationToken.None))
                    (_breakerSince, _breakerReset) = (default, Now);
                return null;
            case Act.Restart:
                return await RestartAsync();
            default:
                return null; // nothing to do it to
        }
    }

    private async Task<string?> AskAsync(Machine machine, string operation, string reason)
    {
        var (expected, why) = Expect(machine, operation, reason);
        var decision = await _fleet.AskAsync(machine.Name, operation, "drain", reason);
        if (decision.Why.Length == 0)
            return "an answer without a reason";
        if (decision.Outcome == GrantOutcome.Granted != expected)
            return $"{decision.Outcome} ({decision.Why}), while the account says: {why}";
        if (!expected)
            return null;
        var grant = machine.Grants.Find(one => one.Operation == operation);
        if (grant is null || grant.State == "over")
        {
            machine.Grants.RemoveAll(one => one.Operation == operation);
            machine.Grants.Add(grant = new Held { Operation = operation, Reason = reason, Given = Now });
        }
        else if (grant.State != "held" || grant.Expires <= Now)
        {
            grant.Reason = reason; // given anew, for what it is asked for now
        }
        (grant.State, grant.Expires, grant.Decision) = ("held", Now + Lifetime, decision);
        return null;
    }

    /// <summary>The rules once more, over plain objects.</summary>
    private (bool IsGranted, string Why) Expect(Machine machine, string operation, string reason)
    {
        machine.Asked = Now;
        var own = machine.Grants.Find(grant => grant.Operation == operation);
        if (own is { State: "held" } && own.Expires > Now)
            return (true, "it has it");
        if (_machines.Count(one => one.IsConnected) * 100 < Nodes * SeenPercent)
            return (false, "too few are in sight");
        if (_isPaused)
            return (false, "paused");
        if (_breakerSince != default)
            return (false, "the breaker is open");
        var asking = _machines.Count(one => one.Asked != default && one.Asked > Now - BreakerWindow && one.Asked > _breakerReset);
        if (asking >= BreakerAtLeast && asking * 100 > Nodes * BreakerPercent)
        {
            _breakerSince = Now;
            return (false, $"{asking} ask: the breaker opens");
        }
        if (machine.Grants.Exists(grant => grant.Operation != operation && grant.State != "over"))
            return (false, "another operation of the node");
        if (machine.Job is { } job && _machines.Exists(one => one != machine && one.Job == job && one.Open is { } open && open.Reason != reason))
            return (false, "another reason in the job");
        if (Unavailable(one => one != machine) + 1 > Nodes * SharePercent / 100)
            return (false, "the fleet's budget");
        var isNew = own is null or { State: "over" };
        if (isNew && _machines.Sum(one => one.Grants.Count(grant => grant.Given > Now - RateWindow)) >= Starts)
            return (false, "the rate");
        return Unavailable(one => one != machine && one.Rack == machine.Rack) + 1 > RackAllows ? (false, "the rack's budget") : (true, "nothing stands in the way");
    }

    private int Unavailable(Func<Machine, bool> among) =>
        _machines.Count(one => among(one) && (one.IsCordoned || one.Open is not null || (!one.IsConnected && one.Heard < Now - LostAfter)));

    private async Task<string?> RenewAsync(Machine machine, Held open, GrantDecision grant)
    {
        var expected = open.State == "held" && open.Expires > Now;
        var renewed = await _fleet.RenewAsync(machine.Name, grant, open.Operation);
        if (renewed.Outcome == GrantOutcome.Granted != expected)
            return $"a renewal is {renewed.Outcome} ({renewed.Why})";
        if (expected)
            open.Expires = Now + Lifetime;
        return null;
    }

    private async Task<string?> HearAsync(Machine machine)
    {
        machine.Heard = Now;
        var steps = ((OperationRecord?[])[
            machine.IsCordoned ? Step("by-hand", "cordon", "closed", "done", at: Now) : null,
            machine is { IsAtWork: true, Open: { } work } ? Step(work.Operation, "reboot", "intended") : null]).OfType<OperationRecord>();
        await _fleet.HearAsync(machine.Name, node => node with { IsConnected = machine.IsConnected, Operations = [.. steps] });
        if (!machine.IsConnected)
            return null;
        foreach (var grant in machine.Grants.Where(grant => grant.State == "ended" || (grant.State == "held" && grant.Expires <= Now && !machine.IsAtWork)))
            grant.State = "over";
        return null;
    }

    /// <summary>The aggregator starts anew, and all that are connected come back to it.</summary>
    private async Task<string?> RestartAsync()
    {
        var old = _fleet;
        _fleet = restart();
        await old.DisposeAsync();
        _fleet.Time.Advance(Replicas.AliveFor + TimeSpan.FromSeconds(1));
        var denied = await _fleet.AskAsync(_machines[0].Name, "after-restart");
        _machines[0].Asked = Now;
        if (denied.Outcome == GrantOutcome.Granted)
            return "granted at once after a restart";
        await _fleet.ReportAsync([.. _machines.Select(machine => Node(machine.Name, machine.Rack, machine.Job) with { Incarnation = $"i{Now.Ticks}", IsConnected = false })]);
        foreach (var machine in _machines)
            await HearAsync(machine);
        await _fleet.BeatAsync();
        return null;
    }
}
