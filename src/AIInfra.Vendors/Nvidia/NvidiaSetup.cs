using AIInfra.Core.Devices;
using AIInfra.Core.VendorHost;
using Microsoft.Extensions.DependencyInjection;

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
        .AddSingleton(NvidiaDcgmProfile.Profile);
}
