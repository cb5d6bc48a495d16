using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Cambricon;

/// <summary>MLUs through CNDEV, inside the vendor host. A card with several chips is as many boards, each with its own UUID and the serial number of the card.</summary>
/// <remarks>May be opened again, after a wait for events that is under way has ended. A call touches the board it is about and no other that was
/// not described before: a board that hangs the driver stays apart as long as it is not described.</remarks>
/// <param name="notes">Sentences for the log about answers that were not usable.</param>
/// <param name="load">How the library is found and loaded; by default <see cref="Search"/>.</param>
internal sealed class CambriconLibrary(TimeProvider time, TextWriter notes, Func<string, LibraryExports>? load = null) : IResettingLibrary, IDisposable
{
    public const string ResourceName = "cambricon.com/mlu";
    private const string UuidPrefix = "MLU-", Dev = "/dev/";

    private readonly SortedDictionary<int, CambriconBoard> _boards = [];
    private readonly HashSet<string> _noted = new(StringComparer.Ordinal);
    private CndevLibrary? _cndev;
    private CambriconEventStream? _events;

    public static LibrarySearch Search { get; } = new("cambricon", "the Cambricon driver", $"CNDEV, or older than version {Cndev.Version} of its interface",
        ["/usr/lib64", $"/usr/lib/{Triple}", "/usr/lib", "/usr/local/neuware/lib64"])
    {
        MissingLibrary = (int)CndevReturn.LibraryMissing,
        MissingFunction = (int)CndevReturn.FunctionMissing,
    };

    private static string Triple => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64-linux-gnu" : "x86_64-linux-gnu";

    public FieldTable Fields => CambriconFields.Table;

    public LibraryInfo Open(string path)
    {
        Dispose();
        var cndev = new CndevLibrary((load ?? Search.Load)(path));
        cndev.Init();
        _cndev = cndev;
        var count = cndev.Count();
        Volatile.Write(ref _events, new CambriconEventStream(cndev, count, time));
        return new LibraryInfo(DriverVersion(cndev, count), cndev.LibraryVersion(), count, cndev.IsSimulated);
    }

    public int? CountDevices() => Opened.Count();

    /// <summary>See <see cref="IVendorLibrary.Describe"/>.</summary>
    /// <returns>Its links are those to boards described before it in this process; the way back is the same. After all boards were
    /// described, describing one again gives all its links.</returns>
    public Device Describe(int index)
    {
        var cndev = Opened;
        var device = cndev.DeviceByIndex(index);
        var (address, minor) = (cndev.PciAddress(device), cndev.Minor(device) ?? (uint)index);
        var (uuid, number) = cndev.Uuid(device);
        var (serial, motherBoard) = cndev.Serials(device);
        var board = new CambriconBoard(Identify(index, uuid, address), device, address)
        {
            Model = (cndev.Model(device) ?? "unknown MLU") + (cndev.IsSimulated ? " (simulated)" : ""),
            Number = minor,
            Serial = serial,
            Uuid = uuid,
            LinkNumber = number,
            Ports = cndev.LinkPorts(device),
            Ends = cndev.LinkEnds(device),
        };
        if (_boards.FirstOrDefault(other => other.Key != index && other.Value.Id != board.Id && other.Value.Number == minor) is { Value: { } owner })
        {
            throw new VendorException("cndevDeviceGetMinorNumber", (int)CndevReturn.Unknown, VendorFault.Transient,
                $"board {index} says that its node is {NodeOf(board)}, which is that of {owner.Id}: no container may get it");
        }
        foreach (var moved in _boards.Where(other => other.Key == index || other.Value.Id == board.Id).ToArray())
            _boards.Remove(moved.Key); // an index shifts when a board is lost
        _boards[index] = board;
        _events?.Add(device, board.Id);
        var memory = cndev.Memory(device).Total;
        var (_, controller) = cndev.Versions(device);
        return new Device
        {
            Id = board.Id,
            Vendor = Fields.Vendor,
            Model = board.Model,
            ResourceName = ResourceName,
            Index = index,
            NodeName = NodeOf(board),
            PciAddress = address,
            Serial = serial,
            NumaNode = cndev.NumaNode(device),
            MemoryBytes = memory is { IsPresent: true, Value: > 0 } ? (long)memory.Value : null,
            Firmware = LibraryText.Told(("mcu", controller)),
            Traits = LibraryText.Told((CambriconTraits.MotherBoard, motherBoard), (CambriconTraits.Reset, cndev.CanReset ? CambriconTraits.ByLibrary : null),
                (CambriconTraits.Division, cndev.IsMim(device) == true ? CambriconTraits.Mim : cndev.IsSmlu(device) == true ? CambriconTraits.Smlu : null)),
            DeviceNodes = [NodeOf(board)], // what else a container needs depends on what the host has
            Links = LinksOf(cndev, board),
        };
    }

