using AIInfra.Core.Devices;
using AIInfra.Core.Labels;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorFiles;
using AIInfra.Vendors.Amd.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.Vendors.Amd;

public static class AmdSetup
{
    /// <summary>Adds AMD GPUs. On a host without the driver: no devices, no errors.</summary>
    public static IServiceCollection AddAmd(this IServiceCollection services, FileVendorOptions vendor, AmdNaming naming)
    {
        var offers = new AmdOffers(naming);
        return services
            .AddFileVendor(AmdFields.Vendor, (host, _) => new AmdDriver(host), _ => new AmdRules(), vendor)
            .AddSingleton<IOfferPolicy>(offers)
            .AddSingleton<IAllocator>(offers)
            .AddSingleton<IFeatureLabels, AmdLabels>()
            .AddSingleton<IDeviceResets, AmdResets>()
            .AddProfiles(AmdProfiles.All());
    }
}
