using System.Collections.Immutable;
using AIInfra.Core.Health;

namespace AIInfra.Core.Remediation.Ladders;

/// <summary>What may be done about which problem, in which order and how often. Read once, checked, immutable.</summary>
public sealed record RemediationPolicy
{
    /// <summary>The first that takes a problem counts: those of the operator's file stand before the built-in ones.</summary>
    public required ImmutableArray<Ladder> Ladders { get; init; }
    public PolicyLimits Limits { get; init; } = new();
    /// <summary>When disruptive steps may start; empty: at any time.</summary>
    public ImmutableArray<MaintenanceWindow> Windows { get; init; } = [];
    /// <summary>While one of these runs on the node, nothing disruptive starts.</summary>
    public ImmutableArray<BlockingPods> BlockingPods { get; init; } = [];
    /// <summary>Files that block while they are there: for alerts and for whatever else an operator's tools know.</summary>
    public ImmutableArray<string> BlockingFiles { get; init; } = [];
    /// <summary>While one of these fires, or cannot be asked, nothing disruptive starts.</summary>
    public ImmutableArray<BlockingAlerts> BlockingAlerts { get; init; } = [];
    /// <summary>While a problem with one of these ids stands on the node, nothing disruptive starts; a <c>*</c> at the end stands for anything.</summary>
    public ImmutableArray<string> BlockingProblems { get; init; } = [];
    /// <summary>Names of probes that must all find it good before a drained node is uncordoned.</summary>
    public ImmutableArray<string> BeforeReturn { get; init; } = [];
    /// <summary>Tests of the operator's own, each a probe by its name.</summary>
    public ImmutableArray<PolicyTest> Tests { get; init; } = [];
    /// <summary>Arguments of each drain before a rung, as the action <c>drain</c> takes them; a rung that is itself a drain has its own.</summary>
    public ImmutableArray<string> DrainArguments { get; init; } = [];

    /// <summary>Null: nothing is done about such a problem.</summary>
    public Ladder? LadderFor(Problem problem)
    {
        foreach (var ladder in Ladders)
        {
            if (ladder.Takes(problem))
                return ladder;
        }
        return null;
    }

    public Ladder? Find(string name) => Ladders.FirstOrDefault(ladder => ladder.Name == name);
}

/// <summary>Rungs, the weakest first.</summary>
public sealed record Ladder
{
    public required string Name { get; init; }
    /// <summary>Ids of problems; a <c>*</c> at the end stands for anything.</summary>
    public ImmutableArray<string> Problems { get; init; } = [];
    /// <summary>Problems that suggest one of these.</summary>
    public ImmutableArray<SuggestedAction> Actions { get; init; } = [];
    /// <summary>So long a problem must have stood before anything is done.</summary>
    public TimeSpan Persists { get; init; } = TimeSpan.Zero;
    /// <summary>In which attempts are counted, those that helped too.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromDays(7);
    /// <summary>A problem that was last seen so long ago is not acted on before it is seen again, or approved.</summary>
    public TimeSpan Expires { get; init; } = TimeSpan.FromHours(24);
    public required ImmutableArray<Rung> Rungs { get; init; }

    public bool Takes(Problem problem)
    {
        if (Actions.Contains(problem.Action))
            return true;
        foreach (var id in Problems)
        {
            if (Matches(id, problem.Id))
                return true;
        }
        return false;
    }

    /// <param name="pattern">An id; a <c>*</c> at the end stands for anything.</param>
    internal static bool Matches(string pattern, string id) =>
        pattern.EndsWith('*') ? id.AsSpan().StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal) : pattern == id;
}

