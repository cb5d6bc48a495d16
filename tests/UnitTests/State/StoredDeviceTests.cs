using System.Text.Json;
using AIInfra.Core.Devices;
using AIInfra.Core.State;

namespace AIInfra.UnitTests.State;

public sealed class StoredDeviceTests
{
    /// <summary>As the version before partitions wrote it.</summary>
    private const string Older = """
        {"Vendor":"nvidia","State":"Ready","IsSimulated":false,"Devices":[{"Id":"GPU-a","Vendor":"nvidia","Model":"H100",
        "ResourceName":"nvidia.com/gpu","Index":0,"DeviceNodes":["nvidia0"],"Links":[]}]}
        """;

    [Fact]
    public void A_device_that_an_older_agent_stored_is_offered_as_before()
    {
        var device = Assert.Single(JsonSerializer.Deserialize(Older, StateJson.Default.VendorInventory)!.Devices);

        Assert.False(device.IsHeldBack);
        Assert.Null(device.Partition);
        Assert.Empty(device.Firmware);
        Assert.Empty(device.Traits);
    }

    [Fact]
    public void A_partition_and_firmware_are_stored()
    {
        var device = JsonSerializer.Deserialize(Older, StateJson.Default.VendorInventory)!.Devices[0] with
        {
            Partition = new DevicePartition("1g.10gb", 3, 0) { Number = 1 },
            Traits = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("compute", "9.0"),
            Firmware = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("vbios", "96.00"),
        };
        var text = JsonSerializer.Serialize(new VendorInventory { Vendor = "nvidia", State = VendorState.Ready, Devices = [device] }, StateJson.Default.VendorInventory);

        Assert.True(JsonSerializer.Deserialize(text, StateJson.Default.VendorInventory)!.Devices[0].IsSameAs(device));
    }
}
