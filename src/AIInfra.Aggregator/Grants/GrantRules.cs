using System.Globalization;

namespace AIInfra.Aggregator.Grants;

/// <summary>What is decided, and by which rule.</summary>
/// <param name="Rule">One word per rule: what a refusal is counted by.</param>
/// <param name="Why">One sentence with the numbers.</param>
/// <param name="RetryAfter">Null: not known.</param>
internal sealed record Ruling(GrantOutcome Outcome, string Rule, string Why, TimeSpan? RetryAfter = null)
{
    /// <summary>The breaker opens with this question.</summary>
    public bool OpensBreaker { get; init; }
}

/// <summary>Decides on one question. Pure: the same view gives the same answer.</summary>
internal static class GrantRules
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5), Later = TimeSpan.FromSeconds(30);

    public static Ruling Decide(GrantRequest request, GrantPolicy policy, GrantView now) =>
        Unknown(now) ?? Held(now) ?? Stopped(policy, now) ?? Crossed(request, now) ?? Fresh(request, policy, now) ?? Unapproved(request, policy, now) ?? Spent(now)
        ?? new Ruling(GrantOutcome.Granted, "granted", Granted(now));

    /// <summary>What is not known denies.</summary>
    private static Ruling? Unknown(GrantView now)
    {
        if (now.NotTrusted is { } why)
            return Deny("disarmed", $"nothing is granted yet: {why}", Soon);
        if (!now.IsKnown)
            return Deny("unknown-node", "the aggregator has no report of this node yet.", Soon);
        return null;
    }

    /// <summary>The operation has its grant: a question that was asked twice, or an answer that was lost.</summary>
    private static Ruling? Held(GrantView now) => now.Own is { } own && own.IsHeld(now.Now) ? new Ruling(GrantOutcome.Granted, "kept", "the operation has this grant.") : null;

    /// <summary>Nobody is granted anything at the moment.</summary>
    private static Ruling? Stopped(GrantPolicy policy, GrantView now)
    {
        if (now.Fleet.CompleteSince is not { } since || !policy.View.IsEnough(now.Fleet))
            return Deny("disarmed", $"nothing is granted: {now.Fleet.Seen} of {now.Fleet.Known} nodes are in sight, view.seenPercent asks for {policy.View.SeenPercent} %.", Later);
        if (since + policy.View.For is var armed && now.Now < armed)
            return Deny("disarmed", $"nothing is granted yet: the view of the fleet is whole since {Show(since)} and has to be so for {policy.View.For.TotalSeconds:0} s.", armed - now.Now);
        if (now.Pause is { } pause)
            return Deny("paused", $"{pause.Actor} paused {pause.Where} at {Show(pause.Since)}{(pause.Says.Length > 0 ? $" ({pause.Says})" : "")}.", pause.Until is { } until && until > now.Now ? until - now.Now : null);
        if (now.Breaker.Since is { } opened)
            return Deny("breaker", $"the breaker is open since {Show(opened)} ({now.Breaker.Why}); a person closes it.", null);
        if (policy.Breaker.Opens(now.Asking, now.Fleet.Known))
        {
            return Deny("breaker", $"the breaker opens: {now.Asking} of {now.Fleet.Known} nodes asked within {policy.Breaker.Window.TotalMinutes:0.#} min, more than {policy.Breaker.Percent} %; a person closes it.", null) with
            {
                OpensBreaker = true,
            };
        }
        return null;
    }

    /// <summary>Another operation is in the way.</summary>
    private static Ruling? Crossed(GrantRequest request, GrantView now)
    {
        if (now.Other is { } other)
            return Deny("node-busy", $"operation {other.Operation} ({other.Action}) of this node {(other.IsHeld(now.Now) ? "is under way" : "is not over")}; a node has one at a time.", Later);
        var reason = Reason(request);
        if (now.Gang.FirstOrDefault(member => member.Reason != reason) is { } member)
            return Deny("gang", $"node {member.Node} runs job {member.Job} too and is disrupted for another reason ({Named(member.Reason)}); a job is not disrupted for two reasons at once.", Later);
        return null;
    }

    /// <summary>Whether it came to others too is not known yet.</summary>
    private static Ruling? Fresh(GrantRequest request, GrantPolicy policy, GrantView now) =>
        policy.HeldByIncidents.Contains(request.Action) && now.ProblemArrived is { } arrived && arrived + policy.IncidentSettle > now.Now
            ? Deny("settle", $"{request.Action} waits until {policy.IncidentSettle.TotalSeconds:0} s after the problem came: it may be one of many.", arrived + policy.IncidentSettle - now.Now) : null;

    private static Ruling? Unapproved(GrantRequest request, GrantPolicy policy, GrantView now)
    {
        var why = now.Incident is { } incident && policy.HeldByIncidents.Contains(request.Action) ? $"{request.Action} waits for a person: the problem is part of incident {incident} of several nodes."
            : policy.ApprovedActions.Contains(request.Action) ? $"{request.Action} is done only after a person approved it."
            : policy.ApprovedNodes.FirstOrDefault(wanted => now.Labels.TryGetValue(wanted.Label, out var value) && (wanted.Value.Length == 0 || value == $"={wanted.Value}")) is { Label: { } label } ? $"a node with the label {label} is disrupted only after a person approved it."
            : null;
        return why is null || now.ApprovedUntil > now.Now ? null : new Ruling(GrantOutcome.AwaitsApproval, "approval", why, Later);
    }

    private static Ruling? Spent(GrantView now)
    {
        foreach (var use in now.Budgets)
        {
            var (budget, allowed, would) = (use.Budget, use.Budget.MaxUnavailable.Among(use.Nodes), use.OthersUnavailable + 1);
            if (would > allowed)
                return Deny("budget", $"{would} of {use.Nodes} nodes of {use.Domain} would be out of service; budget {budget.Name} allows {allowed} ({budget.MaxUnavailable}).", Later);
            if (use.Nodes - would < budget.MinAvailable)
                return Deny("budget", $"{use.Nodes - would} nodes of {use.Domain} would be left in service; budget {budget.Name} keeps {budget.MinAvailable}.", Later);
            if (budget.Rate is { } rate && use.Starts >= rate.Starts && now.Own?.State is null or "over")
            {
                return Deny("rate", $"{use.Starts} operations began in {use.Domain} within {rate.Window.TotalMinutes:0.#} min; budget {budget.Name} allows {rate.Starts}.",
                    use.OldestStart is { } oldest && oldest + rate.Window > now.Now ? oldest + rate.Window - now.Now : Later);
            }
        }
        return null;
    }

    /// <summary>What an operation is for, as members of a gang are compared by; a person's own is like no other.</summary>
    public static string Reason(GrantRequest request) => request.Problem is { } problem ? problem.Id : $"person {request.Node} {request.Operation}";

    private static string Named(string reason) => reason.StartsWith("person ", StringComparison.Ordinal) ? "a person asked for it" : reason;

    private static string Granted(GrantView now)
    {
        var tightest = now.Budgets.MinBy(use => use.Budget.MaxUnavailable.Among(use.Nodes) - use.OthersUnavailable);
        return tightest is null ? "within the budgets." : $"{tightest.OthersUnavailable + 1} of {tightest.Nodes} nodes of {tightest.Domain} are then out of service; budget {tightest.Budget.Name} allows {tightest.Budget.MaxUnavailable.Among(tightest.Nodes)}.";
    }

    private static Ruling Deny(string rule, string why, TimeSpan? retryAfter) => new(GrantOutcome.Denied, rule, why, retryAfter);

    private static string Show(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
