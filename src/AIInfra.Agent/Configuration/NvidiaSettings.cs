using AIInfra.Core.Configuration;
using AIInfra.Core.Sharing;
using AIInfra.Vendors.Nvidia;
using AIInfra.Vendors.Nvidia.PluginConfig;

namespace AIInfra.Agent.Configuration;

/// <summary>What is offered of NVIDIA's devices: their plugin's config where one is named, and the daemon's own keys over it.</summary>
internal static class NvidiaSettings
{
    private const string Auto = "auto";

    /// <summary>Reads the file that <c>vendors.nvidia.config</c> names; without one, the daemon's keys alone.</summary>
    public static NvidiaPluginConfig Load(Config config)
    {
        var path = config.Get(AgentKeys.NvidiaConfig);
        var plugin = path.Length == 0 ? NvidiaPluginConfig.None : NvidiaPluginConfig.Load(path, config.Get(AgentKeys.NvidiaConfigName));
        var options = plugin.Options with { Mig = Mig(config) ?? plugin.Options.Mig, Injection = Injection(config, plugin.Options.Injection) };
        var own = OwnSharing(config);
        if (own.Rules.IsEmpty)
            return plugin with { Options = options };
        return options.Sharing.Rules.IsEmpty
            ? plugin with { Options = options with { Sharing = own }, Errors = [.. plugin.Errors, .. Twice(own)] }
            : plugin with { Errors = plugin.Errors.Add(Error($"{AgentKeys.NvidiaReplicas.Path}: {plugin.Source} shares devices by sharing.timeSlicing already; devices can be shared in one way only. Remove one of the two.")) };
    }

    private static MigStrategy? Mig(Config config) => config.Get(AgentKeys.NvidiaMigStrategy) switch
    {
        "none" => MigStrategy.None,
        "single" => MigStrategy.Single,
        "mixed" => MigStrategy.Mixed,
        _ => null,
    };

    private static NvidiaInjection Injection(Config config, NvidiaInjection plugin)
    {
        var lists = config.Get(AgentKeys.NvidiaDeviceLists);
        var (ids, nodes) = (config.Get(AgentKeys.NvidiaDeviceIds), config.Get(AgentKeys.NvidiaDeviceSpecs));
        return plugin with
        {
            Lists = lists.Contains(Auto) ? plugin.Lists : [.. lists.Select(DeviceLists.Parse).OfType<DeviceListStrategy>().Distinct()],
            AreIdsIndexes = ids == Auto ? plugin.AreIdsIndexes : ids == "index",
            DriverRoot = Text(config, AgentKeys.NvidiaDriverRoot) ?? plugin.DriverRoot,
            CdiHookPath = Text(config, AgentKeys.NvidiaHookPath) ?? plugin.CdiHookPath,
            PassesDeviceNodes = nodes == Auto ? plugin.PassesDeviceNodes : nodes == "true",
        };
    }

    private static string? Text(Config config, ConfigKey<string> key) => config.Get(key) is { Length: > 0 } text ? text : null;

    private static SharingPlan OwnSharing(Config config) => new()
    {
        Rules = [.. config.Get(AgentKeys.NvidiaReplicas).Select(ShareRules.Parse).OfType<ShareRule>()],
        RenamesShared = config.Get(AgentKeys.NvidiaSharedRename),
        IsOnePerContainer = config.Get(AgentKeys.NvidiaSharedOne),
        Placement = config.Get(AgentKeys.NvidiaSharedPlacement) == "packed" ? SharedPlacement.Packed : SharedPlacement.Distributed,
    };

    private static IEnumerable<ConfigError> Twice(SharingPlan plan) => plan.Rules.GroupBy(rule => rule.Resource).Where(same => same.Count() > 1)
        .Select(same => Error($"{AgentKeys.NvidiaReplicas.Path}: {same.Key} stands there twice; one resource can be shared in one way only."));

    private static ConfigError Error(string sentence) => new(new ConfigMark("configuration", 0, 0), sentence);
}