/// <summary>One rung: what is done, when it may be, and how it shows that it helped.</summary>
public sealed record Rung
{
    /// <summary>The <see cref="IRemediationAction.Name"/>.</summary>
    public required string Action { get; init; }
    public ImmutableArray<string> Arguments { get; init; } = [];
    /// <summary>As the action says of itself.</summary>
    public bool IsDisruptive { get; init; }
    public DrainScope Drain { get; init; }
    /// <summary>Only while no pod holds the device.</summary>
    public bool OnlyIdle { get; init; }
    /// <summary>Operations in the ladder's window.</summary>
    public int Attempts { get; init; } = 1;
    /// <summary>From the start of one to the start of the next.</summary>
    public TimeSpan Cooldown { get; init; } = TimeSpan.FromMinutes(10);
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMinutes(10);
    /// <summary>The <see cref="IVerificationProbe.Name"/>; empty: the problem alone is looked at.</summary>
    public string Verify { get; init; } = "";
    /// <summary>So long it must stay good after the act.</summary>
    public TimeSpan Stable { get; init; } = TimeSpan.FromMinutes(2);
    /// <summary>After the act; when it is over and nothing shows that it helped, it did not.</summary>
    public TimeSpan VerifyWithin { get; init; } = TimeSpan.FromMinutes(10);
    /// <summary>A person must approve each time.</summary>
    public bool NeedsApproval { get; init; }
    /// <summary>Where it is not possible: true goes on to the next rung, false waits and looks again.</summary>
    public bool PassWhenImpossible { get; init; }
}

/// <summary>Bounds of the whole node, over all ladders.</summary>
public sealed record PolicyLimits
{
    /// <summary>Disruptive operations in <see cref="DisruptiveWindow"/>.</summary>
    public int Disruptive { get; init; } = 5;
    public TimeSpan DisruptiveWindow { get; init; } = TimeSpan.FromDays(7);
    /// <summary>From the start of one disruptive operation to the start of the next.</summary>
    public TimeSpan Spacing { get; init; } = TimeSpan.FromMinutes(10);
    /// <summary>Operations for one problem on one subject in 24 h; then a person is asked.</summary>
    public int RepeatsPerDay { get; init; } = 3;
    /// <summary>Percent of the node's devices that may be unavailable at once because one is mended, rounded down; the device itself counts.</summary>
    public int UnavailablePercent { get; init; } = 100;
}

/// <summary>A span of the week in UTC.</summary>
/// <param name="Days">Of its start.</param>
/// <param name="Start">Of the day.</param>
/// <param name="Length">At most a day; it may go on past midnight.</param>
public sealed record MaintenanceWindow(ImmutableArray<DayOfWeek> Days, TimeOnly Start, TimeSpan Length)
{
    public bool Holds(DateTimeOffset now)
    {
        var utc = now.UtcDateTime;
        for (var back = 0; back <= 1; back++)
        {
            var start = utc.Date.AddDays(-back) + Start.ToTimeSpan();
            if (Days.Contains(start.DayOfWeek) && utc >= start && utc < start + Length)
                return true;
        }
        return false;
    }
}

/// <summary>A program of the host that tells whether all is well: exit status 0.</summary>
/// <param name="Run">Its absolute path, and its arguments.</param>
/// <param name="Within">Then it is ended, and has not passed.</param>
public sealed record PolicyTest(string Name, ImmutableArray<string> Run, TimeSpan Within);

/// <param name="Namespace">Null: any.</param>
/// <param name="Label">Null: any; else <c>key</c> or <c>key=value</c>.</param>
public sealed record BlockingPods(string? Namespace, string? Label);

public enum AlertSource { Prometheus, Alertmanager }

/// <param name="Address">Of the server, without the path of its API.</param>
/// <param name="Names">Alerts that block; a <c>*</c> at the end stands for anything; empty: all.</param>
/// <param name="Except">Alerts that do not, in the same form.</param>
public sealed record BlockingAlerts(AlertSource Source, Uri Address, ImmutableArray<string> Names, ImmutableArray<string> Except)
{
    public bool Takes(string alert) => (Names.IsEmpty || Names.Any(name => IsLike(alert, name))) && !Except.Any(name => IsLike(alert, name));

    private static bool IsLike(string alert, string name) => name.EndsWith('*') ? alert.AsSpan().StartsWith(name.AsSpan(0, name.Length - 1), StringComparison.Ordinal) : alert == name;
}
