using System.Collections.Immutable;
using AIInfra.Core.Configuration;
using AIInfra.Core.Health.Logs;
using AIInfra.Vendors;

namespace AIInfra.Agent.Configuration;

/// <summary>What the host's journal is read for beside the monitors of node-problem-detector's files.</summary>
internal static class JournalSettings
{
    /// <summary>Null: <c>health.journal</c> is false.</summary>
    public static JournalRuleOptions? Of(Config config, ImmutableArray<LogRule> userRules) => !config.Get(AgentKeys.Journal) ? null
        : new JournalRuleOptions(VendorLogs.Decoders, RulePack.Combine(VendorLogs.Rules, userRules))
        {
            Services = VendorLogs.Services,
            ReadsAll = userRules.Any(rule => rule is { Origin: LogOrigin.Service, Disables: false, Services.IsEmpty: true }),
            TakesKernel = AgentConfig.KernelLogPath(config) is null,
        };
}
