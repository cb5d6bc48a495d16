using AIInfra.Core.Hosting;

namespace AIInfra.Core.Sharing;

/// <summary>Who holds what on this node, over all of its kubelets. Each kubelet's reader publishes its own part.</summary>
public sealed class PodResourcesBoard
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, PodResourcesSnapshot> _kubelets = new(StringComparer.Ordinal);

    public Latest<PodResourcesSnapshot> Current { get; } = new(PodResourcesSnapshot.Unknown("No kubelet was asked yet."));

    /// <param name="kubelet">Which of the node's kubelets: its root folder.</param>
    /// <param name="snapshot">What it says now.</param>
    public void Publish(string kubelet, PodResourcesSnapshot snapshot)
    {
        lock (_gate)
        {
            _kubelets[kubelet] = snapshot;
            Current.Publish(PodResourcesSnapshot.Join(_kubelets.Values));
        }
    }
}
