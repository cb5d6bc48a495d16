using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation;
using AIInfra.Fleet.Granting;
using AIInfra.Fleet.Reporting;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.Fleet;

public static class FleetSetup
{
    /// <summary>Tells an aggregator how the node is, under the worker name <c>fleet</c>, and asks it for grants.</summary>
    /// <param name="sources">The boards; asked once.</param>
    /// <param name="outcome">See <see cref="FleetGrants"/>.</param>
    /// <param name="leases">Likewise.</param>
    public static IServiceCollection AddFleet(
        this IServiceCollection services, FleetOptions options, Func<IServiceProvider, NodeSources> sources, Func<IServiceProvider, Func<string, ActionResult?>> outcome,
        Func<IServiceProvider, LeaseFallback?>? leases = null) => services
        .AddSingleton(options)
        .AddSingleton(sources)
        .AddSingleton(provider => new FleetGrants(options, outcome(provider), provider.GetRequiredService<TimeProvider>(), provider.GetService<StepProgress>(), leases?.Invoke(provider)))
        .AddSingleton<IGrants>(provider => provider.GetRequiredService<FleetGrants>())
        .AddSingleton<IAggregatorSteps>(provider => provider.GetRequiredService<FleetGrants>().Steps)
        .AddWorker<FleetReporter>(FleetReporter.Part);
}
