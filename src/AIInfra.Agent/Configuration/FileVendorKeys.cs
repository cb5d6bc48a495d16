using System.Collections.Immutable;
using AIInfra.Core.Configuration;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorFiles;
using AIInfra.Vendors.Generic;
using AIInfra.Vendors.Intel;
using AIInfra.Vendors.Rdma;

namespace AIInfra.Agent.Configuration;

/// <summary>The settings of vendors that need no library.</summary>
internal static class FileVendorKeys
{
    private const string IdForm = "four hexadecimal digits, as in 0bd5";
    private const string Auto = "auto: quiet where there is none; true: that there is none is a fault.";

    public static readonly ConfigKey<string> RdmaEnabled = ConfigForm.Choice("vendors.rdma.enabled", ["auto", "true", "false"], "auto", $"InfiniBand and RoCE devices; {Auto}");
    public static readonly ConfigKey<string> RdmaConfig = ConfigForm.Text("vendors.rdma.config", "", "A config of Mellanox' RDMA shared device plugin (JSON); empty: each card is offered whole as rdma/hca, each virtual function as rdma/vf.");

    public static readonly ConfigKey<string> GenericEnabled = ConfigForm.Choice("vendors.generic.enabled", ["auto", "true", "false"], "auto", $"Devices that a table describes: TPUs, FPGAs and others, see adding-a-vendor.md; {Auto}");
    public static readonly ConfigKey<ImmutableArray<string>> GenericTables = ConfigForm.TextList("vendors.generic.tables", [], "Files of further rows, or folders of them (*.yaml); a row replaces the built-in one of its name.");

    public static readonly ConfigKey<string> AmdEnabled = ConfigForm.Choice("vendors.amd.enabled", ["auto", "true", "false"], "auto", $"AMD GPUs; {Auto}");
    public static readonly ConfigKey<string> AmdNaming = ConfigForm.Choice("vendors.amd.namingStrategy", ["single", "mixed"], "single", "single: all are amd.com/gpu; mixed: by how a GPU is divided, as in amd.com/cpx_nps4.");

    public static readonly ConfigKey<string> IntelEnabled = ConfigForm.Choice("vendors.intel.enabled", ["auto", "true", "false"], "auto", $"Intel GPUs of the drivers i915 and xe; {Auto}");
    public static readonly ConfigKey<int> IntelSharedDevNum = ConfigForm.Number("vendors.intel.sharedDevNum", 1, SharingPlan.MostReplicas, 1, "Containers that one GPU is given to at a time.");
    public static readonly ConfigKey<string> IntelPolicy = ConfigForm.Choice("vendors.intel.allocationPolicy", ["none", "balanced", "packed"], "none",
        "Which shared GPU a further container gets: the first that is free, the one with the fewest, or the one with the most that still has room. GPUs that are not shared are chosen by how near they are to each other.");
    public static readonly ConfigKey<string> IntelMonitoring = ConfigForm.Choice("vendors.intel.monitoring", ["off", "single", "split"], "off",
        "A resource of all GPUs for programs that watch them: single is gpu.intel.com/monitoring, split one for each driver, as gpu.intel.com/xe_monitoring.");
    public static readonly ConfigKey<string> IntelByPath = ConfigForm.Choice("vendors.intel.bypath", ["single", "none", "all"], "single", "Which links of /dev/dri/by-path a container gets: those of its GPUs, none, or the whole folder.");
    public static readonly ConfigKey<string> IntelInjection = ConfigForm.Choice("vendors.intel.injection", ["nodes", "cdi"], "nodes", "How a container gets its GPUs: nodes: as device nodes with their links; cdi: by CDI names, whose spec the agent writes.");
    public static readonly ConfigKey<ImmutableArray<string>> IntelAllowIds = ConfigForm.TextListOf("vendors.intel.allowIds", IdForm, text => IntelOptions.ParseId(text) is not null, "Only GPUs of these PCI device ids are offered; empty: all.");
    public static readonly ConfigKey<ImmutableArray<string>> IntelDenyIds = ConfigForm.TextListOf("vendors.intel.denyIds", IdForm, text => IntelOptions.ParseId(text) is not null, "GPUs of these PCI device ids are not offered.");
    public static readonly ConfigKey<int> IntelTemperatureLimit = ConfigForm.Number("vendors.intel.temperatureLimit", 40, 150, 100, "Degrees Celsius above which a GPU gets no new work.");
    public static readonly ConfigKey<int> IntelMemoryTemperatureLimit = ConfigForm.Number("vendors.intel.memoryTemperatureLimit", 40, 150, 100, "Degrees Celsius of its memory above which a GPU gets no new work.");

    public static ImmutableArray<ConfigKey> All { get; } =
    [
        AmdEnabled, AmdNaming, IntelEnabled, IntelSharedDevNum, IntelPolicy, IntelMonitoring, IntelByPath, IntelInjection, IntelAllowIds, IntelDenyIds, IntelTemperatureLimit, IntelMemoryTemperatureLimit, .. LevelZeroKeys.All, RdmaEnabled, RdmaConfig, GenericEnabled, GenericTables,
    ];

    public static IntelOptions Intel(Config config) => new()
    {
        SharedDevNum = config.Get(IntelSharedDevNum),
        Placement = config.Get(IntelPolicy) switch { "balanced" => SharedPlacement.Distributed, "packed" => SharedPlacement.Packed, _ => SharedPlacement.InOrder },
        Monitoring = config.Get(IntelMonitoring) switch { "single" => Vendors.Intel.IntelMonitoring.Together, "split" => Vendors.Intel.IntelMonitoring.ByDriver, _ => Vendors.Intel.IntelMonitoring.Off },
        ByPath = config.Get(IntelByPath) switch { "none" => Vendors.Intel.IntelByPath.None, "all" => Vendors.Intel.IntelByPath.Folder, _ => Vendors.Intel.IntelByPath.Own },
        UsesCdi = config.Get(IntelInjection) == "cdi",
        AllowIds = [.. config.Get(IntelAllowIds).Select(IntelOptions.ParseId).OfType<string>()],
        DenyIds = [.. config.Get(IntelDenyIds).Select(IntelOptions.ParseId).OfType<string>()],
        TemperatureLimit = config.Get(IntelTemperatureLimit),
        MemoryTemperatureLimit = config.Get(IntelMemoryTemperatureLimit),
    };
}

/// <summary>What the files hold that those settings name. Immutable.</summary>
internal sealed record FileVendorSettings(RdmaConfig Rdma, GenericTable Generic)
{
    public static FileVendorSettings None { get; } = new(RdmaConfig.None, GenericTable.Embedded);

    public ImmutableArray<ConfigError> Errors => [.. Rdma.Errors, .. Generic.Errors];
    /// <summary>What is understood and has no effect here.</summary>
    public ImmutableArray<ConfigError> Notes => Rdma.Notes;

    public static FileVendorSettings Load(Config config) => new(
        config.Get(FileVendorKeys.RdmaConfig) is { Length: > 0 } rdma ? RdmaConfig.Load(rdma) : RdmaConfig.None,
        GenericTable.Load(config.Get(FileVendorKeys.GenericTables)));

    public static FileVendorOptions Options(Config config, ConfigKey<string> enabled) =>
        new() { Enabled = config.Get(enabled) switch { "true" => true, "false" => false, _ => null } };
}
