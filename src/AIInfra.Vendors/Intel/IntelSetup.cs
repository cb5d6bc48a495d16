using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Labels;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Core.VendorFiles;
using AIInfra.Vendors.Intel.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.Vendors.Intel;

public static class IntelSetup
{
    /// <summary>Adds Intel GPUs. On a host without one: no devices, no errors.</summary>
    public static IServiceCollection AddIntel(this IServiceCollection services, FileVendorOptions vendor, IntelOptions options) => services
        .AddFileVendor(IntelFields.Vendor, (host, time) => new IntelDriver(host, time), _ => new IntelRules(options), vendor)
        .AddSingleton(IntelOffers.Of(options))
        .AddSingleton<IAllocator>(new IntelOffers(options))
        .AddSingleton<IFeatureLabels, IntelLabels>()
        .AddSingleton<IDeviceResets>(provider => new IntelResets(provider.GetRequiredService<HostPaths>()))
        .AddProfiles(IntelProfiles.All());
}
