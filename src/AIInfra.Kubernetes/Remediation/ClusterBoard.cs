using AIInfra.Core.Hosting;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.Reporting;

namespace AIInfra.Kubernetes.Remediation;

/// <summary>The API server for those who act, while somebody speaks to it.</summary>
public sealed class ClusterBoard
{
    internal Latest<ClusterState> Current { get; } = new(new ClusterState(null, false, "The API server was not spoken to yet."));

    internal void TakeOff(string why) => Current.Publish(new ClusterState(null, true, why));

    internal void TakeLost() => Current.Publish(new ClusterState(null, false, "The connection to the API server is being made anew."));

    internal void Take(ClusterLink link) => Current.Publish(new ClusterState(link, false, ""));
}

/// <param name="Link">Null while nobody speaks to it.</param>
/// <param name="IsOff">There is none to speak to, and there will be none.</param>
/// <param name="Detail">Why there is no link, as a sentence.</param>
internal sealed record ClusterState(ClusterLink? Link, bool IsOff, string Detail)
{
    /// <summary>Null when the node's object may be acted on; else why not, as a sentence.</summary>
    public string? WhyNot => Link is null ? Detail : Link.Node.Current.Value.Detail;
}

/// <param name="Node">What is known of this node's object.</param>
internal sealed record ClusterLink(ApiClient Client, NodeBoard Node, string NodeName);
