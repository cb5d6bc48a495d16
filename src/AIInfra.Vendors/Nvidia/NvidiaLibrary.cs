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
/// <param name="sampling">Null: all but the costly readings in each round.</param>
internal sealed class NvidiaLibrary(TimeProvider time, TextWriter notes, NvidiaSampling? sampling = null) : IVendorLibrary, IDisposable
{
    public const string ResourceName = "nvidia.com/gpu";
    private const int LongestId = 63;

    private readonly SortedDictionary<int, NvidiaBoard> _boards = [];
    private readonly NvidiaLastXids _lastXids = new();
    private readonly NvidiaPartitions _partitions = new();
    private readonly HashSet<string> _noted = new(StringComparer.Ordinal);
    private readonly NvidiaSampler _sampler = new(sampling ?? NvidiaSampling.Always, time);
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
        Volatile.Write(ref _events, new NvidiaEventStream(nvml, count, _lastXids, _partitions, time));
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
        var board = new NvidiaBoard(Identify(index, uuid, address), handle, address, nvml.NvLinks(handle))
        {
            Model = (nvml.Name(handle) ?? "unknown NVIDIA board") + (nvml.IsSimulated ? " (simulated)" : ""),
            NodeName = nvml.Minor(handle) is { } minor ? string.Create(CultureInfo.InvariantCulture, $"nvidia{minor}") : null,
            InforomCorrupted = nvml.InforomCorrupted(handle),
            LinkErrors = new NvidiaLinkErrors(time),
            Profiler = nvml.HasGpm(handle) ? new NvidiaProfiler(time) : null,
        };
        foreach (var moved in _boards.Where(other => other.Key == index || (other.Value.Id == board.Id && other.Value.Address == address)).ToArray())
        {
            _boards.Remove(moved.Key); // an index shifts when a board is lost
            moved.Value.Dispose();
        }
        _boards[index] = board;
        _events?.Add(handle, board.Id);

