using System.Collections.Immutable;
using AIInfra.Core.Cdi;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Labels;
using AIInfra.Core.Metrics;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Nvidia.Cdi;
using AIInfra.Vendors.Nvidia.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIInfra.Vendors.Nvidia;

public static class NvidiaSetup
{
    /// <summary>GPUs: 3D controllers, and VGA controllers for those with a display; no NVSwitches, no audio functions.</summary>
    private static readonly PciFamily Boards = new("0x10de", ["0x0302", "0x0300"], "nvidia");

    /// <summary>Adds NVIDIA boards. On a host without the driver: no devices, no errors.</summary>
    public static IServiceCollection AddNvidia(this IServiceCollection services, VendorOptions vendor, NvidiaOptions options, VendorHostLauncher launcher)
    {
        services.TryAddSingleton<CdiBoard>();
        var counts = new NvidiaCounts(options.CountWindow, TimeProvider.System);
        return services
            .AddVendor(
                new VendorDefinition(NvidiaFields.Table.Vendor, "libnvidia-ml.so.1", NvidiaFields.Table,
                    new NvidiaRules(NvidiaXidTable.Embedded, () => TimeSpan.FromMilliseconds(Environment.TickCount64), counts), Boards),
                vendor, launcher with { Environment = launcher.Environment.Concat(options.Sampling.ToEnvironment()).ToDictionary() })
            .AddSingleton(options)
            .AddSingleton<IOfferPolicy>(new SharedOffers(new NvidiaOffers(options.Mig), options.Sharing))
            .AddWorker<NvidiaHostWatch>(NvidiaHostWatch.Part)
            .AddSingleton<IAllocator>(provider => new NvidiaAllocator(
                options.Injection, () => provider.GetRequiredService<NvidiaHostWatch>().View, () => provider.GetRequiredService<CdiBoard>().Current.Value))
            .AddCdi(vendor, options.Injection)
            .AddSingleton<IFeatureLabels, NvidiaLabels>()
            .AddSingleton<IDeviceResets, NvidiaResets>()
            .AddProfiles(NvidiaProfiles.All(counts, TimeProvider.System, options.Dcgm));
    }

    private static IServiceCollection AddProfiles(this IServiceCollection services, ImmutableArray<MetricProfile> profiles) =>
        profiles.Aggregate(services, (all, profile) => all.AddSingleton(profile));

    /// <summary>A vendor that is switched off writes no specs, and touches none of another program's.</summary>
    private static IServiceCollection AddCdi(this IServiceCollection services, VendorOptions vendor, NvidiaInjection options) => vendor.Enabled == false ? services : services
        .AddSingleton(new NvidiaCdiOptions
        {
            DriverRoot = options.DriverRoot,
            HookPath = options.CdiHookPath,
            Gds = options.HasGds,
            Mofed = options.HasMofed,
            GdrCopy = options.HasGdrCopy,
            ImexChannels = options.ImexChannels,
        })
        .AddSingleton<ICdiSource, NvidiaCdiSource>();
}
