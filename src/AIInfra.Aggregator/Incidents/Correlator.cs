using System.Collections.Immutable;

namespace AIInfra.Aggregator.Incidents;

/// <summary>Finds what began at once on nodes that have a part in common. Pure.</summary>
internal static class Correlator
{
    /// <summary>In doubt the nearer part is suspected.</summary>
    private static readonly string[] Kinds = ["domain", "driver", "image", "kernel", "job"];

    /// <param name="onsets">Of problems that stand; of each node and problem one.</param>
    /// <param name="parts">Of all known nodes, by name: the sick and the well.</param>
    public static ImmutableArray<Found> Find(IEnumerable<Onset> onsets, IReadOnlyDictionary<string, ImmutableArray<SharedPart>> parts, CorrelationRule rule)
    {
        var population = parts.Values.SelectMany(of => of).GroupBy(part => part).ToDictionary(group => group.Key, group => group.Count());
        var found = ImmutableArray.CreateBuilder<Found>();
        foreach (var problem in onsets.Where(onset => parts.ContainsKey(onset.Node)).GroupBy(onset => onset.Problem, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            foreach (var burst in Bursts(problem, rule.Window))
                Explain(problem.Key, burst, parts, population, rule, found);
        }
        return found.ToImmutable();
    }

    private static IEnumerable<List<Onset>> Bursts(IEnumerable<Onset> onsets, TimeSpan window)
    {
        var burst = new List<Onset>();
        foreach (var onset in onsets.OrderBy(onset => onset.At).ThenBy(onset => onset.Node, StringComparer.Ordinal))
        {
            if (burst.Count > 0 && onset.At - burst[^1].At > window)
            {
                yield return burst;
                burst = [];
            }
            burst.Add(onset);
        }
        if (burst.Count > 0)
            yield return burst;
    }

    /// <summary>Takes the part that explains most, then looks at what is left.</summary>
    private static void Explain(string problem, List<Onset> burst, IReadOnlyDictionary<string, ImmutableArray<SharedPart>> parts,
        Dictionary<SharedPart, int> population, CorrelationRule rule, ImmutableArray<Found>.Builder found)
    {
        var left = burst.DistinctBy(onset => onset.Node, StringComparer.Ordinal).ToList();
        while (left.Count >= rule.Least && Suspect(left, parts, population, rule) is { } part)
        {
            var members = left.Where(onset => parts[onset.Node].Contains(part)).ToList();
            found.Add(new Found(problem, members[0].At, part, population[part], [.. members.Select(onset => onset.Node).Order(StringComparer.Ordinal)]));
            left.RemoveAll(members.Contains);
        }
        if (left.Count >= rule.Least && (long)left.Count * 100 >= (long)parts.Count * rule.FleetShare)
            found.Add(new Found(problem, left[0].At, null, parts.Count, [.. left.Select(onset => onset.Node).Order(StringComparer.Ordinal)]));
    }

    private static SharedPart? Suspect(List<Onset> members, IReadOnlyDictionary<string, ImmutableArray<SharedPart>> parts, Dictionary<SharedPart, int> population, CorrelationRule rule)
    {
        var candidates = members.SelectMany(onset => parts[onset.Node]).GroupBy(part => part)
            .Select(group => (Part: group.Key, Sick: group.Count(), Of: population[group.Key]))
            .Where(candidate => candidate.Sick >= rule.Least && (long)candidate.Sick * 100 >= (long)candidate.Of * rule.LeastShare && StandsOut(candidate.Sick, candidate.Of));
        return candidates.OrderByDescending(candidate => (double)candidate.Sick * candidate.Sick / candidate.Of) // explains many, and few that are well have it
            .ThenBy(candidate => candidate.Of).ThenBy(candidate => Array.IndexOf(Kinds, candidate.Part.Kind)).ThenBy(candidate => candidate.Part.Name, StringComparer.Ordinal)
            .Select(candidate => candidate.Part).FirstOrDefault();

        bool StandsOut(int sick, int of) =>
            of < parts.Count && (long)sick * (parts.Count - of) >= (long)rule.Lift * (members.Count - sick) * of; // sick/of against (members-sick)/(all-of)
    }
}

/// <param name="Suspect">Null when nothing stands out.</param>
/// <param name="OfNodes">With the part; all when there is none.</param>
/// <param name="Members">By name.</param>
internal sealed record Found(string Problem, DateTimeOffset Started, SharedPart? Suspect, int OfNodes, ImmutableArray<string> Members);
