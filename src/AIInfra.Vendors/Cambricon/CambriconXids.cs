using System.Collections.Immutable;

namespace AIInfra.Vendors.Cambricon;

/// <summary>How often each Xid of each device was told since the daemon was started. Written by the flow of events, read at a scrape.</summary>
internal sealed class CambriconXids
{
    /// <summary>Different Xids of one device, and devices; what comes beyond is in no count.</summary>
    public const int MostXids = 64;
    private const int MostDevices = 1024;

    private readonly Lock _gate = new();
    private ImmutableDictionary<string, ImmutableSortedDictionary<long, long>> _counts = ImmutableDictionary<string, ImmutableSortedDictionary<long, long>>.Empty;

    public void Saw(string device, long xid)
    {
        lock (_gate)
        {
            var all = _counts.GetValueOrDefault(device, ImmutableSortedDictionary<long, long>.Empty);
            var isKnown = all.TryGetValue(xid, out var count);
            if (isKnown || (all.Count < MostXids && (all.Count > 0 || _counts.Count < MostDevices)))
                _counts = _counts.SetItem(device, all.SetItem(xid, count + 1));
        }
    }

    public ImmutableSortedDictionary<long, long> Of(string device) => Volatile.Read(ref _counts).GetValueOrDefault(device, ImmutableSortedDictionary<long, long>.Empty);
}
