using AIInfra.Core.Cdi;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Labels;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Cambricon.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIInfra.Vendors.Cambricon;

public static class CambriconSetup
{
    /// <summary>Processing accelerators of Cambricon's.</summary>
    private static readonly PciFamily Boards = new("0xcabc", ["0x12"], "cambricon-pci-drv") { Module = "cambricon_drv" };

    internal static VendorDefinition Definition(CambriconXids xids) =>
        new(CambriconFields.Vendor, "libcndev.so", CambriconFields.Table, new CambriconRules(xids), Boards) { NodePrefixes = ["cambricon", "cambr-"] };

    /// <summary>Adds MLUs. On a host without the driver: no devices, no errors.</summary>
    public static IServiceCollection AddCambricon(this IServiceCollection services, VendorOptions vendor, CambriconOptions options, VendorHostLauncher launcher)
    {
        services.TryAddSingleton<CdiBoard>();
        var (xids, searching) = (new CambriconXids(), launcher.Searching(["/usr/local/neuware/lib64"]));
        return services
            .AddVendor(Definition(xids), vendor, searching)
            .AddSingleton<IOfferPolicy>(new CambriconOffers(options))
            .AddSingleton<IAllocator>(provider => new CambriconAllocator(
                options, new CambriconNodes(provider.GetRequiredService<HostPaths>(), options), () => provider.GetRequiredService<CdiBoard>().Current.Value))
            .AddCdi(vendor, options)
            .AddSingleton<IFeatureLabels, CambriconLabels>()
            .AddSingleton<IDeviceResets>(provider => new CambriconResets(options, new LibraryReset(searching, CambriconFields.Vendor, vendor, provider.GetRequiredService<TimeProvider>())))
            .AddProfiles(CambriconProfiles.All(xids));
    }

    /// <summary>A vendor that is switched off writes no specs, and touches none of another program's.</summary>
    private static IServiceCollection AddCdi(this IServiceCollection services, VendorOptions vendor, CambriconOptions options) => vendor.Enabled == false ? services
        : services.AddSingleton<ICdiSource>(provider => new CambriconCdiSource(new CambriconNodes(provider.GetRequiredService<HostPaths>(), options), options));
}