        var memory = nvml.Memory(handle).Total;
        return new Device
        {
            Id = board.Id,
            Vendor = Fields.Vendor,
            Model = board.Model,
            ResourceName = ResourceName,
            Index = index,
            NodeName = board.NodeName,
            PciAddress = address,
            Serial = nvml.Serial(handle),
            MemoryBytes = memory is { IsPresent: true, Value: > 0 } ? (long)memory.Value : null,
            Firmware = FirmwareOf(nvml, handle),
            Traits = TraitsOf(nvml, handle),
            DeviceNodes = NodesOf(board.NodeName),
            Links = LinksOf(nvml, board),
        };
    }

    public void Sample(int index, Span<Reading> readings)
    {
        var (nvml, board) = (Opened, Described(index));
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

    /// <summary>See <see cref="IVendorLibrary.Partitions"/>. They are held back: which of them are offered, and under which name, is for a
    /// strategy to say. The nodes under <c>nvidia-caps</c> are left to the daemon, which knows where the host's files are.</summary>
    public ImmutableArray<Device> Partitions(int index)
    {
        var board = Described(index);
        var found = new Dictionary<string, NvmlPartition>(StringComparer.Ordinal);
        foreach (var partition in Opened.Partitions(board.Handle))
        {
            if (Identify(board, partition, found) is { } id)
                found[id] = partition;
        }
        board.SetParts(found, time);
        ImmutableArray<Device> devices = [.. found.Select(entry => Device(index, board, entry.Key, entry.Value))];
        _partitions.Set(board.Id, devices);
        return devices;
    }

    public void SamplePartition(int index, Device partition, Span<Reading> readings)
    {
        var board = Described(index);
        if (!board.Parts.TryGetValue(partition.Id, out var part))
            throw new InvalidOperationException($"Board {index} has no partition {partition.Id}.");
        NvidiaSampler.Read(Opened, board, part, readings);
        readings[Fields["last_xid"]] = _lastXids.OfPartition(partition.Id, board.Id);
    }

    public ImmutableArray<DeviceProcess> Processes(int index, Device? partition) =>
        partition is null ? Described(index).Processes : Described(index).Parts.GetValueOrDefault(partition.Id)?.Processes ?? [];

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
        foreach (var board in _boards.Values)
            board.Dispose(); // before the library is shut down: their samples are its memory
        _boards.Clear();
        Interlocked.Exchange(ref _nvml, null)?.Shutdown();
    }

    private NvmlLibrary Opened => _nvml ?? throw new InvalidOperationException("The library is not open.");

    private NvidiaBoard Described(int index) => _boards.GetValueOrDefault(index)
        ?? throw new InvalidOperationException($"Board {index} was not described since the library was opened.");

    private Device Device(int index, NvidiaBoard board, string id, NvmlPartition partition) => new()
    {
        Id = id,
        Vendor = Fields.Vendor,
        Model = board.Model,
        ResourceName = $"nvidia.com/mig-{partition.Profile.Replace('+', '.')}",
        Index = index,
        NodeName = board.NodeName,
        PciAddress = board.Address,
        MemoryBytes = partition.MemoryBytes,
        ParentId = board.Id,
        Partition = new DevicePartition(partition.Profile, partition.GpuInstance, partition.ComputeInstance) { Number = partition.Slot },
        IsHeldBack = true,
        Traits = TraitsOf(partition),
        DeviceNodes = NodesOf(board.NodeName),
    };

    private static ImmutableArray<string> NodesOf(string? name) => name is null ? [] : [name, "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools"];

    private static ImmutableSortedDictionary<string, string> TraitsOf(NvmlLibrary nvml, NvmlDevice device) => LibraryText.Told(
        (NvidiaTraits.Compute, nvml.ComputeCapability(device)),
        (NvidiaTraits.Cuda, nvml.CudaVersion()),
        (NvidiaTraits.Clique, nvml.Clique(device)),
        (NvidiaTraits.Mig, nvml.MigMode(device) switch { true => NvidiaTraits.On, false => NvidiaTraits.Off, null => null }));

    private static ImmutableSortedDictionary<string, string> TraitsOf(NvmlPartition partition) => partition.Attributes is not { } has ? LibraryText.Told() : LibraryText.Told(
        (NvidiaTraits.Multiprocessors, Number(has.MultiprocessorCount)), (NvidiaTraits.GpuSlices, Number(has.GpuInstanceSliceCount)),
        (NvidiaTraits.ComputeSlices, Number(has.ComputeInstanceSliceCount)), (NvidiaTraits.CopyEngines, Number(has.SharedCopyEngineCount)),
        (NvidiaTraits.Decoders, Number(has.SharedDecoderCount)), (NvidiaTraits.Encoders, Number(has.SharedEncoderCount)),
        (NvidiaTraits.JpegEngines, Number(has.SharedJpegCount)), (NvidiaTraits.FlowEngines, Number(has.SharedOfaCount)));

    private static string Number(uint value) => value.ToString(CultureInfo.InvariantCulture);

    private static ImmutableSortedDictionary<string, string> FirmwareOf(NvmlLibrary nvml, NvmlDevice device) =>
        LibraryText.Told(("vbios", nvml.VbiosVersion(device)), ("inforom", nvml.InforomVersion(device)), ("gsp", nvml.GspVersion(device)));

    /// <summary>The UUID; the PCI address where the UUID is missing, not usable as an id, or already another board's.</summary>
    private string Identify(int index, string? uuid, string? address)
    {
        var usable = LibraryText.IsUsableAsId(uuid);
        if (usable && !_boards.Any(other => other.Key != index && other.Value.Id == uuid && other.Value.Address != address))
            return uuid!;
        if (address is null)
        {
            throw new VendorException("nvmlDeviceGetUUID", (int)NvmlReturn.Unknown, VendorFault.Transient,
                $"board {index} has neither a usable UUID nor a PCI address, so it cannot be told from others");
        }
        Note($"the UUID of board {index} is {(usable ? "that of another board" : "missing or not usable")}; its id is its PCI address {address}");
        return address;
    }

    /// <summary>The UUID; board and instance numbers where the UUID is missing, not usable as an id, or already another partition's.</summary>
    private string? Identify(NvidiaBoard board, NvmlPartition partition, Dictionary<string, NvmlPartition> found)
    {
        var uuid = partition.Uuid;
        if (LibraryText.IsUsableAsId(uuid) && !found.ContainsKey(uuid!) && !_boards.Values.Any(other => other.Id == uuid || (other != board && other.Parts.ContainsKey(uuid!))))
            return uuid;
        var place = string.Create(CultureInfo.InvariantCulture, $"{board.Address ?? board.Id}-gi{partition.GpuInstance}-ci{partition.ComputeInstance}");
        var isFree = place.Length <= LongestId && !found.ContainsKey(place);
        Note($"the UUID of a partition of {board.Id} is missing, not usable or another's; {(isFree ? $"its id is {place}" : $"{place} is left out")}");
        return isFree ? place : null;
    }

    /// <summary>Once: partitions are looked at in every round.</summary>
    private void Note(string sentence)
    {
        if (_noted.Add(sentence))
            notes.WriteLine($"nvidia: {sentence}");
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
