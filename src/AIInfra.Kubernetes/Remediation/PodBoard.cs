using System.Collections.Immutable;
using AIInfra.Core.Hosting;
using AIInfra.Kubernetes.Api;

namespace AIInfra.Kubernetes.Remediation;

/// <summary>The pods of this node as the API server has them, for whoever has to spare or move them.</summary>
public sealed class PodBoard
{
    internal Latest<PodView> Current { get; } = new(PodView.Unknown("The API server was not asked for the pods of this node yet."));
}

/// <param name="Pods">By namespace and name.</param>
/// <param name="Gap">Null when they are known; else why not, as a sentence. What was known before is not kept.</param>
internal sealed record PodView(ImmutableDictionary<(string Namespace, string Name), PodObject> Pods, string? Gap)
{
    public static PodView Unknown(string why) => new(ImmutableDictionary<(string Namespace, string Name), PodObject>.Empty, why);
}
