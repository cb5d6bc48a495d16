using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Nvidia;

/// <summary>NVIDIA boards through NVML, inside the vendor host.</summary>
/// <remarks>May be opened again, after a wait for events that is under way has ended. A board that was lost is looked up anew in each
/// round; some drivers bring it back only for a library that is opened after the reset.
/// A call touches the board it is about and no other that was not described before: a board that hangs the driver
/// stays apart as long as it is not described. NUMA nodes are left to the daemon, which knows where the host's files are.</remarks>
/// <param name="notes">Sentences for the log about answers that were not usable.</param>
internal sealed class NvidiaLibrary(TimeProvider time, TextWriter notes) : IVendorLibrary, IDisposable
{
    public const string ResourceName = "nvidia.com/gpu";
    private const int LongestId = 63;

    private readonly SortedDictionary<int, NvidiaBoard> _boards = [];
    private readonly NvidiaLastXids _lastXids = new();
    private readonly NvidiaSampler _sampler = new(time);
    private NvmlLibrary? _nvml;
    private NvidiaEventStream? _events;

    public FieldTable Fields => NvidiaFields.Table;

    public LibraryInfo Open(string path)
    {
        Dispose();
        var nvml = NvmlLibrary.Load(path);
        nvml.Init();
        _nvml = nvml;
        var count = nvml.Count();
        Volatile.Write(ref _events, new NvidiaEventStream(nvml, count, _lastXids, time));
        return new LibraryInfo(nvml.DriverVersion(), nvml.LibraryVersion(), count, nvml.IsSimulated);
    }

    public int? CountDevices() => Opened.Count();

    /// <summary>See <see cref="IVendorLibrary.Describe"/>.</summary>
    /// <returns>Its links are those to boards described before it in this process; the way back is the same. After all boards were
    /// described, describing one again gives all its links.</returns>
    public Device Describe(int index)
    {
        var nvml = Opened;
        var handle = nvml.DeviceByIndex(index);
        var printed = nvml.PciAddress(handle);
        var address = printed is null ? null : PciAddress.Normalise(printed);
        var uuid = nvml.Uuid(handle);
        var board = new NvidiaBoard(Identify(index, uuid, address), handle, address, nvml.NvLinks(handle));
        foreach (var moved in _boards.Where(other => other.Value.Id == board.Id && other.Value.Address == address).ToArray())
            _boards.Remove(moved.Key); // an index shifts when a board is lost
        _boards[index] = board;
        _events?.Add(handle, board.Id);

        var minor = nvml.Minor(handle) is { } number ? string.Create(CultureInfo.InvariantCulture, $"nvidia{number}") : null;
        var model = nvml.Name(handle) ?? "unknown NVIDIA board";
        var memory = nvml.Memory(handle).Total;
        return new Device
        {
            Id = board.Id,
            Vendor = Fields.Vendor,
            Model = nvml.IsSimulated ? model + " (simulated)" : model,
            ResourceName = ResourceName,
            Index = index,
            NodeName = minor,
            PciAddress = address,
            Serial = nvml.Serial(handle),
            MemoryBytes = memory is { IsPresent: true, Value: > 0 } ? (long)memory.Value : null,
            DeviceNodes = minor is null ? [] : [minor, "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools"],
            Links = LinksOf(nvml, board),
        };
    }

    public void Sample(int index, Span<Reading> readings)
    {
        var nvml = Opened;
        if (!_boards.TryGetValue(index, out var board))
            throw new InvalidOperationException($"Board {index} was not described since the library was opened.");
        try
        {
            if (board is { IsLost: true, Address: { } address })
                board.Handle = nvml.DeviceByPciAddress(address); // its index may be another board's by now
            _sampler.Read(nvml, board, readings);
            board.IsLost = false;
        }
        catch (VendorException fault) when (fault.Fault == VendorFault.DeviceLost)
        {
            board.IsLost = true;
            throw;
        }
        _events?.Add(board.Handle, board.Id); // a registration that failed, or went with a lost board, is done again
        readings[Fields["last_xid"]] = _lastXids[board.Id];
    }

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
        Interlocked.Exchange(ref _nvml, null)?.Shutdown();
        _boards.Clear();
    }

    private NvmlLibrary Opened => _nvml ?? throw new InvalidOperationException("The library is not open.");


    /// <summary>The UUID; the PCI address where the UUID is missing, not usable as an id, or already another board's.</summary>
    private string Identify(int index, string? uuid, string? address)
    {
        var usable = uuid is not null && uuid.Length <= LongestId && uuid.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
        if (usable && !_boards.Any(other => other.Key != index && other.Value.Id == uuid && other.Value.Address != address))
            return uuid!;
        if (address is null)
        {
            throw new VendorException("nvmlDeviceGetUUID", (int)NvmlReturn.Unknown, VendorFault.Transient,
                $"board {index} has neither a usable UUID nor a PCI address, so it cannot be told from others");
        }
        notes.WriteLine($"nvidia: the UUID of board {index} is {(usable ? "that of another board" : "missing or not usable")}; its id is its PCI address {address}");
        return address;
    }

    private ImmutableArray<DeviceLink> LinksOf(NvmlLibrary nvml, NvidiaBoard board)
    {
        var links = ImmutableArray.CreateBuilder<DeviceLink>();
        foreach (var peer in _boards.Values.Where(peer => peer != board && peer.Id != board.Id))
        {
            var direct = peer.Address is null ? 0 : board.Links.ToBoards.GetValueOrDefault(peer.Address);
            if (direct == 0)
                direct = Math.Min(board.Links.ToSwitches, peer.Links.ToSwitches);
            var kind = direct > 0 ? LinkKind.Direct : peer.IsLost ? LinkKind.System : nvml.PciePath(board.Handle, peer.Handle);
            if (kind != LinkKind.System)
                links.Add(new DeviceLink(peer.Id, kind, direct));
        }
        return links.DrainToImmutable();
    }
}

/// <summary>What the vendor host keeps of a board between calls.</summary>
internal sealed class NvidiaBoard(string id, NvmlDevice handle, string? address, NvmlLinks links)
{
    public string Id { get; } = id;
    public string? Address { get; } = address;
    public NvmlLinks Links { get; } = links;
    public NvmlDevice Handle { get; set; } = handle;
    /// <summary>It did not answer the last time: its handle is looked up anew.</summary>
    public bool IsLost { get; set; }
    /// <summary>Counter of all NVLinks in KiB and when it was read; null when the last round could not read it.</summary>
    public (double Kibibytes, long Timestamp)? NvlinkData { get; set; }
}
