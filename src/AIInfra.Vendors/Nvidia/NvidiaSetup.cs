using AIInfra.Core.Cdi;
using AIInfra.Core.Devices;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Nvidia.Cdi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIInfra.Vendors.Nvidia;

public static class NvidiaSetup
{
    /// <summary>GPUs: 3D controllers, and VGA controllers for those with a display; no NVSwitches, no audio functions.</summary>
    private static readonly PciFamily Boards = new("0x10de", ["0x0302", "0x0300"], "nvidia");

    /// <summary>Adds NVIDIA boards. On a host without the driver: no devices, no errors.</summary>
    public static IServiceCollection AddNvidia(this IServiceCollection services, VendorOptions options, VendorHostLauncher launcher) => services
        .AddVendor(
            new VendorDefinition(NvidiaFields.Table.Vendor, "libnvidia-ml.so.1", NvidiaFields.Table,
                new NvidiaRules(NvidiaXidTable.Embedded, () => TimeSpan.FromMilliseconds(Environment.TickCount64)), Boards),
            options, launcher)
        .AddSingleton<IAllocator, NvidiaAllocator>()
        .AddCdi(options)
        .AddSingleton(NvidiaDcgmProfile.Profile);

    /// <summary>A vendor that is switched off writes no specs, and touches none of another program's.</summary>
    private static IServiceCollection AddCdi(this IServiceCollection services, VendorOptions options)
    {
        services.TryAddSingleton(new NvidiaCdiOptions());
        return options.Enabled == false ? services : services.AddSingleton<ICdiSource, NvidiaCdiSource>();
    }
}
