using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;

namespace AIInfra.Core.Workloads;

/// <summary>Finds the devices behind an id that a kubelet allocated, whoever offered it: this agent, or another device plugin in its own words.</summary>
/// <remarks>Immutable; made anew when inventory or offer is another. Forms: facts of the vendors' plugins, listed at <see cref="NamesOf"/>.</remarks>
internal sealed class DeviceIds
{
    private const string OfBoard = "-mim-";
    private static readonly string[] Marks = ["::", "/vgpu", "-_-"];

    private readonly Dictionary<string, ImmutableArray<Device>> _units;
    private readonly Dictionary<string, int> _unitsOf = new(StringComparer.Ordinal);
    private readonly Dictionary<(string? Domain, string Name), Device> _names = [];
    private readonly Dictionary<string, Device> _boards;
    private readonly HashSet<string> _domains, _watched;

    public DeviceIds(NodeInventory inventory, NodeOffer offer)
    {
        var units = offer.Resources.SelectMany(resource => resource.Units).ToLookup(unit => unit.IsToWatch);
        _units = units[false].ToDictionary(unit => unit.Id, unit => unit.Devices, StringComparer.Ordinal);
        _watched = units[true].Select(unit => unit.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var device in _units.Values.SelectMany(devices => devices))
            _unitsOf[device.Id] = _unitsOf.GetValueOrDefault(device.Id) + 1;
        var devices = inventory.Devices.ToArray();
        _boards = devices.Where(device => device.ParentId is null).DistinctBy(device => device.Id).ToDictionary(device => device.Id, StringComparer.Ordinal);
        foreach (var device in devices)
        {
            _names.TryAdd((null, device.Id), device);
            foreach (var name in NamesOf(device, device.ParentId is { } parent ? _boards.GetValueOrDefault(parent) : null))
                _names.TryAdd((DomainOf(device.ResourceName), name), device);
        }
        _domains = [.. devices.Select(device => DomainOf(device.ResourceName)), .. offer.Resources.Select(resource => DomainOf(resource.Name))];
    }

    /// <summary>True for a resource of a vendor whose devices are known: an id of it should be found.</summary>
    public bool IsOurs(string resource) => _domains.Contains(DomainOf(resource));

    /// <summary>Whoever has the id holds no device for it.</summary>
    public bool IsToWatch(string id) => _watched.Contains(id);

    /// <summary>How many units the device is offered in: 1, or the number of its replicas; 0 when it is not offered.</summary>
    public int UnitsOf(string deviceId) => _unitsOf.GetValueOrDefault(deviceId);

    /// <inheritdoc cref="Holding.Part"/>
    public double? PartOf(Device device) => device.ParentId is { } id && _boards.TryGetValue(id, out var board) && board.MemoryBytes is > 0 and var all && device.MemoryBytes is { } memory
        ? Math.Min(1, memory / (double)all) : null;

    /// <returns>Empty when it stands for nothing that is known.</returns>
    public ImmutableArray<Device> Find(string resource, string id)
    {
        if (_units.TryGetValue(id, out var devices))
            return devices;
        var name = WithoutReplica(id);
        return _units.TryGetValue(name, out devices) ? devices
            : _names.TryGetValue((null, name), out var device) || _names.TryGetValue((DomainOf(resource), name), out device) ? [device] : [];
    }

    /// <summary><c>nvidia0</c> and <c>nvidia0/gi3</c> (GKE), the index <c>3</c> or <c>3:1</c>, a PCI address, <c>MIG-GPU-UUID/3/0</c> (drivers before 470).</summary>
    private static IEnumerable<string> NamesOf(Device device, Device? parent)
    {
        if (device.NodeName is { } node && device.ParentId is null)
            yield return node;
        if (device.PciAddress is { } address && device.ParentId is null)
            yield return address;
        yield return device.DriverIndex();
        if (device.Partition is not { } partition)
            yield break;
        if (parent?.NodeName is { } board)
            yield return string.Create(CultureInfo.InvariantCulture, $"{board}/gi{partition.Instance}");
        if (device.ParentId is { } id)
            yield return string.Create(CultureInfo.InvariantCulture, $"MIG-{id}/{partition.Instance}/{partition.SubInstance ?? 0}");
    }

    /// <summary><c>ID::NUMBER</c> (replicas), <c>ID/vgpuNUMBER</c> (GKE), <c>ID-_-NUMBER</c> <c>BOARD-mim-ID</c> (Cambricon's plugin) and <c>card0-NUMBER</c> (Intel).</summary>
    private static string WithoutReplica(string id)
    {
        foreach (var mark in Marks)
        {
            if (id.IndexOf(mark, StringComparison.Ordinal) is var end and >= 0)
                return id[..end];
        }
        if (id.StartsWith("card", StringComparison.Ordinal) && id.IndexOf('-', StringComparison.Ordinal) is var dash and > 0)
            return id[..dash];
        return id.IndexOf(OfBoard, StringComparison.Ordinal) is var at and > 0 ? id[(at + OfBoard.Length)..] : id;
    }

    private static string DomainOf(string resource) => resource.Split('/', 2)[0];
}
