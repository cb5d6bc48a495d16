using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Vendors.Ascend;

namespace AIInfra.UnitTests.Vendors.Ascend;

/// <summary>Inventories of the fake library's nodes.</summary>
internal static class AscendNode
{
    /// <summary>What the library tells of the fake as it is now.</summary>
    public static VendorInventory Now()
    {
        var library = new AscendLibrary(_ => FakeDcmi.Exports(), TextWriter.Null);
        var count = library.Open("libdcmi.so").DeviceCount;
        foreach (var index in Enumerable.Range(0, count))
            library.Describe(index);
        return new VendorInventory
        {
            Vendor = "ascend",
            State = VendorState.Ready,
            DriverVersion = "24.1.rc3",
            LibraryVersion = "24.1.0",
            Devices = [.. Enumerable.Range(0, count).SelectMany(index => ImmutableArray.Create(library.Describe(index)).AddRange(library.Partitions(index)))],
        };
    }

    public static VendorInventory Of(int cards, string name, uint pciDevice, int chipsOfCard = 1)
    {
        FakeDcmi.Reset(cards, name, pciDevice, chipsOfCard);
        return Now();
    }
}
