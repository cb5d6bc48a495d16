using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Ascend;
using AIInfra.Vendors.Cambricon;
using AIInfra.Vendors.Intel.LevelZero;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.Vendors;

/// <summary>The libraries that a vendor host can serve, by the name it was started with: one line a vendor.</summary>
public static class VendorLibraries
{
    /// <summary>Opens nothing yet. Null when there is no vendor of this name.</summary>
    /// <param name="name"><see cref="VendorDefinition.Name"/>.</param>
    public static IVendorLibrary? Create(string name) => name switch
    {
        "nvidia" => new NvidiaLibrary(TimeProvider.System, Console.Error, NvidiaSampling.FromEnvironment()),
        "ascend" => new AscendLibrary(DcmiLibrary.Search.Load, Console.Error),
        "cambricon" => new CambriconLibrary(TimeProvider.System, Console.Error),
        "intel-levelzero" => new LevelZeroLibrary(Console.Error),
        _ => null,
    };
}
