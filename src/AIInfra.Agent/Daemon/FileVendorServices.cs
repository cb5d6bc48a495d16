using AIInfra.Agent.Configuration;
using AIInfra.Core.Configuration;
using AIInfra.Vendors.Amd;
using AIInfra.Vendors.Generic;
using AIInfra.Vendors.Intel;
using AIInfra.Vendors.Rdma;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.Agent.Daemon;

/// <summary>The vendors that need no library, one line each.</summary>
internal static class FileVendorServices
{
    public static IServiceCollection AddFileVendors(this IServiceCollection services, Config config, FileVendorSettings settings) => services
        .AddAmd(FileVendorSettings.Options(config, FileVendorKeys.AmdEnabled), config.Get(FileVendorKeys.AmdNaming) == "mixed" ? AmdNaming.ByDivision : AmdNaming.OneName)
        .AddIntel(FileVendorSettings.Options(config, FileVendorKeys.IntelEnabled), FileVendorKeys.Intel(config))
        .AddRdma(FileVendorSettings.Options(config, FileVendorKeys.RdmaEnabled), settings.Rdma)
        .AddGeneric(FileVendorSettings.Options(config, FileVendorKeys.GenericEnabled), settings.Generic.Rows);
}
