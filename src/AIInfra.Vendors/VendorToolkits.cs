using System.Collections.Immutable;
using AIInfra.Core.Toolkits;
using AIInfra.Vendors.Nvidia;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.Vendors;

/// <summary>By which files the vendors' drivers, toolkits and libraries are found on a host, and what of them does not fit together.</summary>
public static class VendorToolkits
{
    /// <summary>See toolkits.tsv.</summary>
    internal static ImmutableArray<ToolkitSource> Sources => ToolkitSource.Read(VendorData.Lines("vendors.toolkits.tsv"));

    public static IServiceCollection AddVendorToolkits(this IServiceCollection services) => services
        .AddToolkits(Sources)
        .AddSingleton<IToolkitRules, NvidiaToolkitRules>();
}
