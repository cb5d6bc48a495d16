using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Core.Sharing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.Remediation;

/// <param name="DrainsItself"><c>remediation.drain: self</c>: by the agent's account; else by the aggregator's.</param>
/// <param name="KubeletRoots">Where one of them is there, the node has pods.</param>
/// <param name="Lease">Null: no lease is asked for.</param>
/// <param name="LeaseIsFallback">It is asked for only by whoever else grants, not each time.</param>
public sealed record NodeStepOptions(bool DrainsItself, ImmutableArray<string> KubeletRoots, LeaseOptions? Lease, bool LeaseIsFallback = false);

public static class NodeStepsSetup
{
    /// <summary>Cordon, taint, drain and uncordon, what the API server knows that forbids them, and leases as permission. Without an API server: quiet.</summary>
    /// <remarks>An <see cref="IAggregatorSteps"/> is used where it is registered.</remarks>
    public static IServiceCollection AddNodeSteps(this IServiceCollection services, NodeStepOptions options)
    {
        services
            .AddSingleton<ClusterBoard>()
            .AddSingleton<PodBoard>()
            .AddSingleton<IStandingSource>(provider => new ClusterStanding(provider.GetRequiredService<ClusterBoard>(), provider.GetRequiredService<PodBoard>(), options, provider.GetService<IAggregatorSteps>()))
            .AddSingleton(provider => new AlertWatch(provider.GetRequiredService<TimeProvider>()))
            .AddSingleton<IStandingSource>(provider => provider.GetRequiredService<AlertWatch>())
            .AddWorker(AlertWatch.Part, provider => provider.GetRequiredService<AlertWatch>());
        if (options.Lease is { } lease)
        {
            services
                .AddSingleton(provider => new LeaseGrants(
                    provider.GetRequiredService<ClusterBoard>(), lease, provider.GetRequiredService<WorkerBoard>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<LeaseGrants>>()))
                .AddWorker(LeaseGrants.Part, provider => provider.GetRequiredService<LeaseGrants>());
            if (!options.LeaseIsFallback)
                services.AddSingleton<IGrants>(provider => provider.GetRequiredService<LeaseGrants>());
        }
        return options.DrainsItself ? services.AddOwnSteps() : services.AddDelegatedSteps();
    }

    private static IServiceCollection AddOwnSteps(this IServiceCollection services) => services
        .AddSingleton(provider => new NodeWriter(provider.GetRequiredService<ClusterBoard>(), provider.GetRequiredService<TimeProvider>(), Random.Shared.NextDouble))
        .AddSingleton(provider => new DrainLook(
            provider.GetRequiredService<ClusterBoard>(),
            new DevicePods(provider.GetRequiredService<PodResourcesBoard>(), provider.GetRequiredService<OfferBoard>(), provider.GetRequiredService<InventoryBoard>())))
        .AddSingleton<IRemediationAction>(provider => new Cordon(
            provider.GetRequiredService<ClusterBoard>(), provider.GetRequiredService<NodeWriter>(), provider.GetRequiredService<DrainLook>(), provider.GetRequiredService<TimeProvider>()))
        .AddSingleton<IRemediationAction>(provider => new TaintNode(
            provider.GetRequiredService<ClusterBoard>(), provider.GetRequiredService<NodeWriter>(), provider.GetRequiredService<TimeProvider>()))
        .AddSingleton<IRemediationAction>(provider => new Drain(
            provider.GetRequiredService<ClusterBoard>(), provider.GetRequiredService<PodBoard>(), provider.GetRequiredService<DrainLook>(),
            provider.GetRequiredService<StepProgress>(), provider.GetRequiredService<TimeProvider>(), Random.Shared.NextDouble))
        .AddSingleton<IRemediationAction>(provider => new Uncordon(provider.GetRequiredService<ClusterBoard>(), provider.GetRequiredService<NodeWriter>()));

    private static IServiceCollection AddDelegatedSteps(this IServiceCollection services)
    {
        foreach (var name in (string[])[NodeSteps.Cordon, TaintNode.Taint, NodeSteps.Drain, NodeSteps.Uncordon])
            services.AddSingleton<IRemediationAction>(provider => new DelegatedStep(name, provider.GetService<IAggregatorSteps>()));
        return services;
    }
}
