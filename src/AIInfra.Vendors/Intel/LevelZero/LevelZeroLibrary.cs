using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Intel.LevelZero;

/// <summary>What Level Zero Sysman tells of Intel GPUs beside their files in sysfs, inside the vendor host. A GPU's id is its PCI address, by which both know it.</summary>
/// <remarks>The loader lists GPUs once for a process: which there are now is for a new process to say.</remarks>
/// <param name="notes">Sentences for the log about answers that were not usable.</param>
internal sealed class LevelZeroLibrary(TextWriter notes, Func<string, LibraryExports>? load = null) : IVendorLibrary
{
    public const string File = "libze_loader.so.1";

    private readonly SortedDictionary<int, LevelZeroGpu> _gpus = [];
    private readonly HashSet<string> _noted = new(StringComparer.Ordinal);
    private (nint Driver, nint Device)[] _handles = [];
    private ZesLibrary? _zes;
    private LevelZeroEventStream? _events;

    public static LibrarySearch Search { get; } = new("intel", "Level Zero", "the loader of Level Zero", Folders)
    {
        MissingLibrary = unchecked((int)ZesResult.LibraryMissing),
        MissingFunction = unchecked((int)ZesResult.FunctionMissing),
    };

    /// <summary>Where packages put the loader.</summary>
    public static ImmutableArray<string> Folders => ["/usr/lib64", $"/usr/lib/{Triple}", "/usr/lib", "/usr/local/lib", "/usr/local/lib64"];

    private static string Triple => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64-linux-gnu" : "x86_64-linux-gnu";

    public FieldTable Fields => IntelFields.Table;

    public LibraryInfo Open(string path)
    {
        var zes = new ZesLibrary((load ?? Search.Load)(path));
        zes.Init();
        _handles = zes.Gpus();
        _zes = zes;
        Volatile.Write(ref _events, new LevelZeroEventStream(zes.Events));
        return new LibraryInfo(DriverVersion(zes), null, _handles.Length, zes.IsSimulated);
    }

    public Device Describe(int index)
    {
        var zes = Opened;
        if (index >= _handles.Length)
            throw ZesStatus.Failure("zesDeviceGet", ZesResult.DeviceLost);
        var (driver, handle) = _handles[index];
        var (isGpu, model, serial, _, tiles) = zes.Identity(handle);
        var address = zes.PciAddress(handle);
        if (!isGpu)
            throw new VendorException("zesDeviceGetProperties", 0, VendorFault.Refused, $"{address} is no GPU");
        if (_gpus.Any(other => other.Key != index && other.Value.Address == address))
            throw ZesStatus.Failure("zesDevicePciGetProperties", ZesResult.Garbage); // of two that say so nobody knows which it is
        var gpu = LevelZeroGpu.Of(zes, address, driver, handle, tiles);
        if (_gpus.GetValueOrDefault(index) is { } known)
            gpu.TakeOver(known);
        _gpus[index] = gpu = gpu with { Described = TilesOf(index, gpu) };
        if (_events is { } events && !events.Add(driver, handle, address))
            Note($"{address} tells no events; its state is asked every round");
        return new Device
        {
            Id = address,
            Vendor = IntelFields.Vendor,
            Model = model ?? $"Intel GPU {address}",
            ResourceName = $"{IntelDriver.Domain}/{IntelFields.Vendor}",
            Index = index,
            PciAddress = address,
            Serial = serial,
            IsHeldBack = true, // it is offered by its files
            Links = LinksOf(gpu),
        };
    }

    public void Sample(int index, Span<Reading> readings) => LevelZeroSampler.ReadGpu(Opened, Described(index), readings);

    /// <summary>The tiles, under the ids that they have by their files.</summary>
    public ImmutableArray<Device> Partitions(int index) => Described(index).Described;

    private static ImmutableArray<Device> TilesOf(int index, LevelZeroGpu gpu) =>
        [.. gpu.ByTile.Select((_, tile) => new Device
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"{gpu.Address}/tile{tile}"),
            Vendor = IntelFields.Vendor,
            Model = "tile",
            ResourceName = $"{IntelDriver.Domain}/{IntelFields.Vendor}",
            Index = index,
            ParentId = gpu.Address,
            Partition = new DevicePartition("tile", tile, null),
            IsHeldBack = true,
        })];

    public void SamplePartition(int index, Device partition, Span<Reading> readings)
    {
        if (partition.Partition is { Instance: var tile } && tile < Described(index).ByTile.Length)
            LevelZeroSampler.ReadTile(Opened, Described(index).ByTile[tile], readings);
    }

    public bool WaitEvent(TimeSpan atMost, [NotNullWhen(true)] out VendorEvent? happened)
    {
        happened = null;
        if (Volatile.Read(ref _events) is { } events)
            return events.Wait(atMost, out happened);
        Thread.Sleep(atMost); // not open yet: nothing can happen
        return false;
    }

    private ZesLibrary Opened => _zes ?? throw new InvalidOperationException("The library is not open.");

    private LevelZeroGpu Described(int index) => _gpus.GetValueOrDefault(index) ?? throw new InvalidOperationException($"GPU {index} was not described since the library was opened.");

    /// <summary>One driver serves all; the first GPU that answers tells its version.</summary>
    private string? DriverVersion(ZesLibrary zes)
    {
        try
        {
            return _handles.Length == 0 ? null : zes.Identity(_handles[0].Device).DriverVersion;
        }
        catch (VendorException)
        {
            return null;
        }
    }

    /// <summary>Xe links to GPUs that were described before; after all were, describing one again gives all its links.</summary>
    private ImmutableArray<DeviceLink> LinksOf(LevelZeroGpu gpu) =>
    [
        .. from peer in _gpus.Values
           where peer.Address != gpu.Address
           let count = Math.Max(gpu.Peers.Count(peer.Fabrics.Contains), peer.Peers.Count(gpu.Fabrics.Contains)) // one side may know more than the other
           where count > 0
           select new DeviceLink(peer.Address, LinkKind.Direct, count),
    ];

    private void Note(string sentence)
    {
        if (_noted.Add(sentence))
            notes.WriteLine($"levelzero: {sentence}");
    }
}
