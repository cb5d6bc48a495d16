using System.Collections.Immutable;
using AIInfra.Core.Health.Logs;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.Vendors;

/// <summary>What the vendors know of the lines of logs, one line a vendor.</summary>
public static class VendorLogs
{
    /// <summary>New decoders: one set serves one log.</summary>
    public static IReadOnlyList<ILogRules> Decoders() => [new NvidiaLogRules()];

    /// <summary>The rules of all packs of this build.</summary>
    public static ImmutableArray<LogRule> Rules { get; } = [.. NvidiaLogRules.Rules];
}
