using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Nvidia;

/// <summary>What the vendor host keeps of a board between calls.</summary>
internal sealed class NvidiaBoard(string id, NvmlDevice handle, string? address, NvmlLinks links) : IDisposable
{
    public string Id { get; } = id;
    public string? Address { get; } = address;
    public NvmlLinks Links { get; } = links;
    public required string Model { get; init; }
    /// <summary>See <see cref="Device.NodeName"/>.</summary>
    public string? NodeName { get; init; }
    public NvmlDevice Handle { get; set; } = handle;
    /// <summary>It did not answer the last time: its handle is looked up anew.</summary>
    public bool IsLost { get; set; }
    /// <summary>The last answers of <see cref="NvidiaTables.Numbers"/>: not all are asked in each round.</summary>
    public Reading[] Numbers { get; } = new Reading[NvidiaTables.Numbers.Length];
    /// <summary>When those that change by hand were asked.</summary>
    public long? SlowRead { get; set; }
    /// <summary>Counter of all NVLinks in KiB and when it was read; null when the last round could not read it.</summary>
    public (double Kibibytes, long Timestamp)? NvlinkData { get; set; }
    /// <summary>As of the description: checking it takes too long for every round.</summary>
    public Reading InforomCorrupted { get; init; }
    public required NvidiaLinkErrors LinkErrors { get; init; }
    /// <summary>Null where the board has no performance monitor.</summary>
    public NvidiaProfiler? Profiler { get; init; }
    /// <summary>Who used it when it was last read.</summary>
    public ImmutableArray<DeviceProcess> Processes { get; set; } = [];
    /// <summary>By <see cref="Device.Id"/>, as of the last walk.</summary>
    public Dictionary<string, NvidiaPart> Parts { get; private set; } = new(StringComparer.Ordinal);

    /// <summary>Takes over what a walk found. A partition that was there before keeps its samples.</summary>
    public void SetParts(Dictionary<string, NvmlPartition> found, TimeProvider time)
    {
        var before = Parts;
        Parts = new Dictionary<string, NvidiaPart>(StringComparer.Ordinal);
        foreach (var (id, partition) in found)
        {
            if (before.Remove(id, out var part) && part.IsLike(partition))
                Parts[id] = part with { Partition = partition };
            else
                Parts[id] = new NvidiaPart(partition, Profiler is null ? null : new NvidiaProfiler(time));
            if (!ReferenceEquals(Parts[id].Profiler, part?.Profiler))
                part?.Profiler?.Dispose();
        }
        foreach (var gone in before.Values)
            gone.Profiler?.Dispose();
    }

    public void Dispose()
    {
        Profiler?.Dispose();
        foreach (var part in Parts.Values)
            part.Profiler?.Dispose();
        Parts.Clear();
    }
}

/// <summary>What the vendor host keeps of a partition between calls.</summary>
internal sealed record NvidiaPart(NvmlPartition Partition, NvidiaProfiler? Profiler)
{
    /// <summary>Who used it when it was last read.</summary>
    public ImmutableArray<DeviceProcess> Processes { get; set; } = [];

    /// <summary>The same place and size; its handle may be another.</summary>
    public bool IsLike(NvmlPartition other) => Partition with { Handle = other.Handle } == other;
}
