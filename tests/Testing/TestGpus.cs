using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sharing;

namespace AIInfra.Testing;

/// <summary>Devices for tests of what is above the vendors.</summary>
public static class TestGpus
{
    public const string Vendor = "acme", Resource = "acme.com/gpu";

    public static string Id(int index) => $"GPU-00000000-0000-0000-0000-{index:d12}";

    /// <summary>Boards on two NUMA nodes, every pair joined by as many direct links, as behind switches of the vendor's.</summary>
    public static ImmutableArray<Device> Switched(int count, string resource = Resource) =>
        [.. Enumerable.Range(0, count).Select(index => New(index, resource) with
        {
            NumaNode = index < count / 2 ? 0 : 1,
            Links = [.. Enumerable.Range(0, count).Where(peer => peer != index).Select(peer => new DeviceLink(Id(peer), LinkKind.Direct, 18))],
        })];

    /// <summary>Boards in islands: direct links inside one, only the sockets' interconnect between two.</summary>
    public static ImmutableArray<Device> Islands(int count, int size) =>
        [.. Enumerable.Range(0, count).Select(index => New(index, Resource) with
        {
            Links = [.. Enumerable.Range(0, count).Where(peer => peer != index && peer / size == index / size)
                .Select(peer => new DeviceLink(Id(peer), LinkKind.Direct, 4))],
        })];

    /// <summary>The parts of boards that are all divided alike.</summary>
    public static ImmutableArray<Device> Partitions(int boards, int each) =>
        [.. Enumerable.Range(0, boards * each).Select(index => New(1000 + index, Resource) with
        {
            Index = index % each,
            NumaNode = index / each < boards / 2 ? 0 : 1,
            ParentId = Id(index / each),
            Partition = new DevicePartition("1g.10gb", index % each, 0),
        })];

    /// <summary>So many units for each board.</summary>
    public static ImmutableArray<OfferedUnit> Replicas(ImmutableArray<Device> boards, int each) =>
        [.. boards.SelectMany(board => Enumerable.Range(0, each).Select(replica => new OfferedUnit { Id = $"{board.Id}::{replica}", Devices = [board], Replica = replica }))];

    public static ImmutableArray<OfferedUnit> Replicas(int count, int each) => Replicas(Switched(count), each);

    public static VendorInventory Inventory(ImmutableArray<Device> devices, string vendor = Vendor) =>
        new() { Vendor = vendor, State = VendorState.Ready, Devices = devices };

    /// <summary>Each device as one unit.</summary>
    public static ImmutableArray<OfferedUnit> Units(this IEnumerable<Device> devices) =>
        [.. devices.Select(device => new OfferedUnit { Id = device.Id, Devices = [device] })];

    public static OfferedResource Offered(this IEnumerable<Device> devices, string resource = Resource) => new() { Name = resource, Units = devices.Units() };

    /// <summary>A fault that takes a device out until it reads healthy again.</summary>
    public static ProblemReport Fatal(string deviceId) => new()
    {
        Id = "acme.fault.7",
        Subject = Subject.Device(deviceId),
        Severity = Severity.Fatal,
        Cause = Cause.Hardware,
        Action = SuggestedAction.Drain,
        Clearing = Clearing.OnHealthyReading,
        Message = "The board fell off the bus.",
        Evidence = "acme: board lost",
        At = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
    };

    private static Device New(int index, string resource) => new()
    {
        Id = Id(index),
        Vendor = Vendor,
        Model = "Acme A1",
        ResourceName = resource,
        Index = index,
        DeviceNodes = [$"acme{index}"],
    };
}

/// <summary>Gives a container the ids by environment and the nodes by path.</summary>
public sealed class TestAllocator : IAllocator
{
    public string Vendor => TestGpus.Vendor;

    public AllocationSpec Allocate(OfferedResource resource, ImmutableArray<OfferedUnit> units) => new()
    {
        Environment = ImmutableSortedDictionary<string, string>.Empty.Add("ACME_VISIBLE_DEVICES", string.Join(',', units.Select(unit => unit.Id))),
        DeviceNodes = [.. units.SelectMany(unit => unit.Devices).SelectMany(device => device.DeviceNodes).Distinct().Select(node => new AllocatedNode($"/dev/{node}", $"/dev/{node}", "rw"))],
        Mounts = [new AllocatedMount("/usr/lib/acme", "/opt/acme", true)],
        Annotations = ImmutableSortedDictionary<string, string>.Empty.Add("acme.com/count", $"{units.Length}"),
        CdiDevices = [.. units.Select(unit => $"acme.com/gpu={unit.First.Index}").Distinct()],
    };
}
