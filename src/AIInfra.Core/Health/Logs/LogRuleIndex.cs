using System.Collections.Immutable;

namespace AIInfra.Core.Health.Logs;

/// <summary>Which rules a line's literals belong to. Its tables are the larger part of what rules cost: one serves all logs. Immutable.</summary>
public sealed class LogRuleIndex
{
    public LogRuleIndex(IReadOnlyList<ILogRules> decoders, IReadOnlyList<LogRule> rules)
    {
        Rules = [.. rules];
        var owned = decoders.SelectMany((decoder, at) => decoder.Literals.Select(literal => (literal, at)))
            .Concat(rules.SelectMany((rule, at) => rule.Literals.Select(literal => (literal, at: decoders.Count + at)))).ToArray();
        Literals = new LiteralSet([.. owned.Select(entry => entry.literal)]);
        Owners = [.. owned.Select(entry => entry.at)];
    }

    public ImmutableArray<LogRule> Rules { get; }
    /// <summary>Bytes of the tables.</summary>
    public int Size => Literals.Size;
    internal LiteralSet Literals { get; }
    /// <summary>Of each literal: below the number of decoders a decoder, else a rule.</summary>
    internal ImmutableArray<int> Owners { get; }
}
