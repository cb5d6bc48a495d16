using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.VendorHost;

public static class VendorSetup
{
    /// <summary>Serves a vendor under the worker name <c>vendor NAME</c>. On a node without its driver: no devices, no errors.</summary>
    /// <remarks><see cref="StoredInventories"/> is used where it is registered. A vendor with <c>enabled: false</c> is left out.</remarks>
    public static IServiceCollection AddVendor(
        this IServiceCollection services, VendorDefinition definition, VendorOptions options, VendorHostLauncher launcher) =>
        options.Enabled == false
            ? services
            : services.AddWorker($"vendor {definition.Name}", provider => new VendorWorker(
                definition, options, launcher,
                new VendorBoards(
                    provider.GetRequiredService<InventoryBoard>(), provider.GetRequiredService<SampleBoard>(),
                    provider.GetRequiredService<HealthBoard>(), provider.GetRequiredService<WorkerBoard>(),
                    provider.GetService<VendorReleases>(), provider.GetService<PciChanges>(), provider.GetService<VendorPauses>(), provider.GetService<Heartbeats>()),
                provider.GetService<StoredInventories>() ?? StoredInventories.None,
                provider.GetRequiredService<HostPaths>(), provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<VendorWorker>>()));
}
