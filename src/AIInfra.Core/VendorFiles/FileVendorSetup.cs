using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.VendorFiles;

public static class FileVendorSetup
{
    /// <summary>Serves a vendor without library under the worker name <c>vendor NAME</c>. On a node without its driver: no devices, no errors.</summary>
    public static IServiceCollection AddFileVendor(
        this IServiceCollection services, string vendor, Func<HostPaths, TimeProvider, IFileDriver> driver, Func<IServiceProvider, IReadingRules> rules, FileVendorOptions options) =>
        options.Enabled == false
            ? services
            : services.AddWorker($"vendor {vendor}", provider => new FileVendorWorker(
                driver(provider.GetRequiredService<HostPaths>(), provider.GetRequiredService<TimeProvider>()), rules(provider), options,
                new VendorBoards(
                    provider.GetRequiredService<InventoryBoard>(), provider.GetRequiredService<SampleBoard>(),
                    provider.GetRequiredService<HealthBoard>(), provider.GetRequiredService<WorkerBoard>(), provider.GetService<VendorReleases>(), provider.GetService<PciChanges>(),
                    provider.GetService<VendorPauses>()),
                provider.GetService<StoredInventories>() ?? StoredInventories.None,
                provider.GetRequiredService<HostPaths>(), provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<FileVendorWorker>>()));
}
