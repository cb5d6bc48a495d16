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
    public static IServiceCollection AddFleet(
        this IServiceCollection services, FleetOptions options, Func<IServiceProvider, NodeSources> sources, Func<IServiceProvider, Func<string, ActionResult?>> outcome) => services
        .AddSingleton(options)
        .AddSingleton(sources)
        .AddSingleton(provider => new FleetGrants(options, outcome(provider), provider.GetRequiredService<TimeProvider>()))
        .AddSingleton<IGrants>(provider => provider.GetRequiredService<FleetGrants>())
        .AddWorker<FleetReporter>(FleetReporter.Part);
}
