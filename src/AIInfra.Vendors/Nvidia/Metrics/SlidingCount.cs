namespace AIInfra.Vendors.Nvidia.Metrics;

/// <summary>How often something happened within a window that ends now, to a sixtieth of the window. Any thread.</summary>
internal sealed class SlidingCount(TimeSpan window, TimeProvider time)
{
    private const int Slots = 60;

    private readonly (long Slot, int Count)[] _ring = new (long, int)[Slots];
    private readonly double _slotTicks = window.TotalSeconds * time.TimestampFrequency / Slots;

    private readonly Lock _gate = new();
    private long _total;

    /// <summary>Since the first one.</summary>
    public long Total => Interlocked.Read(ref _total);

    public void Add()
    {
        lock (_gate)
        {
            _total++;
            var slot = SlotAt(time.GetTimestamp());
            ref var at = ref _ring[slot % Slots];
            at = at.Slot == slot ? (slot, at.Count + 1) : (slot, 1);
        }
    }

    /// <param name="now"><see cref="TimeProvider.GetTimestamp"/>.</param>
    public long CountAt(long now)
    {
        lock (_gate)
        {
            var (last, count) = (SlotAt(now), 0L);
            foreach (var (slot, hits) in _ring)
                count += slot > last - Slots && slot <= last ? hits : 0;
            return count;
        }
    }

    private long SlotAt(long timestamp) => (long)(timestamp / _slotTicks) + Slots; // never the slot of an empty place
}
