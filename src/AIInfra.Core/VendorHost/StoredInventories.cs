using AIInfra.Core.Devices;

namespace AIInfra.Core.VendorHost;

/// <summary>The inventories of the last run, so that devices can be offered before a slow driver has answered.</summary>
/// <param name="Load">By the vendor's name; null when there is none. Called once, at the start.</param>
/// <param name="Save">Called when a <see cref="VendorState.Ready"/> inventory has changed. Must return at once: writing is for a thread of its own.</param>
public sealed record StoredInventories(Func<string, VendorInventory?> Load, Action<VendorInventory> Save)
{
    /// <summary>Remembers nothing.</summary>
    public static StoredInventories None { get; } = new(_ => null, _ => { });
}
