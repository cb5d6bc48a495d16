using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;

namespace AIInfra.Core.VendorHost;

/// <param name="Partitions">Null when the board does not say.</param>
internal sealed record DescribedBoard(Device Device, ImmutableArray<Device>? Partitions);

/// <param name="ArePartitionsOthers">They are no longer those that were described.</param>
internal sealed record SampledBoard(ImmutableArray<DeviceProcess> Processes, bool ArePartitionsOthers, ImmutableArray<SampledPartition> Partitions);

/// <param name="Readings">Null when the partition did not answer.</param>
internal sealed record SampledPartition(string Id, Reading[]? Readings, ImmutableArray<DeviceProcess> Processes);

/// <summary>How the library's answers lie in frames. Writer and reader of one thing stand together; a test sends each there and back.</summary>
internal static class VendorMessages
{
    private const int LeastTextBytes = 4, LeastLinkBytes = 9, LeastDeviceBytes = 66, LeastSampleBytes = 5, ProcessBytes = 12;

    internal static void WriteInfo(this FrameWriter writer, LibraryInfo info) =>
        writer.Text(info.DriverVersion).Text(info.LibraryVersion).Int32(info.DeviceCount).Flag(info.IsSimulated);

    internal static LibraryInfo ReadInfo(this ref FrameReader reader) =>
        new(reader.TextOrNull(), reader.TextOrNull(), reader.Int32(), reader.Flag());

    internal static void WriteDevice(this FrameWriter writer, Device device)
    {
        writer.Text(device.Id).Text(device.Vendor).Text(device.Model).Text(device.ResourceName).Int32(device.Index)
            .Text(device.NodeName).Text(device.PciAddress).Text(device.Serial)
            .Int32(device.NumaNode ?? -1).Int64(device.MemoryBytes ?? -1).Text(device.ParentId)
            .Flag(device.IsHeldBack).Flag(device.Partition is not null);
        if (device.Partition is { } partition)
            writer.Text(partition.Profile).Int32(partition.Instance).Int32(partition.SubInstance ?? -1).Int32(partition.Number ?? -1);
        writer.WriteTexts(device.Firmware);
        writer.WriteTexts(device.Traits);
        writer.Int32(device.DeviceNodes.Length);
        foreach (var node in device.DeviceNodes)
            writer.Text(node);
        writer.Int32(device.Links.Length);
        foreach (var link in device.Links)
            writer.Text(link.PeerId).Byte((byte)link.Kind).Int32(link.Count);
    }

    internal static Device ReadDevice(this ref FrameReader reader)
    {
        var device = new Device
        {
            Id = reader.Text(),
            Vendor = reader.Text(),
            Model = reader.Text(),
            ResourceName = reader.Text(),
            Index = reader.Int32(),
            NodeName = reader.TextOrNull(),
            PciAddress = reader.TextOrNull(),
            Serial = reader.TextOrNull(),
            NumaNode = reader.Int32() is var node and >= 0 ? node : null,
            MemoryBytes = reader.Int64() is var bytes and >= 0 ? bytes : null,
            ParentId = reader.TextOrNull(),
            IsHeldBack = reader.Flag(),
            Partition = reader.Flag() ? reader.ReadPartition() : null,
            Firmware = reader.ReadTexts(),
            Traits = reader.ReadTexts(),
        };
        var nodes = ImmutableArray.CreateBuilder<string>(reader.Count(LeastTextBytes));
        while (nodes.Count < nodes.Capacity)
            nodes.Add(reader.Text());
        var links = ImmutableArray.CreateBuilder<DeviceLink>(reader.Count(LeastLinkBytes));
        while (links.Count < links.Capacity)
            links.Add(new DeviceLink(reader.Text(), (LinkKind)reader.Choice((byte)LinkKind.Direct), reader.Int32()));
        return device with { DeviceNodes = nodes.MoveToImmutable(), Links = links.MoveToImmutable() };
    }

    private static DevicePartition ReadPartition(this ref FrameReader reader) =>
        new(reader.Text(), reader.Int32(), reader.Int32() is var sub and >= 0 ? sub : null) { Number = reader.Int32() is var number and >= 0 ? number : null };

    private static void WriteTexts(this FrameWriter writer, ImmutableSortedDictionary<string, string> texts)
    {
        writer.Int32(texts.Count);
        foreach (var (name, text) in texts)
            writer.Text(name).Text(text);
    }

    private static ImmutableSortedDictionary<string, string> ReadTexts(this ref FrameReader reader)
    {
        var texts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        for (var left = reader.Count(2 * LeastTextBytes); left > 0; left--)
            texts[reader.Text()] = reader.Text();
        return texts.ToImmutable();
    }