    public void Sample(int index, Span<Reading> readings)
    {
        var (cndev, board) = (Opened, Described(index));
        try
        {
            if (board is { IsLost: true, Address: { } address } && cndev.DeviceByPciAddress(address) is { } found)
                board.Device = found; // its index may be another board's by now
            CambriconSampler.Read(cndev, board, readings);
            board.IsLost = false;
        }
        catch (VendorException fault) when (fault.Fault == VendorFault.DeviceLost)
        {
            board.IsLost = true;
            throw;
        }
        _events?.Add(board.Device, board.Id); // a registration that failed, or went with a lost board, is done again
        readings[Fields["last_xid"]] = _events?.LastXid(board.Id) ?? Reading.Absent;
    }

    /// <summary>See <see cref="IVendorLibrary.Partitions"/>. They are held back: which of them are offered, and under which name, is for a policy to say.</summary>
    public ImmutableArray<Device> Partitions(int index)
    {
        var (cndev, board) = (Opened, Described(index));
        var instances = cndev.IsMim(board.Device) == true ? cndev.MimInstances(board.Device) : cndev.IsSmlu(board.Device) == true ? cndev.SmluInstances(board.Device) : [];
        if (instances.Count == 0)
        {
            board.Instances.Clear();
            return [];
        }
        var found = new Dictionary<string, CndevInstance>(StringComparer.Ordinal);
        foreach (var instance in instances)
        {
            if (Identify(board, instance, found) is { } id)
            {
                found[id] = instance;
                _events?.Name(board.Id, (uint)instance.Id, id);
            }
        }
        board.Instances = found;
        return [.. found.Select(entry => Instance(index, board, entry.Key, entry.Value))];
    }

    public void SamplePartition(int index, Device partition, Span<Reading> readings)
    {
        var board = Described(index);
        if (!board.Instances.TryGetValue(partition.Id, out var instance))
            throw new InvalidOperationException($"Board {index} has no instance {partition.Id}.");
        CambriconSampler.Read(instance, readings);
        readings[Fields["last_xid"]] = _events?.LastXid(partition.Id, board.Id) ?? Reading.Absent;
    }

    public ImmutableArray<DeviceProcess> Processes(int index, Device? partition) => partition is null ? Described(index).Processes : [];

    public void Reset(string pciAddress) => Opened.Reset(Opened.DeviceByPciAddress(pciAddress)
        ?? throw new VendorException("cndevGetDeviceHandleByPciBusId", (int)CndevReturn.NotSupported, VendorFault.Refused, "the library finds no board by its address, and its number may be another's by now"));

    public bool WaitEvent(TimeSpan atMost, [NotNullWhen(true)] out VendorEvent? happened)
    {
        happened = null;
        if (Volatile.Read(ref _events) is { } events)
            return events.Wait(atMost, out happened);
        Thread.Sleep(atMost); // not open yet: nothing can happen
        return false;
    }

    /// <summary>Closes what is open. It can be opened again.</summary>
    public void Dispose()
    {
        Interlocked.Exchange(ref _events, null)?.Dispose();
        _boards.Clear();
        Interlocked.Exchange(ref _cndev, null)?.Release();
    }

    private CndevLibrary Opened => _cndev ?? throw new InvalidOperationException("The library is not open.");

    private CambriconBoard Described(int index) => _boards.GetValueOrDefault(index)
        ?? throw new InvalidOperationException($"Board {index} was not described since the library was opened.");

    /// <summary>The driver is one for all boards; the first that answers tells its version.</summary>
    private static string? DriverVersion(CndevLibrary cndev, int count)
    {
        try
        {
            return count == 0 ? null : cndev.Versions(cndev.DeviceByIndex(0)).Driver;
        }
        catch (VendorException)
        {
            return null;
        }
    }

