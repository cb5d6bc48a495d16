using System.Collections.Immutable;
using System.Net;
using AIInfra.Core.Configuration;
using AIInfra.Core.Hosting.Logging;

namespace AIInfra.Aggregator.Configuration;

/// <summary>Every setting of the aggregator: the one place for names, forms, defaults and help. docs/aggregator-configuration.md is generated from it.</summary>
internal static class AggregatorKeys
{
    public static readonly ConfigKey<IPEndPoint> ListenAddress = ConfigForm.Address("listen.address", "0.0.0.0:9443", "Where agents, the API and /healthz are served, with TLS.");
    public static readonly ConfigKey<ImmutableArray<string>> ListenNames = ConfigForm.TextList("listen.names", [], "Further names and addresses under which agents and people reach it, for its certificate; the host's own, localhost and 127.0.0.1 are always in it.");
    public static readonly ConfigKey<string> ListenCertificate = ConfigForm.Text("listen.certificate", "", "A PEM file with a certificate (and its chain) of another authority; read again when it was replaced; empty: one of the aggregator's own authority.");
    public static readonly ConfigKey<string> ListenKey = ConfigForm.Text("listen.key", "", "The PEM file of its private key.");

    public static readonly ConfigKey<IPEndPoint> MetricsAddress = ConfigForm.Address("metrics.address", "0.0.0.0:9401", "Where /metrics is served.");

    public static readonly ConfigKey<string> StatePath = ConfigForm.Folder("state.path", "/var/lib/aiinfra/aggregator", "Folder of its authority, tokens and revocations. Replicas share a copy of it.");
    public static readonly ConfigKey<string> StoreConnection = ConfigForm.Text("store.connection", "Data Source=/var/lib/aiinfra/aggregator.db", "The database: a SQLite file, or a connection string of PostgreSQL (Host=…), which replicas and fleets of more than a few thousand nodes need.");

    public static readonly ConfigKey<string> GrantsPolicy = ConfigForm.Text("grants.policy", "", "The file of budgets, breaker and approvals (docs/aggregator-budgets.md); empty: a tenth of the fleet.");

    public static readonly ConfigKey<ImmutableArray<string>> Alertmanagers = ConfigForm.TextList("notify.alertmanagers", [], "Base addresses of Alertmanagers, as in http://alertmanager:9093; each is told of incidents and of the breaker.");
    public static readonly ConfigKey<string> Webhook = ConfigForm.Text("notify.webhook", "", "An address that is told the same by signed POST requests.");
    public static readonly ConfigKey<string> WebhookSecretFile = ConfigForm.Text("notify.webhookSecretFile", "", "The file of the secret that signs them, at least 16 characters.");

    public static readonly ConfigKey<TimeSpan> Silence = ConfigForm.Duration("fleet.silence", TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(80), TimeSpan.FromSeconds(60), "A node that says nothing for so long is lost; agents speak three times as often.");
    public static readonly ConfigKey<int> MostNodes = ConfigForm.Number("fleet.mostNodes", 1, 200_000, 20_000, "Beyond it new nodes are turned away.");

    public static readonly ConfigKey<TimeSpan> CertificateLifetime = ConfigForm.Duration("identity.certificateLifetime", TimeSpan.FromHours(1), TimeSpan.FromHours(8760), TimeSpan.FromHours(720), "Of a node's certificate; agents renew it after two thirds of that.");
    public static readonly ConfigKey<string> KubernetesTokens = ConfigForm.Choice("identity.kubernetes", ["auto", "true", "false"], "auto", "Let agents in by their service-account tokens; auto: where the aggregator itself runs in a pod or kubernetes.kubeconfig is set.");
    public static readonly ConfigKey<string> Audience = ConfigForm.Text("identity.audience", "aiinfra-aggregator", "The audience that those tokens must be made for.");
    public static readonly ConfigKey<ImmutableArray<string>> Accounts = ConfigForm.TextListOf("identity.accounts", "NAMESPACE/NAME", text => text.Split('/') is [{ Length: > 0 }, { Length: > 0 }],
        "Service accounts that agents run as; empty: aiinfra-system/aiinfra-agent.");

    public static readonly ConfigKey<string> Kubeconfig = ConfigForm.Text("kubernetes.kubeconfig", "", "How to reach the API server; empty: as the pod's service account where this runs in a pod, else not at all.");
    public static readonly ConfigKey<bool> KubernetesNodes = ConfigForm.Flag("kubernetes.nodes", true, "Follow the cluster's nodes where the API server can be reached, so that those that are cordoned or not ready weigh on the budgets; needs get, list and watch of nodes. The labels that grants.policy names are then the cluster's, not the nodes' own.");
    public static readonly ConfigKey<bool> KubernetesSteps = ConfigForm.Flag("kubernetes.steps", true, "Cordon, taint, drain and uncordon nodes for their agents, where the API server can be reached; needs the rights of deploy/kubernetes/aggregator-rbac.yaml.");
    public static readonly ConfigKey<int> LeaseSlots = ConfigForm.Number("kubernetes.lease.slots", 0, 16, 0, "So many leases has a failure domain, and a grant takes one of them beside the budgets; 0: none are taken. Agents with fleet.whenUnreachable: lease need it, and the same number as remediation.lease.slots.");
    public static readonly ConfigKey<string> LeaseDomain = ConfigForm.Text("kubernetes.lease.domainLabel", "", "Key of the node label that names the failure domain of the leases; empty: the whole cluster is one. As the agents' remediation.lease.domainLabel.");
    public static readonly ConfigKey<string> LeaseNamespace = ConfigForm.Text("kubernetes.lease.namespace", "aiinfra-system", "Where the leases are. As the agents' remediation.lease.namespace.");

    public static ConfigSchema Schema { get; } = new(
    [
        ListenAddress, ListenNames, ListenCertificate, ListenKey, MetricsAddress, StatePath, StoreConnection, GrantsPolicy, Alertmanagers, Webhook, WebhookSecretFile, Silence, MostNodes,
        CertificateLifetime, KubernetesTokens, Audience, Accounts, Kubeconfig, KubernetesNodes, KubernetesSteps, LeaseSlots, LeaseDomain, LeaseNamespace,
        .. LogKeys.All,
    ]);
}
