using System.Collections.Immutable;
using AIInfra.Core.Configuration;
using AIInfra.Core.VendorFiles;
using AIInfra.Vendors.Generic;
using AIInfra.Vendors.Rdma;

namespace AIInfra.Agent.Configuration;

/// <summary>The settings of vendors that need no library.</summary>
internal static class FileVendorKeys
{
    private const string Auto = "auto: quiet where there is none; true: that there is none is a fault.";

    public static readonly ConfigKey<string> RdmaEnabled = ConfigForm.Choice("vendors.rdma.enabled", ["auto", "true", "false"], "auto", $"InfiniBand and RoCE devices; {Auto}");
    public static readonly ConfigKey<string> RdmaConfig = ConfigForm.Text("vendors.rdma.config", "", "A config of Mellanox' RDMA shared device plugin (JSON); empty: each card is offered whole as rdma/hca, each virtual function as rdma/vf.");

    public static readonly ConfigKey<string> GenericEnabled = ConfigForm.Choice("vendors.generic.enabled", ["auto", "true", "false"], "auto", $"Devices that a table describes: TPUs, FPGAs and others, see adding-a-vendor.md; {Auto}");
    public static readonly ConfigKey<ImmutableArray<string>> GenericTables = ConfigForm.TextList("vendors.generic.tables", [], "Files of further rows, or folders of them (*.yaml); a row replaces the built-in one of its name.");

    public static readonly ConfigKey<string> AmdEnabled = ConfigForm.Choice("vendors.amd.enabled", ["auto", "true", "false"], "auto", $"AMD GPUs; {Auto}");
    public static readonly ConfigKey<string> AmdNaming = ConfigForm.Choice("vendors.amd.namingStrategy", ["single", "mixed"], "single", "single: all are amd.com/gpu; mixed: by how a GPU is divided, as in amd.com/cpx_nps4.");

    public static ImmutableArray<ConfigKey> All { get; } = [AmdEnabled, AmdNaming, RdmaEnabled, RdmaConfig, GenericEnabled, GenericTables];
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
