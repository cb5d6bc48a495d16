using System.Collections.Immutable;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.Health.Probes;

/// <summary>The newest look of every probe. The probes' worker writes it.</summary>
public sealed class ProbeBoard
{
    private readonly Lock _gate = new();

    /// <summary>By name.</summary>
    public Latest<ImmutableSortedDictionary<string, ProbeReport>> Current { get; } =
        new(ImmutableSortedDictionary.Create<string, ProbeReport>(StringComparer.Ordinal));

    internal void Publish(ProbeReport report)
    {
        lock (_gate)
            Current.Publish(Current.Value.SetItem(report.Name, report));
    }
}
