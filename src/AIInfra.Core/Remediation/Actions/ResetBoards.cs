using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorHost;

namespace AIInfra.Core.Remediation.Actions;

/// <summary>What an action on devices reads and tells.</summary>
/// <param name="Offers">Which units are behind which devices.</param>
/// <param name="KubeletRoots">Where one of them is there, who holds a device must be known before it is touched.</param>
internal sealed record ResetBoards(InventoryBoard Inventory, HealthBoard Health, PodResourcesBoard Pods, OfferBoard Offers, VendorReleases Releases, ImmutableArray<string> KubeletRoots)
{
    public bool HasPods => KubeletRoots.Any(Directory.Exists);
}
