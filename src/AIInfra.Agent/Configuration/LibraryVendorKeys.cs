using System.Collections.Immutable;
using AIInfra.Core.Configuration;
using AIInfra.Core.VendorHost;

namespace AIInfra.Agent.Configuration;

/// <summary>The settings that every vendor with a library has.</summary>
/// <param name="vendor"><see cref="VendorDefinition.Name"/>.</param>
/// <param name="file">Default file name of the library.</param>
/// <param name="about">The sentence on the library's file.</param>
internal sealed class LibraryVendorKeys(string vendor, string file, string about)
{
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(10), Least = TimeSpan.FromSeconds(1), Most = TimeSpan.FromMinutes(5);

    public ConfigKey<string> Enabled { get; } = ConfigForm.Choice($"vendors.{vendor}.enabled", ["auto", "true", "false"], "auto", "auto: quiet where there is no driver; true: a missing driver is a fault.");
    public ConfigKey<string> Library { get; } = ConfigForm.Text($"vendors.{vendor}.library", file, about);
    public ConfigKey<TimeSpan> SampleInterval { get; } = ConfigForm.Duration($"vendors.{vendor}.sampleInterval", Least, Most, Usual, "From one reading of the devices to the next.");
    public ConfigKey<TimeSpan> CallTimeout { get; } = ConfigForm.Duration($"vendors.{vendor}.callTimeout", Least, Most, Usual, "A call into the library that takes longer counts as hung.");

    public ImmutableArray<ConfigKey> All => [Enabled, Library, SampleInterval, CallTimeout];

    public VendorOptions Options(Config config) => new()
    {
        Enabled = config.Get(Enabled) switch { "true" => true, "false" => false, _ => null },
        Library = config.Get(Library),
        SampleInterval = config.Get(SampleInterval),
        CallTimeout = config.Get(CallTimeout),
    };
}

/// <summary>The vendors with a library and what is set of each, beside NVIDIA, which has many settings of its own.</summary>
internal static class LibraryVendors
{
    /// <summary>One line a vendor.</summary>
    public static ImmutableArray<LibraryVendorKeys> Each => [Ascend, CambriconKeys.Common];

    public static LibraryVendorKeys Ascend { get; } = new("ascend", "libdcmi.so", "File name or path of DCMI; a name is looked for where the driver puts it.");
    public static ConfigKey<string> AscendInjection { get; } = ConfigForm.Choice("vendors.ascend.injection", ["auto", "runtime", "nodes", "cdi"], "auto",
        "How a container gets its NPUs: runtime: by an environment variable, for the Ascend Docker Runtime; nodes: as device nodes with the driver's files; auto: runtime where it is installed, else nodes.");

    public static ImmutableArray<ConfigKey> All => [.. Each.SelectMany(vendor => vendor.All), AscendInjection, .. CambriconKeys.Own];
}
