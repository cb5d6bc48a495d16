using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Ascend;

/// <summary>A chip that was described.</summary>
internal sealed class AscendChip(DcmiChip chip, Device device, AscendFamily family, AscendPlace place, int? logicId)
{
    public DcmiChip Chip => chip;
    public Device Device => device;
    public AscendFamily Family => family;
    public AscendPlace Place => place;
    public int? LogicId => logicId;
    /// <summary>By the ids of the virtual NPUs.</summary>
    public ImmutableDictionary<string, DcmiVirtual> Parts { get; set; } = ImmutableDictionary<string, DcmiVirtual>.Empty;
    public ImmutableArray<DeviceProcess> Processes { get; set; } = [];
}

/// <summary>Ascend NPUs through DCMI, inside the vendor host.</summary>
/// <remarks>DCMI cannot be closed: a process opens it once. A call touches the chip it is about and no other, so that a chip that hangs its driver stays
/// apart. NUMA nodes are left to the daemon, which knows where the host's files are.</remarks>
/// <param name="load">Finds the library.</param>
/// <param name="notes">Sentences for the log about answers that were not usable.</param>
internal sealed class AscendLibrary(Func<string, LibraryExports> load, TextWriter notes) : IVendorLibrary
{
    private const string VersionFile = "/usr/local/Ascend/driver/version.info";

    private readonly SortedDictionary<int, AscendChip> _chips = [];
    private readonly Dictionary<int, string> _byLogicId = []; // also read by the thread of events
    private readonly HashSet<string> _noted = new(StringComparer.Ordinal);
    private readonly AscendSampler _sampler = new();
    private ImmutableArray<DcmiChip> _listed = [];
    private DcmiLibrary? _dcmi;
    private bool? _isToldOfFaults;

    public FieldTable Fields => AscendFields.Table;

    public LibraryInfo Open(string path)
    {
        _dcmi = null;
        _chips.Clear();
        var dcmi = new DcmiLibrary(load(path));
        dcmi.Init();
        _listed = dcmi.Chips();
        _dcmi = dcmi;
        return new LibraryInfo(DriverVersion(), dcmi.Version(), _listed.Length, dcmi.IsSimulated);
    }

    public int? CountDevices()
    {
        _listed = Opened.Chips();
        return _listed.Length;
    }

