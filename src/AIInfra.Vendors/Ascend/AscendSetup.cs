using AIInfra.Core.Cdi;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Labels;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Ascend.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIInfra.Vendors.Ascend;

public static class AscendSetup
{
    /// <summary>NPUs are processing accelerators on the bus. The names of driver and module are general knowledge, not seen on a node: where they are others, boards
    /// that the driver does not list are not missed.</summary>
    private static readonly PciFamily Boards = new("0x19e5", ["0x1200"], "devdrv_device_driver") { Module = "drv_devdrv_host" };

    internal static VendorDefinition Definition => new(AscendFields.Vendor, "libdcmi.so", AscendFields.Table, new AscendRules(AscendFaultTable.Embedded), Boards)
    {
        NodePrefixes = ["davinci", "vdavinci", "devmm_svm", "hisi_hdc"],
    };

    /// <summary>Adds Ascend NPUs. On a host without the driver: no devices, no errors.</summary>
    public static IServiceCollection AddAscend(this IServiceCollection services, VendorOptions vendor, AscendOptions options, VendorHostLauncher launcher)
    {
        services.TryAddSingleton<CdiBoard>();
        if (vendor.Enabled != false)
            services.AddWorker<AscendHostWatch>(AscendHostWatch.Part).AddSingleton<ICdiSource, AscendCdiSource>();
        else
            services.AddSingleton<AscendHostWatch>();
        return services
            .AddVendor(Definition, vendor, launcher.Searching(DcmiLibrary.Search.Folders))
            .AddSingleton<IOfferPolicy, AscendOffers>()
            .AddSingleton<IAllocator>(provider => new AscendAllocator(options, () => provider.GetRequiredService<AscendHostWatch>().View, () => provider.GetRequiredService<CdiBoard>().Current.Value))
            .AddSingleton<IFeatureLabels, AscendLabels>()
            .AddSingleton<IDeviceResets, AscendResets>()
            .AddProfiles(AscendProfiles.All());
    }
}
