using AIInfra.Core.Devices;
using AIInfra.Core.VendorHost;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.Vendors.Nvidia;

public static class NvidiaSetup
{
    /// <summary>Adds NVIDIA boards. On a host without the driver: no devices, no errors.</summary>
    public static IServiceCollection AddNvidia(this IServiceCollection services, VendorOptions options, VendorHostLauncher launcher) => services
        .AddVendor(new VendorDefinition(NvidiaFields.Table.Vendor, "libnvidia-ml.so.1", NvidiaFields.Table, new NvidiaRules(NvidiaXidTable.Embedded)), options, launcher)
        .AddSingleton<IAllocator, NvidiaAllocator>()
        .AddSingleton(NvidiaDcgmProfile.Profile);
}
