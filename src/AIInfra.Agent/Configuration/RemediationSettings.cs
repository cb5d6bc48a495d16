using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Configuration;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Core.Remediation.Verification;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorHost;
using AIInfra.Kubernetes.Remediation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.Agent.Configuration;

/// <summary>Section <c>remediation</c>, and the policy that it names.</summary>
internal static class RemediationSettings
{
    public static RemediationMode Mode(Config config) => config.Get(AgentKeys.RemediationMode) switch
    {
        "on" => RemediationMode.On,
        "off" => RemediationMode.Off,
        _ => RemediationMode.DryRun,
    };

    /// <summary>The built-in policy, with the operator's file before it; and all that is wrong in that.</summary>
    public static (RemediationPolicy Policy, ImmutableArray<ConfigError> Errors) Load(Config config) =>
        PolicyReader.Load(config.Get(AgentKeys.RemediationPolicy) is { Length: > 0 } file ? file : null, Actions(config), VerificationNames.BuiltIn);

    /// <summary>The actions as the daemon has them, on boards that nobody writes: they are asked what arguments they take, and nothing else.</summary>
    private static FrozenDictionary<string, IRemediationAction> Actions(Config config)
    {
        using var services = new ServiceCollection()
            .AddSingleton(TimeProvider.System)
            .AddSingleton(AgentConfig.HostPaths(config))
            .AddSingleton<InventoryBoard>()
            .AddSingleton(new HealthBoard(TimeProvider.System, "", []))
            .AddSingleton<PodResourcesBoard>()
            .AddSingleton(provider => new OfferBoard(provider.GetRequiredService<InventoryBoard>(), [], NullLogger<OfferBoard>.Instance))
            .AddSingleton(new VendorReleases(TimeProvider.System, []))
            .AddHostActions(new ActionOptions(AgentConfig.NodeName(config), config.Get(AgentKeys.StatePath), []))
            .AddSingleton<StepProgress>()
            .AddNodeSteps(NodeStepKeys.Options(config) with { Lease = null })
            .BuildServiceProvider();
        return ActionSet.Of(services.GetServices<IRemediationAction>());
    }
}
