using AIInfra.Core.Devices;

namespace AIInfra.Core.VendorHost;

/// <summary>The inventories of the last run, so that devices can be offered before a slow driver has answered.</summary>
/// <param name="Load">By the vendor's name; null when there is none. Called once, at the start.</param>
public sealed record StoredInventories(Func<string, VendorInventory?> Load)
{
    /// <summary>There are none.</summary>
    public static StoredInventories None { get; } = new(_ => null);
}
