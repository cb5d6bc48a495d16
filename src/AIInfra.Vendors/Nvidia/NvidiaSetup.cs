using AIInfra.Core.Devices;
using AIInfra.Core.VendorHost;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.Vendors.Nvidia;

public static class NvidiaSetup
{
    /// <summary>Adds NVIDIA boards. On a host without the driver: no devices, no errors.</summary>
    public static IServiceCollection AddNvidia(this IServiceCollection services) => services
        .AddSingleton(_ => new VendorDefinition(NvidiaFields.Table.Vendor, "libnvidia-ml.so.1", NvidiaFields.Table, new NvidiaRules(NvidiaXidTable.Embedded)))
        .AddSingleton<IAllocator, NvidiaAllocator>()
        .AddSingleton(NvidiaDcgmProfile.Profile);
}
