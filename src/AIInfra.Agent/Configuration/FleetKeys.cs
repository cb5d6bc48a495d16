using System.Collections.Immutable;
using AIInfra.Core.Configuration;
using AIInfra.Fleet;

namespace AIInfra.Agent.Configuration;

/// <summary>Section <c>fleet</c>: the aggregator, where there is one.</summary>
internal static class FleetKeys
{
    public static readonly ConfigKey<string> Aggregator = new("fleet.aggregator", "HOST:PORT or https://HOST:PORT, as in aggregator.example:9443", "\"\"",
        "The aggregator that is told how the node is, and asked before a disruptive step; empty: there is none.",
        value => (value.Scalar is "" || (value.Scalar is { } text && FleetOptions.ParseAddress(text) is not null), value.Scalar ?? ""), "");
    public static readonly ConfigKey<string> Credentials = ConfigForm.Text("fleet.credentials", "", "A file with a join token (aiinfra-aggregator token create --role join), which may be removed after joining, or with a service-account token that is renewed in place.");
    public static readonly ConfigKey<string> Authority = ConfigForm.Text("fleet.authority", "", "A PEM file of the authorities that the aggregator's certificate may come from; empty: the one that the join token names, and the system's for a service-account token.");
    public static readonly ConfigKey<ImmutableArray<string>> Labels = ConfigForm.TextListOf("fleet.labels", "NAME=VALUE, as in [topology/rack=r12]",
        text => text.Split('=', 2) is [{ Length: > 0 and <= 317 }, { Length: <= 63 }], "What the node is called into failure domains by, where no Kubernetes labels say it; they win over those.");
    public static readonly ConfigKey<string> WhenUnreachable = ConfigForm.Choice("fleet.whenUnreachable", ["deny", "lease"], "deny",
        "What an aggregator that has been away for 30 s means for disruptive steps: none begins, or the lease of the failure domain permits it (remediation.lease), where the aggregator takes the same ones.");

    public static ImmutableArray<ConfigKey> All { get; } = [Aggregator, Credentials, Authority, Labels, WhenUnreachable];

    /// <summary>Whether the leases stand in for an aggregator that is away.</summary>
    public static bool FallsBack(Config config) => config.Get(Aggregator).Length > 0 && config.Get(WhenUnreachable) == "lease";

    /// <summary>Null: there is no aggregator.</summary>
    public static FleetOptions? Options(Config config) => config.Get(Aggregator) is not { Length: > 0 } address ? null : new FleetOptions
    {
        Aggregator = FleetOptions.ParseAddress(address)!,
        Node = AgentConfig.NodeName(config),
        Credentials = config.Get(Credentials),
        Authority = config.Get(Authority),
        Folder = Path.Combine(config.Get(AgentKeys.StatePath), "fleet"),
        Version = ProgramInfo.Version,
        Remediation = config.Get(AgentKeys.RemediationMode),
        Labels = config.Get(Labels).Select(label => label.Split('=', 2)).DistinctBy(label => label[0]).ToImmutableSortedDictionary(label => label[0], label => label[1], StringComparer.Ordinal),
    };
}
