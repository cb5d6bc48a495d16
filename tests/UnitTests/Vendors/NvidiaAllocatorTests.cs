using AIInfra.Core.Devices;
using AIInfra.Testing;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.UnitTests.Vendors;

public sealed class NvidiaAllocatorTests
{
    private static readonly Device First = new() { Id = "GPU-b", Index = 0, PciAddress = "0000:1b:00.0", Vendor = "nvidia", Model = "H100", ResourceName = "nvidia.com/gpu" };
    private static readonly Device Second = First with { Id = "GPU-a", Index = 1, PciAddress = "0000:43:00.0" };

    [Fact]
    public void The_runtime_gets_the_uuids_in_the_order_of_the_inventory()
    {
        var spec = Allocate(First, Second);

        Assert.Equal([new("NVIDIA_VISIBLE_DEVICES", "GPU-b,GPU-a")], spec.Environment);
        Assert.Empty(spec.DeviceNodes);
        Assert.Empty(spec.Mounts);
        Assert.Empty(spec.Annotations);
        Assert.Empty(spec.CdiDevices);
    }

    [Fact]
    public void A_board_without_a_uuid_goes_by_the_drivers_index()
    {
        var spec = Allocate(First, Second with { Id = "0000:43:00.0" });

        Assert.Equal("GPU-b,1", spec.Environment["NVIDIA_VISIBLE_DEVICES"]);
    }

    private static AllocationSpec Allocate(params Device[] devices) => new NvidiaAllocator().Allocate(devices.Offered("nvidia.com/gpu"), devices.Units());
}
