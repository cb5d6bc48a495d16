using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.VendorHostChild;

/// <summary>A library whose boards and faults are files in a folder, read at each call:
/// <c>count</c> (boards, by default 2), <c>driver</c> (its version; to a library that was opened with another one every board is lost), <c>open-0</c>, <c>describe-INDEX</c>, <c>sample-INDEX</c> (what that call does),
/// <c>partitions-INDEX</c> (their profiles, parted by spaces; <c>?</c> when the board does not say), <c>event</c> (a fifo to read events from: a byte for the board, a byte for the value; the value 0: divided anew).</summary>
/// <remarks>What a call does: <c>segfault</c>, <c>abort</c>, <c>hang</c> (for ever, in the kernel), <c>fifo PATH</c> (until somebody opens that fifo for writing),
/// <c>absent</c>, <c>transient</c>, <c>lost</c>, <c>refused</c>, <c>fds PATH</c> (lists its descriptors into a file), <c>hold PATH</c> (opens a file and keeps it open).
/// A call that is about to hang leaves the file <c>stuck-CALL-INDEX</c>.</remarks>
internal sealed partial class ScriptedLibrary(string folder) : IVendorLibrary
{
    internal static readonly FieldTable Table = new("scripted", [new Field("temperature_celsius", FieldKind.Gauge), new Field("energy_joules", FieldKind.Counter), new Field("absent", FieldKind.Gauge)]);

    private string? _driver;
    private Stream? _events;
    private Stream? _held;

    public FieldTable Fields => Table;

    public LibraryInfo Open(string path)
    {
        Do("open", 0);
        if (File.Exists(path))
            NativeLibrary.Load(path);
        _driver = Read("driver");
        return new LibraryInfo(_driver ?? "1.0", Read("version") ?? "9.9", Count, IsSimulated: true);
    }

    public int? CountDevices() => Count;

    public Device Describe(int index)
    {
        Do("describe", index);
        ThrowIfOutdated("describe");
        return new Device
        {
            Id = Read($"id-{index}") ?? $"board-{index}",
            Vendor = "scripted",
            Model = "Board",
            ResourceName = "example.com/board",
            Index = index,
            PciAddress = $"0000:{index + 1:x2}:00.0",
            DeviceNodes = [$"board{index}"],
            Links = [new DeviceLink($"board-{index ^ 1}", LinkKind.Direct, 4)],
        };
    }

    public void Sample(int index, Span<Reading> readings)
    {
        Do("sample", index);
        ThrowIfOutdated("sample");
        readings[0] = Reading.Of(40 + index);
        readings[1] = Reading.Unknown;
    }

    public ImmutableArray<Device> Partitions(int index)
    {
        var profiles = Read($"partitions-{index}")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (profiles is ["?"])
            throw new VendorException("partitions", 999, VendorFault.Transient, "the board does not say");
        return [.. profiles.Select((profile, place) => new Device
        {
            Id = $"part-{index}-{place}",
            Vendor = "scripted",
            Model = "Board",
            ResourceName = $"example.com/part-{profile}",
            Partition = new DevicePartition(profile, place, null),
            IsHeldBack = true,
        })];
    }

    public void SamplePartition(int index, Device partition, Span<Reading> readings) => readings[0] = Reading.Of(100 + partition.Partition!.Instance);

    public bool WaitEvent(TimeSpan atMost, [NotNullWhen(true)] out VendorEvent? happened)
    {
        var path = Path.Combine(folder, "event");
        happened = null;
        if (_events is null && !File.Exists(path))
        {
            Thread.Sleep(atMost);
            return false;
        }
        _events ??= new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 1); // ReadWrite: never at its end
        var board = _events.ReadByte();
        var value = _events.ReadByte();
        happened = new VendorEvent($"board-{board}", value == 0 ? VendorEvent.Repartitioned : "xid", value, null);
        return true;
    }

    private int Count => int.Parse(Read("count") ?? "2", CultureInfo.InvariantCulture);

    private string? Read(string name)
    {
        var path = Path.Combine(folder, name);
        return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
    }

    private void ThrowIfOutdated(string call)
    {
        if (Read("driver") != _driver)
            throw new VendorException(call, 15, VendorFault.DeviceLost, "the driver below this library is another");
    }

    private void Do(string call, int index)
    {
        var words = Read($"{call}-{index}")?.Split(' ', 2) ?? [];
        var argument = words.Length > 1 ? words[1] : "";
        switch (words.Length == 0 ? "" : words[0])
        {
            case "segfault":
                Fill(8, 0, 1);
                break;
            case "abort":
                Abort();
                break;
            case "hang":
                File.Create(Path.Combine(folder, $"stuck-{call}-{index}")).Dispose();
                while (true)
                    _ = Pause(); // returns after every signal
            case "fifo":
                File.Create(Path.Combine(folder, $"stuck-{call}-{index}")).Dispose();
                using (new FileStream(argument, FileMode.Open, FileAccess.Read)) // open(2) blocks until there is a writer
                    break;
            case "fds":
                File.WriteAllLines(argument, Directory.EnumerateFileSystemEntries("/proc/self/fd").Select(fd => $"{Path.GetFileName(fd)} {new FileInfo(fd).LinkTarget}"));
                break;
            case "hold":
                _held = new FileStream(argument, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                break;
            case "absent":
                throw new VendorException(call, 12, VendorFault.Absent, "the library is not on this host");
            case "transient":
                throw new VendorException(call, 9, VendorFault.Transient, "the driver is starting");
            case "lost":
                throw new VendorException(call, 15, VendorFault.DeviceLost, "the board is gone from the bus");
            case "refused":
                throw new VendorException(call, 4, VendorFault.Refused, "no permission");
            default:
                break;
        }
    }

    [LibraryImport("libc", EntryPoint = "memset")]
    private static partial nint Fill(nint at, int value, nint count);

    [LibraryImport("libc", EntryPoint = "abort")]
    private static partial void Abort();

    [LibraryImport("libc", EntryPoint = "pause")]
    private static partial int Pause();
}