    /// <param name="partitions">Null when the board does not say.</param>
    internal static void WriteBoard(this FrameWriter writer, Device device, ImmutableArray<Device>? partitions)
    {
        writer.WriteDevice(device);
        writer.Int32(partitions?.Length ?? -1);
        foreach (var partition in partitions ?? [])
            writer.WriteDevice(partition);
    }

    internal static DescribedBoard ReadBoard(this ref FrameReader reader)
    {
        var device = reader.ReadDevice();
        if (reader.CountOrNull(LeastDeviceBytes) is not { } count)
            return new DescribedBoard(device, null);
        var partitions = ImmutableArray.CreateBuilder<Device>(count);
        while (partitions.Count < count)
            partitions.Add(reader.ReadDevice());
        return new DescribedBoard(device, partitions.MoveToImmutable());
    }

    /// <param name="processes">Null: the partition has not answered, and there are no readings.</param>
    internal static void WritePartition(this FrameWriter writer, string id, ReadOnlySpan<Reading> readings, ImmutableArray<DeviceProcess>? processes)
    {
        writer.Text(id).Flag(processes is not null);
        if (processes is not { } known)
            return;
        writer.WriteReadings(readings);
        writer.WriteProcesses(known);
    }

    internal static void WriteProcesses(this FrameWriter writer, ImmutableArray<DeviceProcess> processes)
    {
        writer.Int32(processes.Length);
        foreach (var process in processes)
            writer.Int32(process.Id).Int64(process.MemoryBytes ?? -1);
    }

    private static ImmutableArray<DeviceProcess> ReadProcesses(this ref FrameReader reader)
    {
        var count = reader.Count(ProcessBytes);
        if (count == 0)
            return [];
        var processes = ImmutableArray.CreateBuilder<DeviceProcess>(count);
        while (processes.Count < count)
            processes.Add(new DeviceProcess(reader.Int32(), reader.Int64() is var bytes and >= 0 ? bytes : null));
        return processes.MoveToImmutable();
    }

    /// <param name="readings">The board's, filled.</param>
    internal static SampledBoard ReadSample(this ref FrameReader reader, Reading[] readings)
    {
        reader.ReadReadings(readings);
        var processes = reader.ReadProcesses();
        var areOthers = reader.Flag();
        var partitions = ImmutableArray.CreateBuilder<SampledPartition>(reader.Count(LeastSampleBytes));
        while (partitions.Count < partitions.Capacity)
        {
            var id = reader.Text();
            var of = reader.Flag() ? new Reading[readings.Length] : null;
            reader.ReadReadings(of);
            partitions.Add(new SampledPartition(id, of, of is null ? [] : reader.ReadProcesses()));
        }
        return reader.IsAtEnd ? new SampledBoard(processes, areOthers, partitions.MoveToImmutable())
            : throw new FormatException($"There are more readings than the {readings.Length} fields of the table.");
    }

    internal static void WriteReadings(this FrameWriter writer, ReadOnlySpan<Reading> readings)
    {
        foreach (var reading in readings)
        {
            writer.Byte((byte)reading.State);
            if (reading.IsPresent)
                writer.Double(reading.Value);
        }
    }

    /// <exception cref="FormatException">There are fewer readings than places.</exception>
    internal static void ReadReadings(this ref FrameReader reader, Span<Reading> readings)
    {
        foreach (ref var reading in readings)
        {
            reading = (ReadingState)reader.Choice((byte)ReadingState.Present) switch
            {
                ReadingState.Absent => Reading.Absent,
                ReadingState.Unknown => Reading.Unknown,
                _ => Reading.Of(reader.Double()),
            };
        }
    }

    internal static void WriteEvent(this FrameWriter writer, VendorEvent happened) =>
        writer.Text(happened.DeviceId).Text(happened.Kind).Int64(happened.Value).Text(happened.Partition);

    internal static VendorEvent ReadEvent(this ref FrameReader reader) =>
        new(reader.TextOrNull(), reader.Text(), reader.Int64(), reader.TextOrNull());

    internal static void WriteFault(this FrameWriter writer, VendorException fault) =>
        writer.Text(fault.Call).Int32(fault.Status).Byte((byte)fault.Fault).Text(fault.Explanation);

    internal static VendorException ReadFault(this ref FrameReader reader) =>
        new(reader.Text(), reader.Int32(), (VendorFault)reader.Choice((byte)VendorFault.Refused), reader.Text());
}
