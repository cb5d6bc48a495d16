using AIInfra.Agent.Configuration;
using AIInfra.Core.Configuration;
using AIInfra.Core.Devices;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.Agent.Daemon;

/// <summary>The daemon's probes, as they are set.</summary>
internal static class ProbeComposition
{
    public static IServiceCollection AddProbes(this IServiceCollection services, Config config) => services.AddProbes(
        new VendorHostLauncher("/proc/self/exe", []),
        (provider, children) => new ProbeSetup(AgentProbes.All, ProbeKeys.Read(config), new ProbeParts
        {
            Host = provider.GetRequiredService<HostPaths>(),
            Time = provider.GetRequiredService<TimeProvider>(),
            Children = children,
            Inventory = provider.GetRequiredService<InventoryBoard>(),
            Samples = provider.GetRequiredService<SampleBoard>(),
            KubeletRoots = AgentConfig.Kubelet(config).Roots,
            Systemd = () => provider.GetRequiredService<HostSystem>().Units,
            WatchedUnits = config.Get(AgentKeys.WatchedUnits),
        }));
}
