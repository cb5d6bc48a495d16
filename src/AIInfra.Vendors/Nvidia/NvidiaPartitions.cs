using System.Collections.Concurrent;
using System.Collections.Immutable;
using AIInfra.Core.Devices;

namespace AIInfra.Vendors.Nvidia;

/// <summary>Which partition lies where on which board, for events. Written by the thread that asks the boards, read by the one that waits for events.</summary>
internal sealed class NvidiaPartitions
{
    private readonly ConcurrentDictionary<string, ImmutableArray<(string Id, DevicePartition Place)>> _byBoard = new(StringComparer.Ordinal);

    public void Set(string boardId, IEnumerable<Device> partitions) =>
        _byBoard[boardId] = [.. partitions.Where(device => device.Partition is not null).Select(device => (device.Id, device.Partition!))];

    /// <summary>The partitions that an event is about: one, or all those of a GPU instance. Empty when none is known there.</summary>
    public ImmutableArray<string> At(string boardId, uint gpuInstance, uint? computeInstance) =>
        [.. _byBoard.GetValueOrDefault(boardId, [])
            .Where(part => part.Place.Instance == gpuInstance && (computeInstance is not { } compute || part.Place.SubInstance == compute))
            .Select(part => part.Id)];
}
