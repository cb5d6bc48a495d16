using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;

namespace AIInfra.Core.VendorHost;

/// <summary>All devices of one vendor that this node is known to have, in the order of the inventory. Used by the worker's own flow only.</summary>
internal sealed class VendorDevices
{
    private readonly List<KnownDevice> _all = [];

    internal int Count => _all.Count;
    internal IEnumerable<KnownDevice> All => _all;
    internal IEnumerable<KnownDevice> Served => _all.Where(known => known.Presence == Presence.Served);

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
        foreach (var known in Served)
            known.Presence = Presence.Expected;
    }

    /// <summary>The device that last had this driver index and was not found under another one since.</summary>
    internal KnownDevice? ExpectedAt(int index) =>
        _all.Find(known => known.Device.Index == index && known.Presence is Presence.Expected or Presence.Hung);

    /// <summary>The device that has this index in the current child, or had it last.</summary>
    internal KnownDevice? At(int index) =>
        Served.FirstOrDefault(known => known.Device.Index == index) ?? ExpectedAt(index);

    /// <summary>The current child has described a board. False when another board with the same id was described before.</summary>
    internal bool Describe(Device device)
    {
        var known = Find(device.Id);
        if (known is { Presence: Presence.Served })
            return false;
        if (known is null)
            _all.Add(known = new KnownDevice(device));
        known.Describe(device);
        Sort();
        return true;
    }

    /// <summary>All boards were asked. A device that was not found has left the driver's list, unless a board refused that may be it.</summary>
    /// <param name="refused">Driver indexes that did not describe themselves.</param>
    internal (ImmutableArray<KnownDevice> Gone, ImmutableArray<KnownDevice> Replaced, ImmutableArray<KnownDevice> Refused) EndDescribing(IReadOnlyCollection<int> refused)
    {
        var missing = _all.Where(known => known.Presence == Presence.Expected).ToArray();
        var isAnyNameless = refused.Any(index => ExpectedAt(index) is null);
        var gone = missing.Where(known => !isAnyNameless && !refused.Contains(known.Device.Index)).ToArray();
        foreach (var known in gone)
        {
            known.Presence = Presence.Gone;
            known.Drop();
        }
        var replaced = gone.Where(IsReplaced).ToArray();
        _all.RemoveAll(replaced.Contains);
        return ([.. gone.Except(replaced)], [.. replaced], [.. missing.Except(gone)]);
    }

    internal void Forget(KnownDevice known) => _all.Remove(known);

    internal void DropSamples() => _all.ForEach(known => known.Drop());

    internal ImmutableArray<Device> ToInventory() => [.. _all.Select(known => known.Device)];

    internal VendorSample ToSample(FieldTable fields) => new(fields, [.. _all.Select(known => known.Sample).OfType<DeviceSample>()]);

    /// <summary>Another board is in its slot now: it was swapped, not lost.</summary>
    private bool IsReplaced(KnownDevice gone) =>
        gone.Device.PciAddress is { } address && Served.Any(known => known.Device.PciAddress == address);

    private void Sort() => _all.Sort(static (one, other) =>
        string.CompareOrdinal(one.Device.PciAddress, other.Device.PciAddress) is var order and not 0 ? order : string.CompareOrdinal(one.Device.Id, other.Device.Id));
}
