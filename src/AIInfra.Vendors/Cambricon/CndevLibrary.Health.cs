using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Cambricon;

/// <summary>What the driver thinks of a board.</summary>
/// <param name="Health">1 good, 0 bad.</param>
/// <param name="Device">1 good, 0 in a problem.</param>
/// <param name="Driver">See <see cref="CambriconDriverState"/>.</param>
internal readonly record struct CndevHealth(Reading Health, Reading Device, Reading Driver);

// Health: newer drivers list what is wrong, older ones say only whether something is.
internal sealed unsafe partial class CndevLibrary
{
    private const int MostDriverState = 8;

    private CndevCardHealthStateV2[]? _state;

    /// <summary>Asks for the state and for what is wrong.</summary>
    /// <param name="incidents">By the driver's code: 0 none, 10 warning, 20 failure, the worst of several of one code. All absent on a driver that does not list them.</param>
    public CndevHealth Health(CndevDevice device, Span<Reading> incidents)
    {
        incidents.Clear();
        var kept = _state ??= GC.AllocateArray<CndevCardHealthStateV2>(1, pinned: true); // 34 KB
        kept[0] = default;
        ReadingState state;
        fixed (CndevCardHealthStateV2* start = kept)
            state = _health.StateV2.Ask(start, device);
        if (state == ReadingState.Absent)
            return OldHealth(device);
        ref readonly var info = ref kept[0];
        Fill(state, info, incidents);
        return Judged(state, info.Health, info.DeviceState, info.DriverState);
    }

    /// <summary>Counts up while the board lives.</summary>
    public Reading Heartbeats(CndevDevice device)
    {
        var info = new CndevCardHeartbeatCount { Version = Cndev.Version };
        return Checked(_health.Heartbeat.Ask(&info, device), info.HeartbeatCount, 1, uint.MaxValue);
    }

    private CndevHealth OldHealth(CndevDevice device)
    {
        var info = new CndevCardHealthState { Version = Cndev.Version };
        return Judged(_health.State.Ask(&info, device), info.Health, info.DeviceState, info.DriverState);
    }

    private static CndevHealth Judged(ReadingState state, int health, int device, int driver) =>
        new(Checked(state, health, 1, 1), Checked(state, device, 1, 1), Checked(state, driver, 1, MostDriverState));

    /// <summary>More incidents than there is room for, or results of no header, make those of which nothing is known unknown, not good.</summary>
    private static void Fill(ReadingState state, in CndevCardHealthStateV2 info, Span<Reading> incidents)
    {
        incidents.Fill(state == ReadingState.Present ? info.IncidentCount <= Cndev.MostIncidents ? Reading.Of(0) : Reading.Unknown : new Reading(state, 0));
        for (var place = 0; state == ReadingState.Present && place < Math.Min(info.IncidentCount, Cndev.MostIncidents); place++)
        {
            var (code, result) = (info.Incidents[place].Error.Code, info.Incidents[place].Health);
            if (code < 0 || code >= incidents.Length)
                code = CambriconIncidents.UnknownCode;
            if (result is not (0 or CambriconIncidents.Warning or CambriconIncidents.Failure))
                incidents[code] = incidents[code] is { IsPresent: true, Value: > 0 } known ? known : Reading.Unknown;
            else if (!incidents[code].IsPresent || incidents[code].Value < result)
                incidents[code] = Reading.Of(result);
        }
    }

    private readonly struct HealthCalls(LibraryExports exports)
    {
        public readonly Call StateV2 = new(exports, "cndevGetCardHealthStateV2"), State = new(exports, "cndevGetCardHealthState"), Heartbeat = new(exports, "cndevGetCardHeartbeatCount");
    }
}
