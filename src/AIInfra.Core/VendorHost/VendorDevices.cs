using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;

namespace AIInfra.Core.VendorHost;

/// <summary>All devices of one vendor that this node is known to have, in the order of the inventory. Used by the worker's own flow only.</summary>
internal sealed class VendorDevices
{
    private readonly List<KnownDevice> _all = [];
    private readonly HashSet<KnownDevice> _new = []; // since all boards were described the last time

    internal int Count => _all.Count;
    internal IEnumerable<KnownDevice> All => _all;
    /// <summary>Whole devices only: a partition is asked with its board.</summary>
    internal IEnumerable<KnownDevice> ServedBoards => _all.Where(known => known is { Presence: Presence.Served, IsPartition: false });

    /// <summary>Takes over what was stored before the daemon was started.</summary>
    internal void Restore(IEnumerable<Device> devices)
    {
        _all.AddRange(devices.Where(device => Find(device.Id) is null).Select(device => new KnownDevice(device)));
        Sort();
    }

    internal KnownDevice? Find(string id) => _all.Find(known => known.Device.Id == id);

    /// <summary>A new child: nothing is described yet.</summary>
    internal void Expect()
    {
        foreach (var known in _all.Where(known => known.Presence == Presence.Served))
            known.Presence = Presence.Expected;
    }

    /// <summary>The device that last had this driver index and was not found under another one since.</summary>
    internal KnownDevice? ExpectedAt(int index) =>
        _all.Find(known => !known.IsPartition && known.Device.Index == index && known.Presence is Presence.Expected or Presence.Hung);

    /// <summary>The device that has this index in the current child, or had it last.</summary>
    internal KnownDevice? At(int index) =>
        ServedBoards.FirstOrDefault(known => known.Device.Index == index) ?? ExpectedAt(index);

    /// <summary>The current child has described a board. False when another board with the same id was described before.</summary>
    internal bool Describe(Device device)
    {
        var known = Find(device.Id);
        if (known is { Presence: Presence.Served })
            return false;
        if (known is null)
        {
            _all.Add(known = new KnownDevice(device));
            _new.Add(known);
        }
        known.Describe(device);
        Sort();
        return true;
    }

    /// <summary>All boards were asked. A device that was not found has left the driver's list, unless a board refused that may be it.</summary>
    /// <param name="refused">Driver indexes that did not describe themselves.</param>
    internal (ImmutableArray<KnownDevice> Gone, ImmutableArray<KnownDevice> Replaced, ImmutableArray<KnownDevice> Refused) EndDescribing(IReadOnlyCollection<int> refused)
    {
        var missing = _all.Where(known => known is { Presence: Presence.Expected, IsPartition: false }).ToArray();
        var isAnyNameless = refused.Any(index => ExpectedAt(index) is null);
        var gone = missing.Where(known => !isAnyNameless && !refused.Contains(known.Device.Index)).ToArray();
        foreach (var known in gone)
        {
            known.Presence = Presence.Gone;
            Drop(known);
        }
        var replaced = gone.Where(IsReplaced).ToArray();
        Array.ForEach(replaced, Forget);
        _new.Clear();
        return ([.. gone.Except(replaced)], [.. replaced], [.. missing.Except(gone)]);
    }

    /// <summary>A board goes with its partitions.</summary>
    internal void Forget(KnownDevice known) => _all.RemoveAll(other => other == known || other.Device.ParentId == known.Device.Id);

    internal IEnumerable<KnownDevice> PartitionsOf(KnownDevice board) => _all.Where(known => known.Device.ParentId == board.Device.Id);

    internal KnownDevice? FindPartition(KnownDevice board, string id) => Find(id) is { } known && known.Device.ParentId == board.Device.Id ? known : null;

    /// <summary>A board that was just described has these partitions and no others.</summary>
    /// <param name="partitions">Null when the board does not say: then it has those that are known of it.</param>
    /// <returns>Those that it no longer has, and that are no longer listed.</returns>
    internal ImmutableArray<KnownDevice> DescribePartitions(KnownDevice board, ImmutableArray<Device>? partitions)
    {
        var before = PartitionsOf(board).ToArray();
        foreach (var partition in partitions ?? [.. before.Select(known => known.Device)])
        {
            var known = Find(partition.Id);
            if (known is not null && (known.Device.ParentId != board.Device.Id || known.Presence == Presence.Served))
                continue; // the id of another device
            if (known is null)
                _all.Add(known = new KnownDevice(partition));
            known.Describe(partition);
        }
        var vanished = before.Where(known => known.Presence != Presence.Served).ToArray();
        _all.RemoveAll(vanished.Contains);
        Sort();
        return [.. vanished];
    }

    /// <summary>Readings of a board and of its partitions are unknown from now on.</summary>
    internal void Drop(KnownDevice board)
    {
        board.Drop();
        foreach (var partition in PartitionsOf(board))
            partition.Drop();
    }

    internal void DropSamples() => _all.ForEach(known => known.Drop());

    /// <summary>Whole devices: what is said of them holds for their partitions.</summary>
    internal ImmutableArray<Device> ToBoards() => [.. _all.Where(known => !known.IsPartition).Select(known => known.Device)];

    internal ImmutableArray<Device> ToInventory() => [.. _all.Select(known => known.Device)];

    internal VendorSample ToSample(FieldTable fields) => new(fields, [.. _all.Select(known => known.Sample).OfType<DeviceSample>()])
    {
        Uses = [.. _all.Select(known => known.Use).OfType<DeviceUse>()],
    };

    /// <summary>Another board is in its slot now: it was swapped, not lost. Chips of one card may share an address, so one that was there before replaces none.</summary>
    private bool IsReplaced(KnownDevice gone) =>
        gone.Device.PciAddress is { } address && _new.Any(known => known.Presence == Presence.Served && known.Device.PciAddress == address);

    private void Sort() => _all.Sort(static (one, other) =>
        string.CompareOrdinal(one.Device.PciAddress, other.Device.PciAddress) is var order and not 0 ? order : string.CompareOrdinal(one.Device.Id, other.Device.Id));
}
