using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorFiles;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Amd;

/// <summary>AMD GPUs and their compute partitions, from amdgpu's files and the compute driver's topology in sysfs.</summary>
internal sealed class AmdDriver(HostPaths host) : IFileDriver
{
    public const string ResourceName = "amd.com/gpu";

    private const string Module = "module/amdgpu", Bound = "bus/pci/drivers/amdgpu", Bus = "bus/pci/devices";
    private const int MegabytesPerXgmiLink = 50_000;

    private readonly KernelTree _sys = new(host.Sys);
    private readonly PciPlaces _places = new(host);
    private string? _stamp;
    private FrozenDictionary<string, ImmutableArray<KfdNode>> _nodes = FrozenDictionary<string, ImmutableArray<KfdNode>>.Empty; // by address
    private readonly Dictionary<string, (KfdNode Node, PciPlace? Place)> _described = new(StringComparer.Ordinal); // by device id

    public FieldTable Fields => AmdFields.Table;

    public FileListing List()
    {
        var addresses = _sys.Names(Bound).Where(name => PciAddress.Normalise(name) == name).ToArray();
        if (addresses.Length == 0 && !_sys.Has(Module))
            throw new VendorException($"{host.Sys}/{Module}", 2, VendorFault.Absent, "the kernel module amdgpu is not loaded");
        var topology = new KfdTopology(_sys);
        var stamp = $"{topology.Generation} {string.Join(',', _sys.Names($"{KfdTopology.Folder}/nodes"))} {string.Join(',', addresses.Select(address => _sys.Text($"{Bus}/{address}/current_compute_partition")))}";
        if (stamp != _stamp)
        {
            _nodes = topology.Read().GroupBy(node => node.Address, StringComparer.Ordinal)
                .ToFrozenDictionary(group => group.Key, group => group.OrderBy(node => node.Order).ToImmutableArray(), StringComparer.Ordinal);
            _stamp = stamp;
        }
        return new FileListing([.. addresses.Order(StringComparer.Ordinal)], _sys.Word($"{Module}/version"), stamp);
    }

    public FileBoard Describe(string name)
    {
        var folder = $"{Bus}/{name}";
        if (!_sys.Has(folder))
            throw new VendorException($"{host.Sys}/{folder}", 2, VendorFault.Transient, $"{name} went away while it was described");
        var nodes = _nodes.GetValueOrDefault(name, []);
        var first = nodes.IsEmpty ? null : nodes[0];
        var compute = _sys.Word($"{folder}/current_compute_partition");
        var memory = _sys.Word($"{folder}/current_memory_partition");
        var device = new Device
        {
            Id = name,
            Vendor = AmdFields.Vendor,
            Model = _sys.Word($"{folder}/product_name") ?? (first is { Name.Length: > 0 } ? $"AMD {first.Name}" : $"AMD GPU {_sys.Word($"{folder}/device")}"),
            ResourceName = ResourceName,
            PciAddress = name,
            Serial = _sys.Word($"{folder}/serial_number") ?? _sys.Word($"{folder}/unique_id"),
            NumaNode = host.ReadNumaNode(name),
            MemoryBytes = _sys.Number($"{folder}/mem_info_vram_total"),
            IsHeldBack = first is null, // without the compute driver no container can use it
            Firmware = Firmware(folder),
            Traits = Traits(folder, first, compute, memory),
            DeviceNodes = first is null ? [] : Nodes(first),
        };
        Remember(device.Id, first);
        if (nodes.Length < 2)
            return new FileBoard(device, []);
        return new FileBoard(device with { DeviceNodes = [.. Nodes(first!)] }, [.. nodes.Select((node, at) => Partition(device, node, at, compute ?? "XCP"))]);
    }

    /// <summary>XGMI links count as direct ones, as many as their bandwidth tells; other ways by the PCI tree.</summary>
    public ImmutableArray<Device> Relate(ImmutableArray<Device> devices)
    {
        var byNode = devices.Where(device => _described.ContainsKey(device.Id)).GroupBy(device => _described[device.Id].Node.Number).ToDictionary(group => group.Key, group => group.Last().Id);
        return [.. devices.Select(device => _described.TryGetValue(device.Id, out var own) ? device with { Links = Links(device, own.Node, own.Place, devices, byNode) } : device)];
    }

    public IDeviceFiles Open(string name, Device device) => device.Partition is { } partition
        ? new AmdPartitionFiles(_sys, $"{Bus}/{name}", partition.Instance, _described[device.Id].Node, host)
        : new AmdFiles(_sys, $"{Bus}/{name}");

