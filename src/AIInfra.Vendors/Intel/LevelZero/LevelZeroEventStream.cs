using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Intel.LevelZero;

/// <summary>Waits until a driver says that something about the health of a GPU is another one: then all are asked at once, and not at the next round.</summary>
internal sealed class LevelZeroEventStream(ZesEvents events)
{
    /// <summary>A GPU that tells of errors without end costs a look a second.</summary>
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1), Turn = TimeSpan.FromMilliseconds(500);

    private bool _isTold;
    private ImmutableArray<(nint Driver, nint Device, string Id)> _watched = [];

    /// <returns>False when this GPU tells none.</returns>
    public bool Add(nint driver, nint device, string id)
    {
        if (_watched.Any(one => one.Device == device))
            return true;
        if (!events.Register(device))
            return false;
        ImmutableInterlocked.Update(ref _watched, static (all, one) => all.Add(one), (driver, device, id));
        return true;
    }

    public bool Wait(TimeSpan atMost, [NotNullWhen(true)] out VendorEvent? happened)
    {
        happened = null;
        if (_isTold)
            Thread.Sleep(BetweenLooks);
        _isTold = false;
        var drivers = _watched.GroupBy(one => one.Driver).ToArray();
        if (drivers.Length == 0)
        {
            Thread.Sleep(atMost < BetweenLooks ? atMost : BetweenLooks);
            return false;
        }
        foreach (var driver in drivers)
        {
            var devices = driver.ToArray();
            var places = events.Wait(driver.Key, [.. devices.Select(one => one.Device)], drivers.Length == 1 ? atMost : Turn);
            if (places.Length == 0)
                continue;
            _isTold = true;
            happened = new VendorEvent(devices[places[0]].Id, VendorEvent.Repartitioned, 0, null);
            return true;
        }
        return false;
    }
}
