using AIInfra.Aggregator.Audit;
using AIInfra.Aggregator.Configuration;
using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Hosting;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;
using AIInfra.Core.Configuration;
using AIInfra.Core.Hosting;
using AIInfra.Fleet.V1;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.Remediation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Cluster;

/// <summary>What agents are told of what is done here for them.</summary>
/// <param name="WhyNoSteps">Null: the aggregator cordons, taints, drains and uncordons.</param>
/// <param name="Leases">Null: none are taken.</param>
internal sealed record ClusterOffer(string? WhyNoSteps, Leases? Leases)
{
    public const string NoCluster = "it runs in no pod and has no kubernetes.kubeconfig, or kubernetes.steps is false.";

    public Welcome Put(Welcome welcome)
    {
        (welcome.DoesSteps, welcome.NoSteps) = (WhyNoSteps is null, WhyNoSteps ?? "");
        if (Leases is not null)
            welcome.Leases = Leases;
        return welcome;
    }
}

/// <summary>The cluster's side of the aggregator: nodes, their labels and marks, steps on them, leases. Nothing of it where there is no Kubernetes.</summary>
internal static class ClusterServices
{
    /// <summary>Of steps and leases: a burst of faults is one of cordons.</summary>
    private const int StepRequests = 400, OtherRequests = 50;

    public static IServiceCollection AddCluster(this IServiceCollection services, Config config, GrantPolicy policy)
    {
        if (AggregatorServices.Cluster(config, TimeProvider.System) is not { } credentials)
            return services.AddSingleton(new ClusterOffer(ClusterOffer.NoCluster, null)).AddLedger();
        var (follows, acts) = (config.Get(AggregatorKeys.KubernetesNodes), config.Get(AggregatorKeys.KubernetesSteps));
        if (acts)
            services.AddSteps(credentials);
        if (follows)
            services.AddNodes(credentials, policy, acts);
        var leases = config.Get(AggregatorKeys.LeaseSlots) > 0 ? Lease(config) : null;
        services.AddSingleton(new ClusterOffer(acts ? null : ClusterOffer.NoCluster, leases is null ? null : new Leases { DomainLabel = leases.DomainLabel, Slots = (uint)leases.Slots, Namespace = leases.Namespace }));
        return leases is null ? services.AddLedger() : services.AddLeasedLedger(credentials, leases);
    }

    private static IServiceCollection AddLedger(this IServiceCollection services) => services.AddSingleton<IGrantLedger>(provider => provider.GetRequiredService<GrantLedger>());

    private static IServiceCollection AddLeasedLedger(this IServiceCollection services, ApiCredentials credentials, LeaseOptions leases) => services
        .AddSingleton(provider => new NodeLeases(Client(provider, credentials, StepRequests), leases, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>()))
        .AddSingleton(provider => new LeasedLedger(provider.GetRequiredService<GrantLedger>(), provider.GetRequiredService<NodeLeases>(), provider.GetRequiredService<FleetDatabase>(),
            provider.GetRequiredService<WorkerBoard>(), provider.GetRequiredService<TimeProvider>()))
        .AddSingleton<IGrantLedger>(provider => provider.GetRequiredService<LeasedLedger>())
        .AddWorker(LeasedLedger.Part, provider => provider.GetRequiredService<LeasedLedger>());

    private static void AddNodes(this IServiceCollection services, ApiCredentials credentials, GrantPolicy policy, bool acts)
    {
        services
            .AddSingleton(new ClusterLabels(policy.Labels))
            .AddSingleton(provider => new ClusterMarks(Client(provider, credentials, OtherRequests), provider.GetRequiredService<FleetDatabase>(), provider.GetRequiredService<WorkerBoard>(),
                provider.GetRequiredService<TimeProvider>(), Random.Shared.NextDouble, provider.GetRequiredService<ClusterLabels>(), provider.GetService<MarkWatch>()))
            .AddWorker(ClusterMarks.Part, provider => provider.GetRequiredService<ClusterMarks>());
        if (!acts)
            return;
        services
            .AddSingleton(provider => new MarkWatch(Client(provider, credentials, OtherRequests), provider.GetRequiredService<FleetView>(), provider.GetRequiredService<IAuditLog>(),
                provider.GetRequiredService<WorkerBoard>(), provider.GetRequiredService<TimeProvider>()))
            .AddWorker(MarkWatch.Part, provider => provider.GetRequiredService<MarkWatch>());
    }

    private static void AddSteps(this IServiceCollection services, ApiCredentials credentials) => services
        .AddSingleton<ClusterStepStore>()
        .AddSingleton(provider => new ClusterSteps(Client(provider, credentials, StepRequests), node => new ReportedPods(provider.GetRequiredService<FleetView>(), node),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>()))
        .AddSingleton<ClusterStepRunner>()
        .AddSingleton<StepDesk>()
        .AddWorker(ClusterStepRunner.Part, provider => provider.GetRequiredService<ClusterStepRunner>());

    private static LeaseOptions Lease(Config config) => new()
    {
        NodeName = "",
        DomainLabel = config.Get(AggregatorKeys.LeaseDomain),
        Slots = config.Get(AggregatorKeys.LeaseSlots),
        Namespace = config.Get(AggregatorKeys.LeaseNamespace),
    };

    private static ApiClient Client(IServiceProvider provider, ApiCredentials credentials, int perSecond) => AggregatorServices.Client(credentials, provider.GetRequiredService<TimeProvider>(), perSecond);
}