    private Device Instance(int index, CambriconBoard board, string id, CndevInstance instance) => new()
    {
        Id = id,
        Vendor = Fields.Vendor,
        Model = board.Model,
        ResourceName = $"{ResourceName}.{(instance.IsMim ? "mim" : "smlu")}-{Named(instance.Profile)}",
        Index = index,
        NodeName = NodeOf(board),
        PciAddress = board.Address,
        Serial = board.Serial,
        MemoryBytes = instance.MemoryBytes,
        ParentId = board.Id,
        Partition = new DevicePartition(instance.Profile ?? "unknown", instance.Id, null) { Number = instance.Id },
        IsHeldBack = true,
        Traits = LibraryText.Told((CambriconTraits.Division, instance.IsMim ? CambriconTraits.Mim : CambriconTraits.Smlu)),
        DeviceNodes = [NodeOf(board), .. instance.Nodes.Select(NodeBelowDev).OfType<string>()],
    };

    private static string NodeOf(CambriconBoard board) => string.Create(CultureInfo.InvariantCulture, $"cambricon_dev{board.Number}");

    /// <summary>As the vendor's plugin writes it: <c>2m.8gb</c>, <c>1m-4gb</c> for <c>1m+4gb</c>.</summary>
    private static string Named(string? profile) => (profile ?? "unknown").Replace('+', '-');

    /// <summary>Null for what is no plain path below /dev.</summary>
    private static string? NodeBelowDev(string path) =>
        path.StartsWith(Dev, StringComparison.Ordinal) && path.Length > Dev.Length && !path.Contains("..", StringComparison.Ordinal)
        && path.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '/' or '_' or '-' or ':' or '.') ? path[Dev.Length..] : null;

    /// <summary>The UUID; the PCI address where the UUID is missing, not usable as an id, or already another board's.</summary>
    private string Identify(int index, string? uuid, string? address)
    {
        var id = UuidPrefix + uuid;
        var isUsable = uuid is not null && LibraryText.IsUsableAsId(id);
        if (isUsable && !_boards.Any(other => other.Key != index && other.Value.Id == id && other.Value.Address != address))
            return id;
        if (address is null)
        {
            throw new VendorException("cndevGetUUID", (int)CndevReturn.Unknown, VendorFault.Transient,
                $"board {index} has neither a usable UUID nor a PCI address, so it cannot be told from others");
        }
        Note($"the UUID of board {index} is {(isUsable ? "that of another board" : "missing or not usable")}; its id is its PCI address {address}");
        return address;
    }

    /// <summary>The UUID; board and instance numbers where the UUID is missing, not usable as an id, or already another's.</summary>
    private string? Identify(CambriconBoard board, CndevInstance instance, Dictionary<string, CndevInstance> found)
    {
        var id = UuidPrefix + instance.Uuid;
        if (instance.Uuid is not null && LibraryText.IsUsableAsId(id) && !found.ContainsKey(id)
            && !_boards.Values.Any(other => other.Id == id || (other != board && other.Instances.ContainsKey(id))))
            return id;
        var place = string.Create(CultureInfo.InvariantCulture, $"{board.Address ?? board.Id}-{(instance.IsMim ? "mi" : "smi")}{instance.Id}");
        var isFree = place.Length <= 63 && !found.ContainsKey(place);
        Note($"the UUID of an instance of {board.Id} is missing, not usable or another's; {(isFree ? $"its id is {place}" : $"{place} is left out")}");
        return isFree ? place : null;
    }

    private ImmutableArray<DeviceLink> LinksOf(CndevLibrary cndev, CambriconBoard board)
    {
        var links = ImmutableArray.CreateBuilder<DeviceLink>();
        foreach (var peer in _boards.Values.Where(peer => peer != board))
        {
            var count = Math.Max(Direct(board, peer), Direct(peer, board)); // one side may know more than the other
            var kind = count > 0 ? LinkKind.Direct
                : board.Serial is not null && board.Serial == peer.Serial ? LinkKind.SameBoard
                : peer.IsLost ? LinkKind.System
                : cndev.PciePath(board.Device, peer.Device);
            if (kind != LinkKind.System)
                links.Add(new DeviceLink(peer.Id, kind, count));
        }
        return links.ToImmutable();
    }

    /// <summary>Ports of one board that lead to another: straight, or over switches, where both have ports to one.</summary>
    private static int Direct(CambriconBoard from, CambriconBoard to) =>
        from.Ends.Count(end => !end.IsSwitch && ((to.Uuid is not null && end.PeerUuid == to.Uuid) || (to.LinkNumber != 0 && end.PeerNumber == to.LinkNumber)))
        + Math.Min(from.Ends.Count(end => end.IsSwitch), to.Ends.Count(end => end.IsSwitch));

    private void Note(string sentence)
    {
        if (_noted.Add(sentence))
            notes.WriteLine($"cambricon: {sentence}");
    }
}
