using System.Collections.Immutable;
using AIInfra.Core.Configuration;

namespace AIInfra.Core.Remediation.Ladders;

/// <summary>Joins each ladder with the one that its <c>then:</c> names, and refuses what would go round for ever.</summary>
internal sealed class LadderChain(List<(Ladder Ladder, string? Then, ConfigMark Mark)> ladders, ImmutableArray<ConfigError>.Builder errors)
{
    /// <returns>The ladders, each with all the rungs it leads to.</returns>
    public ImmutableArray<Ladder> Join() => [.. ladders.Select(Join)];

    private Ladder Join((Ladder Ladder, string? Then, ConfigMark Mark) start)
    {
        var rungs = start.Ladder.Rungs.ToBuilder();
        List<string> path = [start.Ladder.Name];
        for (var (then, mark) = (start.Then, start.Mark); then is not null;)
        {
            if (path.Contains(then))
            {
                errors.Add(new ConfigError(start.Mark, $"ladder {start.Ladder.Name} goes round for ever: {string.Join(" -> ", path.Append(then))}. Take one \"then\" out."));
                break;
            }
            var at = ladders.FindIndex(other => other.Ladder.Name == then);
            if (at < 0)
            {
                errors.Add(new ConfigError(mark, $"then: {then} is no ladder of this file."));
                break;
            }
            path.Add(then);
            rungs.AddRange(ladders[at].Ladder.Rungs);
            (then, mark) = (ladders[at].Then, ladders[at].Mark);
        }
        var twice = rungs.GroupBy(rung => (rung.Action, string.Join('\0', rung.Arguments))).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null && twice.Key.Action.Length > 0)
            errors.Add(new ConfigError(start.Mark, $"ladder {start.Ladder.Name} does {twice.Key.Action} twice: what did not help is not done again. To allow it more often over time, raise its attempts."));
        return start.Ladder with { Rungs = rungs.ToImmutable() };
    }
}
