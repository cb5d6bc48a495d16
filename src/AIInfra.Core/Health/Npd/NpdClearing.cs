using System.Collections.Frozen;
using AIInfra.Core.Health.Npd.Configuration;

namespace AIInfra.Core.Health.Npd;

/// <summary>How a condition that a line raised turns false again; node-problem-detector itself never turns it back.</summary>
internal static class NpdClearing
{
    private static readonly Clearing Passing = Clearing.AfterQuiet(TimeSpan.FromHours(1));

    /// <summary>What a service or the kernel goes on saying for as long as it is so: silence is its end. Everything else lasts until the boot.</summary>
    private static readonly FrozenDictionary<string, Clearing> ByReason = new Dictionary<string, Clearing>(StringComparer.Ordinal)
    {
        ["DockerHung"] = Clearing.AfterQuiet(TimeSpan.FromHours(1)), // the kernel repeats it each two minutes
        ["TaskHung"] = Clearing.AfterQuiet(TimeSpan.FromHours(1)),
        ["UnregisterNetDevice"] = Clearing.AfterQuiet(TimeSpan.FromHours(1)), // each ten seconds
        ["CorruptDockerOverlay2"] = Clearing.AfterQuiet(TimeSpan.FromHours(24)), // with each pull of the image
        ["CorruptContainerImageLayer"] = Clearing.AfterQuiet(TimeSpan.FromHours(24)),
        ["ContainerCreationFailed"] = Clearing.AfterQuiet(TimeSpan.FromHours(1)),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static Clearing Of(NpdMonitor monitor, NpdRule rule) => rule.Condition is null ? Passing
        : monitor is NpdPluginMonitor ? Clearing.OnHealthyReading
        : ByReason.GetValueOrDefault(rule.Reason, Clearing.OnBoot);
}
