using AIInfra.Core.Devices;

namespace AIInfra.UnitTests.Devices;

public sealed class InventoryBoardTests
{
    private readonly InventoryBoard _board = new();

    private static VendorInventory Vendor(string name, params string[] ids) => new()
    {
        Vendor = name,
        State = VendorState.Ready,
        Devices = [.. ids.Select(id => new Device { Id = id, Vendor = name, Model = "", ResourceName = $"{name}.com/gpu" })],
    };

    [Fact]
    public void A_vendor_replaces_its_own_part_and_no_other()
    {
        _board.Publish(Vendor("nvidia", "GPU-0", "GPU-1"));
        _board.Publish(Vendor("amd", "A-0"));
        _board.Publish(Vendor("nvidia", "GPU-1"));

        Assert.Equal(["amd", "nvidia"], _board.Current.Value.Vendors.Select(vendor => vendor.Vendor));
        Assert.Equal(["A-0", "GPU-1"], _board.Current.Value.Devices.Select(device => device.Id));
        Assert.Null(_board.Current.Value.Find("GPU-0"));
        Assert.Equal("amd", _board.Current.Value.Find("A-0")!.Vendor);
    }

    [Fact]
    public async Task Vendors_that_publish_at_the_same_time_are_all_there()
    {
        await Task.WhenAll(Enumerable.Range(0, 50).Select(vendor => Task.Run(() => _board.Publish(Vendor($"v{vendor:d2}", $"D-{vendor}")))));

        Assert.Equal(50, _board.Current.Value.Vendors.Length);
    }
}
