using AIInfra.Core.Hosting;

namespace AIInfra.Core.Devices;

/// <summary>Joins what the vendors' workers publish into one <see cref="NodeInventory"/>.</summary>
public sealed class InventoryBoard
{
    private readonly Lock _gate = new();

    public Latest<NodeInventory> Current { get; } = new(NodeInventory.Empty);

    /// <summary>Replaces one vendor's part; other vendors' parts stay. Vendors are kept in the order of their names.</summary>
    public void Publish(VendorInventory inventory)
    {
        lock (_gate)
        {
            var others = Current.Value.Vendors.Where(vendor => vendor.Vendor != inventory.Vendor);
            Current.Publish(new NodeInventory([.. others.Append(inventory).OrderBy(vendor => vendor.Vendor, StringComparer.Ordinal)]));
        }
    }
}
