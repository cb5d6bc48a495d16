using AIInfra.Core.Configuration;
using AIInfra.Kubernetes.Remediation;

namespace AIInfra.Agent.Configuration;

/// <summary>Keys of the node steps: <c>remediation.lease</c>.</summary>
internal static class NodeStepKeys
{
    public static readonly ConfigKey<string> LeaseDomain = ConfigForm.Text("remediation.lease.domainLabel", "", "Key of the node label that names the failure domain, such as topology.kubernetes.io/zone or a rack's; empty: the whole cluster is one. Used with remediation.drain: self and fleet.whenUnreachable: lease; the same on every node, and in the aggregator's kubernetes.lease.");
    public static readonly ConfigKey<int> LeaseSlots = ConfigForm.Number("remediation.lease.slots", 1, 16, 1, "So many nodes of a domain may be disrupted at once; the same on every node.");
    public static readonly ConfigKey<string> LeaseNamespace = ConfigForm.Text("remediation.lease.namespace", "aiinfra-system", "Where the leases are.");

    public static ConfigKey[] All { get; } = [LeaseDomain, LeaseSlots, LeaseNamespace];

    public static NodeStepOptions Options(Config config)
    {
        var (drainsItself, isFallback) = (config.Get(AgentKeys.RemediationDrain) == "self", FleetKeys.FallsBack(config));
        return new NodeStepOptions(
            drainsItself, config.Get(AgentKeys.KubeletPodResources) ? AgentConfig.Kubelet(config).Roots : [], drainsItself || isFallback ? Lease(config) : null, LeaseIsFallback: !drainsItself);
    }

    public static LeaseOptions Lease(Config config) => new()
    {
        NodeName = AgentConfig.NodeName(config),
        DomainLabel = config.Get(LeaseDomain),
        Slots = config.Get(LeaseSlots),
        Namespace = config.Get(LeaseNamespace),
    };
}