    /// <summary>See <see cref="IVendorLibrary.Describe"/>.</summary>
    /// <returns>Its links are those to chips described before it in this process; the way back is the same.</returns>
    public Device Describe(int index)
    {
        var dcmi = Opened;
        if (index >= _listed.Length)
            throw DcmiStatus.Failure("dcmi_get_card_list", DcmiReturn.NoDevice);
        var chip = _listed[index];
        dcmi.Health(chip); // whether it answers at all
        var name = dcmi.Name(chip);
        var pcie = dcmi.Pcie(chip);
        var family = AscendFamily.Of(name, pcie?.DeviceId) ?? throw Nameless(chip, "says neither what it is nor where it is on the bus");
        var logicId = dcmi.LogicId(chip);
        var phyId = (logicId is { } logic ? dcmi.PhyId(logic) : null) ?? throw Nameless(chip, "does not say which device node is its own");
        if (_chips.FirstOrDefault(other => other.Key != index && other.Value.Place.Phy == phyId && other.Value.Chip != chip && _listed.Contains(other.Value.Chip)).Value is { } twin)
            throw Nameless(chip, string.Create(CultureInfo.InvariantCulture, $"says that /dev/davinci{phyId} is its own, which is that of card {twin.Chip.Card} chip {twin.Chip.Device}"));
        var boardId = dcmi.BoardId(chip);
        var place = new AscendPlace(chip.Card, phyId, AscendFamily.IsUnlinked(boardId));
        var id = Identify(dcmi, chip, pcie?.Address, phyId);
        foreach (var moved in _chips.Where(other => other.Key == index || other.Value.Device.Id == id || other.Value.Place.Phy == phyId).Select(other => other.Key).ToArray())
            _chips.Remove(moved);

        var node = string.Create(CultureInfo.InvariantCulture, $"davinci{phyId}");
        var hbm = dcmi.Hbm(chip).Total;
        var memory = hbm.IsPresent ? hbm : dcmi.Ddr(chip).Total;
        var device = new Device
        {
            Id = id,
            Vendor = AscendFields.Vendor,
            Model = ModelOf(name, family) + (dcmi.IsSimulated ? " (simulated)" : ""),
            ResourceName = family.Resource,
            Index = index,
            NodeName = node,
            PciAddress = pcie?.Address,
            Serial = dcmi.Serial(chip),
            MemoryBytes = memory.IsPresent ? (long)memory.Value : null,
            Traits = LibraryText.Told(
                (AscendTraits.Family, family.Name), (AscendTraits.Chip, name.Name ?? name.Npu), (AscendTraits.Card, Number(chip.Card)), (AscendTraits.ChipOfCard, Number(chip.Device)),
                (AscendTraits.Phy, Number(phyId)), (AscendTraits.Logic, Number(logicId)), (AscendTraits.Cores, Number(name.Cores)),
                (AscendTraits.Board, boardId is { } board ? string.Create(CultureInfo.InvariantCulture, $"0x{board:x}") : null), (AscendTraits.Unlinked, place.IsUnlinked ? "yes" : null),
                (AscendTraits.RoCE, dcmi.RoCEAddress(chip)), (AscendTraits.Outband, dcmi.HasOutband(chip) switch { true => "yes", false => "no", null => null }),
                (AscendTraits.SuperPod, family.Links == AscendLinks.Switched ? dcmi.SuperPod(chip)?.ToString(CultureInfo.InvariantCulture) : null)),
            DeviceNodes = [node, .. AscendNodes.Common],
            Links = [.. _chips.Values.Where(other => other.Family == family).Select(other => family.LinkTo(place, other.Place, other.Device.Id)).OfType<DeviceLink>()],
        };
        _chips[index] = new AscendChip(chip, device, family, place, logicId);
        lock (_byLogicId)
            _byLogicId[logicId ?? -1] = id;
        return device;
    }

    public void Sample(int index, Span<Reading> readings)
    {
        var chip = Described(index);
        chip.Processes = [];
        chip.Processes = _sampler.Read(Opened, chip.Chip, chip.Family.Links != AscendLinks.None, readings);
    }

    /// <summary>See <see cref="IVendorLibrary.Partitions"/>: virtual NPUs, as they are. They are held back: under which name they are offered is for the offers to say.</summary>
    public ImmutableArray<Device> Partitions(int index)
    {
        var chip = Described(index);
        var parts = Opened.Virtuals(chip.Chip);
        chip.Parts = parts.ToImmutableDictionary(part => IdOf(chip, part), StringComparer.Ordinal);
        return [.. parts.Select(part => PartOf(chip, part, index))];
    }

    public void SamplePartition(int index, Device partition, Span<Reading> readings)
    {
        if (Described(index).Parts.TryGetValue(partition.Id, out var part))
            AscendSampler.Read(part, readings);
    }

    public ImmutableArray<DeviceProcess> Processes(int index, Device? partition) => partition is null ? Described(index).Processes : [];

    public bool WaitEvent(TimeSpan atMost, [NotNullWhen(true)] out VendorEvent? happened)
    {
        happened = null;
        _isToldOfFaults ??= Opened.Subscribe();
        if (_isToldOfFaults == false)
        {
            Thread.Sleep(atMost); // the codes that stand are read in each round
            return false;
        }
        if (!DcmiLibrary.TryWait(atMost, out var fault))
            return false;
        string? id;
        lock (_byLogicId)
            id = _byLogicId.GetValueOrDefault(fault.LogicId);
        happened = AscendEvent.Of(id, fault);
        return true;
    }