    private Device Partition(Device board, KfdNode node, int at, string profile)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"{board.Id}/xcp{at}");
        Remember(id, node);
        return board with
        {
            Id = id,
            Partition = new DevicePartition(profile, at, null) { Number = at },
            MemoryBytes = node.MemoryBytes > 0 ? node.MemoryBytes : null,
            DeviceNodes = Nodes(node),
        };
    }

    private void Remember(string id, KfdNode? node)
    {
        _described.Remove(id);
        if (node is not null)
            _described[id] = (node, _places.Of(node.Address));
    }

    private ImmutableArray<DeviceLink> Links(Device device, KfdNode node, PciPlace? place, ImmutableArray<Device> devices, Dictionary<int, string> byNode)
    {
        var direct = node.Links.Where(link => link.Type == KfdTopology.Xgmi && byNode.TryGetValue(link.To, out var peer) && peer != device.Id)
            .GroupBy(link => byNode[link.To]).ToDictionary(group => group.Key, group => group.Max(link => Math.Max(1, (int)Math.Min(64, link.MegabytesPerSecond / MegabytesPerXgmiLink))));
        var links = ImmutableArray.CreateBuilder<DeviceLink>();
        foreach (var peer in devices.Where(peer => peer.Id != device.Id && peer.PciAddress != device.PciAddress))
        {
            if (direct.TryGetValue(peer.Id, out var count))
                links.Add(new DeviceLink(peer.Id, LinkKind.Direct, count));
            else if (place is not null && _described.TryGetValue(peer.Id, out var other) && other.Place is not null && place.WayTo(other.Place) is > LinkKind.System and var kind)
                links.Add(new DeviceLink(peer.Id, kind, 0));
        }
        return links.ToImmutable();
    }

    /// <summary>The node that stands for the device alone first, the one of all GPUs last.</summary>
    private ImmutableArray<string> Nodes(KfdNode node)
    {
        var render = string.Create(CultureInfo.InvariantCulture, $"renderD{node.RenderMinor}");
        return [$"dri/{render}", .. _sys.Names($"class/drm/{render}/device/drm").Where(name => name.StartsWith("card", StringComparison.Ordinal)).Select(name => $"dri/{name}"), "kfd"];
    }

    private ImmutableSortedDictionary<string, string> Firmware(string folder)
    {
        var versions = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (_sys.Word($"{folder}/vbios_version") is { } vbios)
            versions["vbios"] = vbios;
        foreach (var name in _sys.Names($"{folder}/fw_version").Where(name => name.EndsWith("_fw_version", StringComparison.Ordinal)))
        {
            if (_sys.Word($"{folder}/fw_version/{name}") is { } version)
                versions[name[..^"_fw_version".Length]] = version;
        }
        return versions.ToImmutable();
    }

    private ImmutableSortedDictionary<string, string> Traits(string folder, KfdNode? node, string? compute, string? memory)
    {
        var traits = new TraitSet();
        traits.Add(AmdTraits.Compute, compute);
        traits.Add(AmdTraits.Memory, memory);
        traits.Add(AmdTraits.ComputeModes, _sys.Word($"{folder}/available_compute_partition"));
        traits.Add(AmdTraits.MemoryModes, _sys.Word($"{folder}/available_memory_partition"));
        traits.Add(AmdTraits.DeviceId, _sys.Text($"{folder}/device") is ['0', 'x', .. var id] ? id : null);
        traits.Add(AmdTraits.ProductName, _sys.Word($"{folder}/product_name"));
        if (node is null)
            return traits.ToImmutable();
        var target = node["gfx_target_version"];
        traits.Add(AmdTraits.Target, target == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"gfx{target / 10000}{target / 100 % 100:x}{target % 100:x}"));
        traits.Add(AmdTraits.Simds, node["simd_count"].ToString(CultureInfo.InvariantCulture));
        if (node["simd_per_cu"] is > 0 and var perUnit)
            traits.Add(AmdTraits.Units, (node["simd_count"] / perUnit).ToString(CultureInfo.InvariantCulture));
        if (node["hive_id"] is > 0 and var hive)
            traits.Add(AmdTraits.Hive, hive.ToString("x", CultureInfo.InvariantCulture));
        return traits.ToImmutable();
    }
}

/// <summary>Names of an AMD GPU's <see cref="Device.Traits"/>.</summary>
internal static class AmdTraits
{
    public const string Compute = "compute-partition", Memory = "memory-partition", ComputeModes = "compute-partitions", MemoryModes = "memory-partitions", DeviceId = "device-id",
        ProductName = "product-name", Target = "gfx-target", Simds = "simds", Units = "compute-units", Hive = "xgmi-hive";
}
