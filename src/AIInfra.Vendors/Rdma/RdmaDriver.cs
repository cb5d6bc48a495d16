using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorFiles;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Rdma;

/// <summary>InfiniBand and RoCE devices, of whatever maker, as the kernel's RDMA core lists them in sysfs.</summary>
internal sealed class RdmaDriver(HostPaths host) : IFileDriver
{
    private const string Class = "class/infiniband", Verbs = "class/infiniband_verbs", Mads = "class/infiniband_mad";
    private const int MostPorts = 64, MostGids = 256;

    private readonly KernelTree _sys = new(host.Sys);

    public FieldTable Fields => RdmaFields.Table;

    public FileListing List() => _sys.Has(Class)
        ? new FileListing(_sys.Names(Class), null)
        : throw new VendorException($"{host.Sys}/{Class}", 2, VendorFault.Absent, "the kernel's RDMA core is not loaded");

    public FileBoard Describe(string name)
    {
        var folder = $"{Class}/{name}";
        var address = _sys.LinkName($"{folder}/device") is { } place ? PciAddress.Normalise(place) : null;
        var ports = Ports(folder);
        if (ports.IsEmpty)
            throw new VendorException($"{host.Sys}/{folder}/ports", 2, VendorFault.Transient, "the device has no port; its driver is being loaded or taken away");
        var isVirtual = _sys.Has($"{folder}/device/physfn");
        var device = new Device
        {
            Id = address ?? name,
            Vendor = RdmaFields.Vendor,
            Model = _sys.Word($"{folder}/hca_type") ?? _sys.Word($"{folder}/node_desc") ?? name,
            ResourceName = isVirtual ? RdmaOffers.VirtualResource : RdmaOffers.WholeResource,
            NodeName = name,
            PciAddress = address,
            Serial = _sys.Word($"{folder}/node_guid"),
            NumaNode = _sys.Number($"{folder}/device/numa_node") is >= 0 and <= 4096 and var node ? (int)node : null,
            Firmware = _sys.Word($"{folder}/fw_ver") is { } version ? ImmutableSortedDictionary<string, string>.Empty.Add("fw", version) : ImmutableSortedDictionary<string, string>.Empty,
            Traits = Traits(folder, ports, isVirtual),
            DeviceNodes = Nodes(name),
        };
        return new FileBoard(device, ports.Length == 1 ? [] : [.. ports.Select(port => device with
        {
            Id = $"{device.Id}/{port}",
            Model = $"{device.Model} port {port}",
            Partition = new DevicePartition("port", port, null),
            IsHeldBack = true,
            Traits = ImmutableSortedDictionary<string, string>.Empty,
            DeviceNodes = [],
        })]);
    }

    public IDeviceFiles Open(string name, Device device)
    {
        var folder = $"{Class}/{name}";
        var ports = Ports(folder);
        return device.Partition is { Instance: var port } ? new RdmaFiles(_sys, folder, [port], isPort: true, isBoard: false)
            : new RdmaFiles(_sys, folder, ports, isPort: ports.Length == 1, isBoard: true);
    }

    private ImmutableArray<int> Ports(string folder) =>
        [.. _sys.Names($"{folder}/ports").Select(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : 0).Where(port => port > 0).Order().Take(MostPorts)];

    private ImmutableSortedDictionary<string, string> Traits(string folder, ImmutableArray<int> ports, bool isVirtual)
    {
        var traits = new TraitSet();
        var port = $"{folder}/ports/{ports[0]}";
        traits.Add(RdmaTraits.LinkLayer, _sys.Word($"{port}/link_layer"));
        traits.Add(RdmaTraits.Rate, _sys.Word($"{port}/rate"));
        traits.Add(RdmaTraits.Board, _sys.Word($"{folder}/board_id"));
        traits.Add(RdmaTraits.VendorId, Id($"{folder}/device/vendor"));
        traits.Add(RdmaTraits.DeviceId, Id($"{folder}/device/device"));
        traits.Add(RdmaTraits.Driver, _sys.LinkName($"{folder}/device/driver"));
        traits.Add(RdmaTraits.Interfaces, string.Join(',', _sys.Names($"{folder}/device/net")));
        if (isVirtual)
            traits.Add(RdmaTraits.PhysicalFunction, _sys.LinkName($"{folder}/device/physfn"));
        else if (_sys.Number($"{folder}/device/sriov_numvfs") is > 0 and var functions)
            traits.Add(RdmaTraits.VirtualFunctions, functions.ToString(CultureInfo.InvariantCulture));
        var used = Gids(port);
        traits.Add(RdmaTraits.Gids, used.Length.ToString(CultureInfo.InvariantCulture));
        traits.Add(RdmaTraits.RoceGids, used.Count(gid => _sys.Text($"{port}/gid_attrs/types/{gid}") == "RoCE v2").ToString(CultureInfo.InvariantCulture));
        return traits.ToImmutable();
    }

    /// <summary>Places of the table that are in use. They are filled from the front, but for holes where an address was taken away.</summary>
    private int[] Gids(string port) =>
        [.. Enumerable.Range(0, MostGids).TakeWhile(gid => _sys.Has($"{port}/gids/{gid}")).Where(gid => _sys.Text($"{port}/gids/{gid}") is { } text && text.AsSpan().ContainsAnyExcept('0', ':'))];

    private string? Id(string path) => _sys.Text(path) is ['0', 'x', .. { Length: 4 } digits] ? digits.ToLowerInvariant() : null;

    /// <summary>The device's own first, then those for managers of the fabric, then the one of all devices.</summary>
    private ImmutableArray<string> Nodes(string name) =>
    [
        .. _sys.Names(Verbs).Where(node => node.StartsWith("uverbs", StringComparison.Ordinal) && _sys.Text($"{Verbs}/{node}/ibdev") == name).Select(node => $"infiniband/{node}"),
        .. _sys.Names(Mads).Where(node => _sys.Text($"{Mads}/{node}/ibdev") == name).Select(node => $"infiniband/{node}"),
        RdmaAllocator.ConnectionManager,
    ];
}

/// <summary>Names of an RDMA device's <see cref="Device.Traits"/>.</summary>
internal static class RdmaTraits
{
    public const string LinkLayer = "link-layer", Rate = "rate", Board = "board-id", VendorId = "pci-vendor", DeviceId = "pci-device", Driver = "driver", Interfaces = "interfaces",
        PhysicalFunction = "physical-function", VirtualFunctions = "virtual-functions", Gids = "gids", RoceGids = "roce-v2-gids";
}
