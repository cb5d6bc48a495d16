using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorFiles;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Intel;

/// <summary>Intel GPUs, whichever of the kernel's two drivers has them, i915 or xe, from their files in sysfs. A GPU with several tiles has these as its parts.</summary>
internal sealed class IntelDriver(HostPaths host, TimeProvider time) : IFileDriver
{
    public const string Domain = "gpu.intel.com";

    private const string Bus = "bus/pci/devices", ByPath = "dri/by-path", IntegratedPlace = "0000:00:02.0", SurvivabilityFile = "survivability_mode";
    private static readonly ImmutableArray<string> Drivers = ["i915", "xe"];

    private readonly KernelTree _sys = new(host.Sys), _dev = new(host.Dev);
    private readonly PciPlaces _places = new(host);
    private readonly Dictionary<string, string> _cards = new(StringComparer.Ordinal); // by address
    private readonly Dictionary<string, PciPlace> _described = new(StringComparer.Ordinal); // by device id

    public FieldTable Fields => IntelFields.Table;

    public FileListing List()
    {
        var addresses = Drivers.SelectMany(driver => _sys.Names($"bus/pci/drivers/{driver}")).Where(name => PciAddress.Normalise(name) == name).Order(StringComparer.Ordinal).ToArray();
        if (addresses.Length == 0 && !Drivers.Any(driver => _sys.Has($"module/{driver}")))
            throw new VendorException($"{host.Sys}/module/i915", 2, VendorFault.Absent, "neither kernel module for Intel GPUs is loaded, i915 or xe");
        var versions = Drivers.Select(driver => _sys.Word($"module/{driver}/version")).OfType<string>();
        return new FileListing([.. addresses], versions.FirstOrDefault(), string.Join(' ', addresses.Select(StateOf)));
    }

    /// <summary>Another one when the GPU has another card, is divided anew, or has asked for its firmware.</summary>
    private string StateOf(string address)
    {
        var folder = $"{Bus}/{address}";
        if (!_cards.TryGetValue(address, out var card) || !_sys.Has($"{folder}/drm/{card}"))
            _cards[address] = card = CardOf(folder) ?? "";
        return $"{card}/{VirtualFunctions(folder)}/{(_sys.Has($"{folder}/{SurvivabilityFile}") ? 1 : 0)}";
    }

    public FileBoard Describe(string name)
    {
        var folder = $"{Bus}/{name}";
        if (!_sys.Has(folder))
            throw new VendorException($"{host.Sys}/{folder}", 2, VendorFault.Transient, $"{name} went away while it was described");
        var (card, render) = (CardOf(folder), _sys.Names($"{folder}/drm").FirstOrDefault(node => node.StartsWith("renderD", StringComparison.Ordinal)));
        var driver = _sys.LinkName($"{folder}/driver") ?? Drivers[0];
        var id = _sys.Text($"{folder}/device") is ['0', 'x', .. { Length: 4 } digits] ? digits.ToLowerInvariant() : "";
        var gts = IntelGts.Find(_sys, folder, card, name == IntegratedPlace);
        var tiles = gts.Select(gt => gt.Tile).Distinct().Order().ToArray();
        var functions = VirtualFunctions(folder);
        var device = new Device
        {
            Id = name,
            Vendor = IntelFields.Vendor,
            Model = IntelProducts.Find(id)?.Model ?? $"Intel GPU {(id.Length == 0 ? name : id)}",
            ResourceName = $"{Domain}/{driver}",
            NodeName = card,
            PciAddress = name,
            NumaNode = host.ReadNumaNode(name),
            MemoryBytes = Memory(folder, card, tiles),
            IsHeldBack = render is null || functions > 0, // one that is divided belongs to its virtual functions
            Traits = Traits(folder, name, driver, id, tiles.Length, functions),
            DeviceNodes = card is null || render is null ? [] : [$"dri/{render}", $"dri/{card}"],
        };
        if (_places.Of(name) is { } place)
            _described[device.Id] = place;
        return new FileBoard(device, tiles.Length < 2 ? [] : [.. tiles.Select(tile => Tile(device, folder, tile))]);
    }

    /// <summary>By the PCI tree: links between boards are in no file of the kernel's own drivers.</summary>
    public ImmutableArray<Device> Relate(ImmutableArray<Device> devices) =>
        [.. devices.Select(device => device.ParentId is null && device.Partition is null && _described.TryGetValue(device.Id, out var place) ? device with { Links = Links(device, place, devices) } : device)];

