using System.Collections.Immutable;
using AIInfra.Core.Configuration;
using AIInfra.Core.Health.Probes;

namespace AIInfra.Agent.Configuration;

/// <summary>The settings of every probe, <c>health.probes.NAME.*</c>; they follow from the probes' definitions.</summary>
internal static class ProbeKeys
{
    private sealed record Keys(ProbeDefinition Probe, ConfigKey<bool> Enabled, ConfigKey<TimeSpan> Interval, ImmutableArray<(string Name, ConfigKey<int> Key)> Limits);

    private static readonly ImmutableArray<Keys> ByProbe = [.. AgentProbes.All.Select(Of)];

    public static ImmutableArray<ConfigKey> All { get; } =
        [.. ByProbe.SelectMany(keys => (IEnumerable<ConfigKey>)[keys.Enabled, keys.Interval, .. keys.Limits.Select(limit => limit.Key)])];

    public static ImmutableDictionary<string, ProbeSettings> Read(Config config) => ByProbe.ToImmutableDictionary(keys => keys.Probe.Name, keys => new ProbeSettings(
        config.Get(keys.Enabled), config.Get(keys.Interval), keys.Limits.ToImmutableDictionary(limit => limit.Name, limit => config.Get(limit.Key))));

    private static Keys Of(ProbeDefinition probe)
    {
        var section = $"health.probes.{probe.Name}";
        return new Keys(
            probe, ConfigForm.Flag($"{section}.enabled", true, probe.Help),
            ConfigForm.Duration($"{section}.interval", TimeSpan.FromSeconds(5), TimeSpan.FromHours(24), probe.Interval, "From one look to the next."),
            [.. probe.Limits.Select(limit => (limit.Name, ConfigForm.Number($"{section}.{limit.Name}", limit.Least, limit.Most, limit.Default, limit.Help)))]);
    }
}
