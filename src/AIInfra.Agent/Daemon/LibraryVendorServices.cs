using AIInfra.Agent.Configuration;
using AIInfra.Core.Configuration;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Cambricon;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.Agent.Daemon;

/// <summary>The vendors with a library, beside NVIDIA, one line each.</summary>
internal static class LibraryVendorServices
{
    public static IServiceCollection AddLibraryVendors(this IServiceCollection services, Config config, VendorHostLauncher launcher) => services
        .AddCambricon(CambriconKeys.Common.Options(config), CambriconKeys.Options(config), launcher);
}
