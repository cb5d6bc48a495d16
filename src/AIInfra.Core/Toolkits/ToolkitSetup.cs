using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Labels;
using AIInfra.Core.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.Core.Toolkits;

public static class ToolkitSetup
{
    /// <summary>Adds the inventory of drivers, toolkits and libraries on the host.</summary>
    public static IServiceCollection AddToolkits(this IServiceCollection services, ImmutableArray<ToolkitSource> sources) => services
        .AddSingleton<ToolkitBoard>()
        .AddSingleton<PageRows, ToolkitRows>()
        .AddSingleton<INodeLabels, ToolkitLabels>()
        .AddWorker(ToolkitWorker.Part, provider => new ToolkitWorker(
            new ToolkitReader(provider.GetRequiredService<HostPaths>(), sources), provider.GetRequiredService<ToolkitBoard>(), provider.GetRequiredService<InventoryBoard>(),
            provider.GetRequiredService<HealthBoard>(), provider.GetServices<IToolkitRules>(), provider.GetRequiredService<TimeProvider>()));
}
