using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorFiles;
using AIInfra.Vendors.Rdma.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.Vendors.Rdma;

public static class RdmaSetup
{
    /// <summary>Adds InfiniBand and RoCE devices. On a host without RDMA: no devices, no errors.</summary>
    public static IServiceCollection AddRdma(this IServiceCollection services, FileVendorOptions vendor, RdmaConfig config) => services
        .AddFileVendor(RdmaFields.Vendor, (host, _) => new RdmaDriver(host), _ => new RdmaRules(), vendor)
        .AddSingleton<IOfferPolicy>(new RdmaOffers(config))
        .AddSingleton<IAllocator, RdmaAllocator>()
        .AddProfiles(RdmaProfiles.All());
}