    public IDeviceFiles Open(string name, Device device)
    {
        var folder = $"{Bus}/{name}";
        var card = CardOf(folder);
        var gts = IntelGts.Find(_sys, folder, card, name == IntegratedPlace);
        return device.Partition is { Instance: var tile }
            ? IntelFiles.OfTile(_sys, folder, [.. gts.Where(gt => gt.Tile == tile)], device.MemoryBytes, time)
            : IntelFiles.OfBoard(_sys, folder, $"{Bus}/{PortOf(name)}", gts, device.MemoryBytes, _sys.Has($"{folder}/{SurvivabilityFile}"), _sys.LinkName($"{folder}/driver") == "xe", time);
    }

    private Device Tile(Device board, string folder, int tile) => board with
    {
        Id = string.Create(CultureInfo.InvariantCulture, $"{board.Id}/tile{tile}"),
        Model = string.Create(CultureInfo.InvariantCulture, $"{board.Model} tile {tile}"),
        Partition = new DevicePartition("tile", tile, null),
        MemoryBytes = TileMemory(folder, tile),
        IsHeldBack = true, // the driver gives the GPU whole
        Traits = ImmutableSortedDictionary<string, string>.Empty,
        DeviceNodes = [],
    };

    private ImmutableArray<DeviceLink> Links(Device device, PciPlace place, ImmutableArray<Device> devices) =>
    [
        .. from peer in devices
           where peer.Partition is null && peer.Id != device.Id && _described.ContainsKey(peer.Id)
           let kind = place.WayTo(_described[peer.Id])
           where kind > LinkKind.System
           select new DeviceLink(peer.Id, kind, 0),
    ];

    /// <summary>A board has a switch of its own, and the GPU behind it shows a link that says nothing: the board's port is the uppermost one of Intel's below the root port.</summary>
    private string PortOf(string name)
    {
        var port = name;
        foreach (var above in (_places.Of(name)?.Path ?? []).Skip(2).Reverse().Skip(1)) // without the host bridge, the root port and the GPU
        {
            if (_sys.Text($"{Bus}/{above}/vendor") != "0x8086" || _sys.Text($"{Bus}/{above}/class")?.StartsWith("0x0604", StringComparison.Ordinal) != true)
                break;
            port = above;
        }
        return port;
    }

    private string? CardOf(string folder) => _sys.Names($"{folder}/drm").FirstOrDefault(node => node.StartsWith("card", StringComparison.Ordinal) && node.Length > 4 && char.IsAsciiDigit(node[4]));

    private long VirtualFunctions(string folder) => _sys.Number($"{folder}/sriov_numvfs") ?? 0;

    private long? TileMemory(string folder, int tile) => _sys.Number(string.Create(CultureInfo.InvariantCulture, $"{folder}/tile{tile}/physical_vram_size_bytes")) is > 0 and var bytes ? bytes : null;

    private long? Memory(string folder, string? card, int[] tiles)
    {
        var bytes = tiles.Sum(tile => TileMemory(folder, tile) is { } own and < (1L << 50) ? own : 0);
        return bytes > 0 ? bytes : card is not null && _sys.Number($"{folder}/drm/{card}/lmem_total_bytes") is > 0 and var all ? all : null;
    }

    private ImmutableSortedDictionary<string, string> Traits(string folder, string name, string driver, string id, int tiles, long functions)
    {
        var traits = new TraitSet();
        traits.Add(IntelTraits.Driver, driver);
        traits.Add(IntelTraits.DeviceId, id);
        traits.Add(IntelTraits.Class, _sys.Text($"{folder}/class") is ['0', 'x', .. { Length: >= 4 } digits] ? digits[..4].ToLowerInvariant() : null);
        traits.Add(IntelTraits.Tiles, tiles > 1 ? tiles.ToString(CultureInfo.InvariantCulture) : null);
        traits.Add(IntelTraits.PhysicalFunction, _sys.LinkName($"{folder}/physfn"));
        traits.Add(IntelTraits.VirtualFunctions, functions > 0 ? functions.ToString(CultureInfo.InvariantCulture) : null);
        traits.Add(IntelTraits.ByPath, string.Join(',', _dev.Names(ByPath).Where(link => link.StartsWith($"pci-{name}-", StringComparison.Ordinal))));
        return traits.ToImmutable();
    }
}

/// <summary>Names of an Intel GPU's <see cref="Device.Traits"/>.</summary>
internal static class IntelTraits
{
    public const string Driver = "driver", DeviceId = "device-id", Class = "pci-class", Tiles = "tiles", PhysicalFunction = "physical-function", VirtualFunctions = "virtual-functions", ByPath = "by-path";
}
