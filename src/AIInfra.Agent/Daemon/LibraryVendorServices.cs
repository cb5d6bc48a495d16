using AIInfra.Agent.Configuration;
using AIInfra.Core.Configuration;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Ascend;
using AIInfra.Vendors.Cambricon;
using AIInfra.Vendors.Intel.LevelZero;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.Agent.Daemon;

/// <summary>The vendors with a library, beside NVIDIA, one line each.</summary>
internal static class LibraryVendorServices
{
    public static IServiceCollection AddLibraryVendors(this IServiceCollection services, Config config, VendorHostLauncher launcher) => services
        .AddAscend(LibraryVendors.Ascend.Options(config), new AscendOptions { Injection = InjectionOf(config.Get(LibraryVendors.AscendInjection)) }, launcher)
        .AddLevelZero(LevelZeroKeys.Options(config), launcher)
        .AddCambricon(CambriconKeys.Common.Options(config), CambriconKeys.Options(config), launcher);

    private static AscendInjection InjectionOf(string word) => word switch
    {
        "runtime" => AscendInjection.Runtime,
        "nodes" => AscendInjection.Nodes,
        "cdi" => AscendInjection.Cdi,
        _ => AscendInjection.ByHost,
    };
}
