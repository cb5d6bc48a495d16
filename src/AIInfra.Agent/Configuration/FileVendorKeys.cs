using System.Collections.Immutable;
using AIInfra.Core.Configuration;
using AIInfra.Core.VendorFiles;
using AIInfra.Vendors.Rdma;

namespace AIInfra.Agent.Configuration;

/// <summary>The settings of vendors that need no library.</summary>
internal static class FileVendorKeys
{
    private const string Auto = "auto: quiet where there is none; true: that there is none is a fault.";

    public static readonly ConfigKey<string> RdmaEnabled = ConfigForm.Choice("vendors.rdma.enabled", ["auto", "true", "false"], "auto", $"InfiniBand and RoCE devices; {Auto}");
    public static readonly ConfigKey<string> RdmaConfig = ConfigForm.Text("vendors.rdma.config", "", "A config of Mellanox' RDMA shared device plugin (JSON); empty: each card is offered whole as rdma/hca, each virtual function as rdma/vf.");

    public static ImmutableArray<ConfigKey> All { get; } = [RdmaEnabled, RdmaConfig];
}

/// <summary>What the files hold that those settings name. Immutable.</summary>
internal sealed record FileVendorSettings(RdmaConfig Rdma)
{
    public static FileVendorSettings None { get; } = new(RdmaConfig.None);

    public ImmutableArray<ConfigError> Errors => Rdma.Errors;
    /// <summary>What is understood and has no effect here.</summary>
    public ImmutableArray<ConfigError> Notes => Rdma.Notes;

    public static FileVendorSettings Load(Config config) => new(
        config.Get(FileVendorKeys.RdmaConfig) is { Length: > 0 } rdma ? RdmaConfig.Load(rdma) : RdmaConfig.None);

    public static FileVendorOptions Options(Config config, ConfigKey<string> enabled) =>
        new() { Enabled = config.Get(enabled) switch { "true" => true, "false" => false, _ => null } };
}
