using System.Collections.Immutable;
using AIInfra.Core.Configuration;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Intel.LevelZero;

namespace AIInfra.Agent.Configuration;

/// <summary>The settings of what Level Zero tells of Intel GPUs beside their files.</summary>
internal static class LevelZeroKeys
{
    public static readonly ConfigKey<string> Use = ConfigForm.Choice("vendors.intel.levelZero", ["auto", "true", "false"], "auto",
        "Level Zero Sysman tells what files do not: load, memory in use and its health, Xe links. auto: where it is installed; true: that it is missing is a fault; false: never.");
    public static readonly ConfigKey<string> Library = ConfigForm.Text("vendors.intel.library", LevelZeroSetup.UsualLibrary, "File name or path of Level Zero's loader; auto: libze_loader.so.1.");

    public static ImmutableArray<ConfigKey> All { get; } = [Use, Library];

    /// <summary>A vendor that is switched off has no library either.</summary>
    public static VendorOptions Options(Config config) => new()
    {
        Enabled = config.Get(FileVendorKeys.IntelEnabled) == "false" ? false : config.Get(Use) switch { "true" => true, "false" => false, _ => null },
        Library = config.Get(Library),
    };
}
