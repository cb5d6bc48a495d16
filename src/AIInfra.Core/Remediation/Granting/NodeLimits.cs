using AIInfra.Core.Remediation.Ladders;
using AIInfra.Core.Remediation.Planning;

namespace AIInfra.Core.Remediation.Granting;

/// <summary>The bounds of one node, applied to what was done and to what is unavailable now. Pure: the planner and the local grants ask the same.</summary>
internal static class NodeLimits
{
    /// <param name="operation">The one that asks: it does not count against itself.</param>
    /// <returns>Null, or why no disruptive operation may start, in a sentence; and when that ends by time alone.</returns>
    public static (string Why, DateTimeOffset? Until)? RefuseRate(PolicyLimits limits, RemediationHistory history, string operation, PlanTime now)
    {
        var others = history.Disruptions.Where(other => other.Id != operation).ToList();
        var recent = others.Count(other => now.Since(other.First) < limits.DisruptiveWindow);
        if (recent >= limits.Disruptive)
            return ($"{recent} disruptive operations in {PolicyTime.Show(limits.DisruptiveWindow)} (limits.disruptive is {limits.Disruptive}): the node needs a person.", null);
        if (others.Count == 0 || now.Since(others[^1].First) >= limits.Spacing)
            return null;
        return ($"the last disruptive operation was at {PlanTurn.Show(others[^1].StartedAt)}; limits.spacing is {PolicyTime.Show(limits.Spacing)}.", now.After(others[^1].First, limits.Spacing));
    }

    /// <param name="devices">Of the node.</param>
    /// <param name="unavailable">Those that get no work now, and those that get none because of what is asked.</param>
    /// <returns>Null, or why not, in a sentence. The percentage is rounded down: of 8 devices 10 % is none.</returns>
    public static string? RefuseShare(PolicyLimits limits, int devices, int unavailable) =>
        unavailable > devices * limits.UnavailablePercent / 100 ? $"{unavailable} of {devices} devices would be unavailable; limits.unavailablePercent is {limits.UnavailablePercent}." : null;
}