    private DcmiLibrary Opened => _dcmi ?? throw new InvalidOperationException("The library is not open.");

    private AscendChip Described(int index) => _chips.GetValueOrDefault(index) ?? throw new InvalidOperationException($"Chip {index} was not described since the library was opened.");

    private static Device PartOf(AscendChip chip, DcmiVirtual part, int index)
    {
        var profile = part.Template is { } template && AscendTemplates.SuffixOf(template) is { } suffix ? suffix : AscendTemplates.SuffixOf(part.Cores);
        return new Device
        {
            Id = IdOf(chip, part),
            Vendor = AscendFields.Vendor,
            Model = chip.Device.Model,
            ResourceName = $"{chip.Family.Resource}-{profile}",
            Index = index,
            NodeName = string.Create(CultureInfo.InvariantCulture, $"vdavinci{part.Id}"),
            PciAddress = chip.Device.PciAddress,
            MemoryBytes = part.MemoryTotal.IsPresent ? (long)part.MemoryTotal.Value : null,
            ParentId = chip.Device.Id,
            Partition = new DevicePartition(part.Template ?? profile, part.Id, null),
            IsHeldBack = true,
            Traits = LibraryText.Told((AscendTraits.Family, chip.Family.Name), (AscendTraits.Cores, part.Cores > 0 ? Number(part.Cores) : null)),
            DeviceNodes = [string.Create(CultureInfo.InvariantCulture, $"vdavinci{part.Id}"), .. AscendNodes.Common],
        };
    }

    private static string IdOf(AscendChip chip, DcmiVirtual part) => string.Create(CultureInfo.InvariantCulture, $"{chip.Device.Id}-v{part.Id}");

    /// <summary>The die's id; the place on the bus where the die says none, or says that of another chip.</summary>
    private string Identify(DcmiLibrary dcmi, DcmiChip chip, string? address, int phyId)
    {
        var die = dcmi.Die(chip);
        if (die is not null && !_chips.Values.Any(other => other.Device.Id == die && other.Place.Phy != phyId && _listed.Contains(other.Chip)))
            return die;
        var place = address is null ? string.Create(CultureInfo.InvariantCulture, $"npu-{phyId}") : string.Create(CultureInfo.InvariantCulture, $"{address}-{chip.Device}");
        Note($"the die of card {chip.Card} chip {chip.Device} says {(die is null ? "no id" : "the id of another one")}; its id is {place}");
        return place;
    }

    private static VendorException Nameless(DcmiChip chip, string why) =>
        new("dcmi_get_device_chip_info_v2", 0, VendorFault.Transient, string.Create(CultureInfo.InvariantCulture, $"card {chip.Card} chip {chip.Device} {why}; it is left out, and asked again"));

    private static string ModelOf(DcmiName name, AscendFamily family)
    {
        var said = name.Npu is { } npu && npu.StartsWith("Ascend", StringComparison.OrdinalIgnoreCase) ? npu : name.Name ?? family.Name;
        return said.StartsWith("Ascend", StringComparison.OrdinalIgnoreCase) ? said : $"{(name.Type is { Length: > 0 and < 16 } type ? type : "Ascend")} {said}";
    }

    private static string? Number(int? value) => value?.ToString(CultureInfo.InvariantCulture);

    /// <summary>The driver's package says its version in a file beside the library.</summary>
    private static string? DriverVersion()
    {
        const string key = "Version=";
        try
        {
            return File.ReadLines(VersionFile).Take(16).FirstOrDefault(line => line.StartsWith(key, StringComparison.OrdinalIgnoreCase))?[key.Length..].Trim() is { Length: > 0 and < 64 } version ? version : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Once: chips are described again and again.</summary>
    private void Note(string sentence)
    {
        if (_noted.Add(sentence))
            notes.WriteLine($"ascend: {sentence}");
    }
}
