using AIInfra.Core.Cdi;
using AIInfra.Core.Devices;
using AIInfra.Core.Labels;
using AIInfra.Core.VendorFiles;
using AIInfra.Vendors.Intel.LevelZero;
using AIInfra.Vendors.Intel.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIInfra.Vendors.Intel;

public static class IntelSetup
{
    /// <summary>Adds Intel GPUs. On a host without one: no devices, no errors.</summary>
    public static IServiceCollection AddIntel(this IServiceCollection services, FileVendorOptions vendor, IntelOptions options)
    {
        var levelZero = new LevelZeroReadings(); // filled where the library is served too
        return services
            .AddSingleton(levelZero)
            .AddFileVendor(IntelFields.Vendor, (host, time) => new IntelDriver(host, time, levelZero), _ => new IntelRules(options), vendor)
            .AddSingleton(IntelOffers.Of(options))
            .AddSingleton<IAllocator>(provider => new IntelOffers(options, () => provider.GetRequiredService<CdiBoard>().Current.Value))
            .AddCdi(vendor, options)
            .AddSingleton<IFeatureLabels, IntelLabels>()
            .AddProfiles(IntelProfiles.All());
    }

    /// <summary>Written where CDI is asked for only: Intel's own plugin and its DRA driver write specs of their own.</summary>
    private static IServiceCollection AddCdi(this IServiceCollection services, FileVendorOptions vendor, IntelOptions options)
    {
        services.TryAddSingleton<CdiBoard>();
        return vendor.Enabled == false || !options.UsesCdi ? services : services.AddSingleton<ICdiSource>(new IntelCdiSource(options));
    }
}
