using AIInfra.Agent.Configuration;
using AIInfra.Core.Configuration;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Labels;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Journal;
using AIInfra.Core.Workloads;
using AIInfra.Fleet;
using AIInfra.Fleet.Granting;
using AIInfra.Fleet.Reporting;
using AIInfra.Fleet.V1;
using AIInfra.Kubernetes.Remediation;
using AIInfra.Kubernetes.Reporting;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.Agent.Daemon;

/// <summary>The agent's side of the fleet, where fleet.aggregator names one.</summary>
internal static class FleetServices
{
    public static IServiceCollection AddFleet(this IServiceCollection services, Config config) => FleetKeys.Options(config) is not { } options
        ? services
        : services.AddSingleton<NodeLabels>().AddFleet(options, Sources, provider => Outcome(provider.GetService<RemediationJournal>()), provider => Fallback(provider, options, config));

    /// <summary>Null: an aggregator that is away denies.</summary>
    private static LeaseFallback? Fallback(IServiceProvider provider, FleetOptions options, Config config)
    {
        if (!FleetKeys.FallsBack(config))
            return null;
        var (steps, lease) = (NodeStepKeys.Options(config), NodeStepKeys.Lease(config));
        var rules = new Leases { DomainLabel = lease.DomainLabel, Slots = (uint)lease.Slots, Namespace = lease.Namespace };
        return new LeaseFallback(steps.LeaseIsFallback ? provider.GetRequiredService<LeaseGrants>() : null, rules, options, provider.GetRequiredService<TimeProvider>());
    }

    private static NodeSources Sources(IServiceProvider provider)
    {
        var journal = provider.GetService<RemediationJournal>();
        var grants = provider.GetRequiredService<FleetGrants>();
        return new NodeSources(
            provider.GetRequiredService<HealthBoard>(), provider.GetRequiredService<InventoryBoard>(), provider.GetRequiredService<WorkerBoard>(),
            provider.GetRequiredService<HostPaths>(), provider.GetRequiredService<WorkloadBoard>().Current,
            [provider.GetRequiredService<LabelBoard>().Current, provider.GetRequiredService<NodeLabels>().Current],
            () => journal is null ? [] : JournalOperations.Of(journal.History, grants.Find), () => null);
    }

    /// <summary>Of the last step of an operation that has one.</summary>
    private static Func<string, ActionResult?> Outcome(RemediationJournal? journal) => operation =>
        journal?.History.Records.LastOrDefault(record => record.Step.Operation == operation && record.IsDisruptive)?.Result;
}
