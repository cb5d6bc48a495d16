using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Aggregator.Store;

namespace AIInfra.Aggregator.Grants;

/// <summary>Who may disrupt how much of the fleet. Immutable. All of it holds at once; whatever is not known denies.</summary>
public sealed record GrantPolicy
{
    /// <summary>A tenth of the fleet; of fewer than ten nodes that is none, which a denial says.</summary>
    public ImmutableArray<Budget> Budgets { get; init; } = [new Budget("fleet", "", Amount.OfPercent(10))];

    /// <summary>How much of one job may be out of service; null: no bound beside the domains. Two members are never disrupted for different reasons, whatever this is.</summary>
    public Amount? JobMaxUnavailable { get; init; }

    public BreakerRule Breaker { get; init; } = new();

    public ViewRule View { get; init; } = ViewRule.Default;

    /// <summary>A grant that is not renewed for so long is void: 30 s to 1 h. It weighs on the budgets until its node has been heard again.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>A node that is not connected counts as out of service when it was not heard for so long.</summary>
    public TimeSpan LostAfter { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>Actions that a person has to approve each time.</summary>
    public ImmutableHashSet<string> ApprovedActions { get; init; } = ["request-replacement"];

    /// <summary>Nodes on which every grant has to be approved by a person: label and value; an empty value stands for any.</summary>
    public ImmutableArray<(string Label, string Value)> ApprovedNodes { get; init; } = [("node-role.kubernetes.io/control-plane", "")];

    /// <summary>Actions that wait for a person while the problem is part of an incident of several nodes: the shared part is to be mended, not the nodes.
    /// Cordoning and draining are not among them.</summary>
    public ImmutableHashSet<string> HeldByIncidents { get; init; } = ["reset-device", "reset-pci", "reload-driver", "reboot", "request-replacement"];

    /// <summary>So long after a problem came, those actions wait, until it is known whether it came to others too.</summary>
    public TimeSpan IncidentSettle { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an approval may wait for its use.</summary>
    public TimeSpan ApprovalFor { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Labels that decide: by which domains are told apart, and which ask for an approval.</summary>
    public ImmutableArray<string> Labels =>
        [.. Budgets.Select(budget => budget.Label).Where(label => label.Length > 0).Concat(ApprovedNodes.Select(wanted => wanted.Label)).Distinct(StringComparer.Ordinal)];

    /// <summary>All that is wrong with it, one sentence each, beginning with the key.</summary>
    public IEnumerable<string> Faults()
    {
        if (Budgets.IsEmpty)
            yield return "budgets is empty; at least one is needed, or nothing would be bounded.";
        foreach (var name in Budgets.GroupBy(budget => budget.Name, StringComparer.Ordinal).Where(same => same.Count() > 1))
            yield return $"budgets has two of the name {name.Key}; each needs its own.";
        foreach (var fault in Budgets.SelectMany(budget => budget.Faults()))
            yield return fault;
        if (JobMaxUnavailable is { IsValid: false })
            yield return "jobMaxUnavailable must be a number of nodes from 0, or a percentage from 0% to 100%.";
        if (Breaker.Percent is < 1 or > 100)
            yield return $"breaker.percent is {Breaker.Percent}; allowed is 1 to 100 (100 never opens it).";
        if (Breaker.AtLeast < 1)
            yield return $"breaker.atLeast is {Breaker.AtLeast}; allowed is 1 and more.";
        if (Breaker.Window < TimeSpan.FromSeconds(10) || Breaker.Window > TimeSpan.FromDays(1))
            yield return $"breaker.window is {Breaker.Window}; allowed is 10s to 24h.";
        if (View.SeenPercent is < 1 or > 100)
            yield return $"view.seenPercent is {View.SeenPercent}; allowed is 1 to 100.";
        if (View.For < TimeSpan.Zero || View.For > TimeSpan.FromHours(1))
            yield return $"view.for is {View.For}; allowed is 0s to 1h.";
        if (Lifetime < TimeSpan.FromSeconds(30) || Lifetime > TimeSpan.FromHours(1))
            yield return $"lifetime is {Lifetime}; allowed is 30s to 1h.";
        if (LostAfter < TimeSpan.FromSeconds(10) || LostAfter > TimeSpan.FromHours(1))
            yield return $"lostAfter is {LostAfter}; allowed is 10s to 1h.";
        if (IncidentSettle < TimeSpan.Zero || IncidentSettle > TimeSpan.FromHours(1))
            yield return $"incidentSettle is {IncidentSettle}; allowed is 0s to 1h.";
        if (ApprovalFor < TimeSpan.FromMinutes(1) || ApprovalFor > TimeSpan.FromDays(7))
            yield return $"approvalFor is {ApprovalFor}; allowed is 1m to 168h.";
    }
}

/// <summary>One bound: the whole fleet, or each domain that a label tells apart. Nodes without the label are one domain together.</summary>
/// <param name="Name">As messages name it.</param>
/// <param name="Label">Empty: the whole fleet.</param>
/// <param name="MaxUnavailable">Of a domain's nodes, those that are out of service for whatever reason and those with a grant, taken together.</param>
/// <param name="MinAvailable">So many stay in service whatever <paramref name="MaxUnavailable"/> says.</param>
/// <param name="Rate">Null: no bound on how fast.</param>
public sealed record Budget(string Name, string Label, Amount MaxUnavailable, int MinAvailable = 0, StartRate? Rate = null)
{
    internal IEnumerable<string> Faults()
    {
        if (Name.Length == 0)
            yield return "budgets has one without a name; name it, as in name: racks.";
        if (!MaxUnavailable.IsValid)
            yield return $"budgets.{Name}.maxUnavailable must be a number of nodes from 0, or a percentage from 0% to 100%.";
        if (MinAvailable < 0)
            yield return $"budgets.{Name}.minAvailable is {MinAvailable}; allowed is 0 and more.";
        if (Rate is { Starts: < 1 })
            yield return $"budgets.{Name}.rate.starts is {Rate.Starts}; allowed is 1 and more.";
        if (Rate is { } rate && (rate.Window < TimeSpan.FromSeconds(1) || rate.Window > TimeSpan.FromDays(30)))
            yield return $"budgets.{Name}.rate.window is {rate.Window}; allowed is 1s to 720h.";
    }
}

/// <summary>So many starts at most in any stretch of the window's length.</summary>
public sealed record StartRate(int Starts, TimeSpan Window);

/// <summary>Opens when too many nodes ask at once: then it is more likely a false alarm, or one cause for all, than so many broken nodes. It stays open until a person
/// closes it, over restarts; what has a grant goes on, and giving back is always possible.</summary>
public sealed record BreakerRule
{
    /// <summary>Of the known nodes: more than this asking in the window opens it.</summary>
    public int Percent { get; init; } = 50;
    /// <summary>It never opens for fewer.</summary>
    public int AtLeast { get; init; } = 10;
    public TimeSpan Window { get; init; } = TimeSpan.FromMinutes(10);

    internal bool Opens(int asking, int known) => asking >= AtLeast && (long)asking * 100 > (long)known * Percent;
}

/// <summary>A number of nodes, or a share of them that is rounded down.</summary>
/// <param name="Number">Null: no absolute bound.</param>
/// <param name="Percent">Null: no share.</param>
public sealed record Amount(int? Number, int? Percent)
{
    public static Amount Of(int number) => new(number, null);

    public static Amount OfPercent(int percent) => new(null, percent);

    public bool IsValid => (Number ?? Percent) is not null && Number is null or >= 0 && Percent is null or (>= 0 and <= 100);

    /// <summary>How many of so many it is; of 19 nodes 5 % is none.</summary>
    public int Among(int nodes) => Math.Min(Number ?? int.MaxValue, Percent is { } percent ? (int)((long)nodes * percent / 100) : int.MaxValue);

    /// <param name="text"><c>3</c> or <c>5%</c>.</param>
    public static bool TryParse(string text, out Amount amount)
    {
        var isPercent = text.EndsWith('%');
        var isNumber = int.TryParse(isPercent ? text.AsSpan(0, text.Length - 1) : text, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        amount = isPercent ? OfPercent(number) : Of(number);
        return isNumber && amount.IsValid;
    }

    public override string ToString() => string.Join(" and ", ((string?[])[Number?.ToString(CultureInfo.InvariantCulture), Percent is { } percent ? $"{percent} %" : null]).OfType<string>());
}
