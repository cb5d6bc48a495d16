using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorFiles;

namespace AIInfra.Core.Passthrough;

/// <summary>Finds what virtual machines may have of accelerators, in sysfs: boards and virtual functions that a vfio driver holds, and mediated devices. Blocks on it.</summary>
internal sealed class PassthroughScan(HostPaths host, PassthroughOptions options)
{
    public const string Vendor = "passthrough";

    /// <summary>Names of <see cref="Device.Traits"/>: the IOMMU group's number; who holds another function of the group, which keeps all of it back;
    /// how many virtual functions are given out in a board's place.</summary>
    public const string Group = "iommu-group", HeldBy = "held-by", Functions = "virtual-functions";

    private readonly KernelTree _sys = new(host.Sys);
    private readonly PciAccelerators _bus = new(new KernelTree(host.Sys));
    private readonly MediatedDevices _mediated = new(host);

    /// <summary>Boards and functions by their addresses, then mediated devices. One whose group is not wholly free for virtual machines is held back, and says why.</summary>
    /// <param name="known">Ids of boards that a driver serves, by their addresses: what is wrong with a board is wrong with what was made of it.</param>
    public ImmutableArray<Device> Find(IReadOnlyDictionary<string, string> known)
    {
        var boards = _bus.Find().Where(_bus.IsFree).ToArray();
        var names = PciNames.Read(host, options.PciIds, boards.Select(_bus.Ids).ToHashSet(StringComparer.Ordinal));
        ImmutableArray<Device> found = [.. boards.Select(address => Describe(address, names, known)).OfType<Device>(), .. _mediated.Find(known)];
        return [.. found.Select((device, index) => device with { Index = index })];
    }

    private Device? Describe(string address, FrozenDictionary<string, string> names, IReadOnlyDictionary<string, string> known)
    {
        if (_bus.GroupOf($"{PciAccelerators.Bus}/{address}") is not { } group)
            return null; // without an IOMMU nothing can be given to a guest
        var ids = _bus.Ids(address);
        var model = names.GetValueOrDefault(ids);
        var board = _bus.BoardOf(address);
        var holder = Holder(group);
        var functions = board is null ? _sys.Number($"{PciAccelerators.Bus}/{address}/sriov_numvfs") ?? 0 : 0;
        var traits = ImmutableSortedDictionary<string, string>.Empty.Add(Group, group);
        if (holder is not null)
            traits = traits.Add(HeldBy, holder);
        if (functions > 0)
            traits = traits.Add(Functions, functions.ToString(CultureInfo.InvariantCulture));
        return new Device
        {
            Id = $"vfio-{address}",
            Vendor = Vendor,
            Model = (model ?? $"PCI device {ids}") + (board is null ? "" : ", virtual function"),
            ResourceName = (options.Names.GetValueOrDefault(ids) ?? $"{PciAccelerators.DomainOf(ids)}/{ResourceOf(model) ?? ids[5..]}") + Suffix(address, board, ids),
            PciAddress = address,
            NumaNode = host.ReadNumaNode(address),
            ParentId = board is null ? null : known.GetValueOrDefault(board),
            IsHeldBack = holder is not null || functions > 0,
            Traits = traits,
            DeviceNodes = [$"vfio/{group}", "vfio/vfio"],
        };
    }

    /// <summary>A virtual function with the ids of its board has a resource of its own by this; one that was made of a type, one for each type.</summary>
    private string Suffix(string address, string? board, string ids) =>
        _bus.TypeOf(address) is { } type ? string.Create(CultureInfo.InvariantCulture, $"_VGPU_{type}")
        : board is not null && _bus.Ids(board) == ids ? "_VF" : "";

    /// <summary>As KubeVirt's plugins name a board: upper case, dots, slashes and spaces as underscores, nothing else but letters and digits.</summary>
    internal static string? ResourceOf(string? model)
    {
        var words = model?.ToUpperInvariant().Replace('/', '_').Replace('.', '_').Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var name = words is null ? "" : new string([.. string.Join('_', words).Where(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_')]).Trim('_');
        return name.Length == 0 ? null : ResourceName.Fault($"x.y/{name}") is null ? name : name[..Math.Min(name.Length, 63)].TrimEnd('_');
    }

    /// <summary>Who holds a function of the group so that no guest can have it; null when all are free. Bridges belong to the host.</summary>
    private string? Holder(string group)
    {
        foreach (var address in _sys.Names($"kernel/iommu_groups/{group}/devices").Order(StringComparer.Ordinal))
        {
            if (_bus.IsFree(address) || _sys.Text($"{PciAccelerators.Bus}/{address}/class")?.StartsWith("0x06", StringComparison.Ordinal) == true)
                continue;
            return _sys.LinkName($"{PciAccelerators.Bus}/{address}/driver") is { } driver ? $"{address} is held by the driver {driver}" : $"{address} is held by no vfio driver";
        }
        return null;
    }
}
