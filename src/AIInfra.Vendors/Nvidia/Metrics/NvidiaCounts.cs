using System.Collections.Immutable;
using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Nvidia.Metrics;

/// <summary>What is counted of each GPU since the daemon was started: its Xids, and in how many samples its clocks were held down for which reason.</summary>
/// <remarks>Written by the flows that hand on events and samples, read at a scrape.</remarks>
internal sealed class NvidiaCounts(TimeSpan window, TimeProvider time)
{
    /// <summary>Xids that are counted from zero, so that a first one is an increase: those that monitors watch.</summary>
    public static readonly long[] FromZero = [13, 31, 43, 45, 48, 62, 64, 74, 79, 94, 95, 119, 120, 145, 149];

    /// <summary>Different Xids of one device; what comes beyond is in no count. A board that has had so many is lost.</summary>
    public const int MostXids = 64;
    private const int MostDevices = 1024;

    /// <summary>Another Xid's series is born at zero and stays there for so long: no scraper sees it first with its count.</summary>
    public static readonly TimeSpan BornFor = TimeSpan.FromMinutes(1);

    private static readonly int Reasons = NvidiaFields.Table["clock_event_reasons"];

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Device> _devices = new(StringComparer.Ordinal);

    public TimeSpan Window { get; } = window;

    /// <summary>One Xid of one device.</summary>
    internal sealed class Xid(long code, SlidingCount count)
    {
        private long _last;

        public long Code => code;
        public SlidingCount Count => count;
        /// <summary>When it was last told; Unix time in milliseconds.</summary>
        public long Last { get => Interlocked.Read(ref _last); set => Interlocked.Exchange(ref _last, value); }
        /// <summary>When its series was first shown; set and read by the page alone.</summary>
        public long? Born { get; set; }
    }

    private sealed class Device
    {
        public ImmutableArray<Xid> Xids { get; set; } = [];
        public SlidingCount[]? Clocks { get; set; }
    }

    public void SawXid(string deviceId, long code, DateTimeOffset at)
    {
        lock (_gate)
        {
            if (Find_NeedsLock(deviceId, mayAdd: true) is not { } device)
                return;
            var xid = device.Xids.FirstOrDefault(one => one.Code == code);
            if (xid is null)
            {
                if (device.Xids.Length >= MostXids)
                    return;
                xid = new Xid(code, new SlidingCount(Window, time));
                device.Xids = [.. device.Xids.Append(xid).OrderBy(one => one.Code)];
            }
            xid.Count.Add();
            xid.Last = at.ToUnixTimeMilliseconds();
        }
    }

    public void SawSample(string deviceId, Reading[] readings)
    {
        if (!readings[Reasons].IsPresent)
            return;
        var bits = (NvidiaClockEvents)(uint)readings[Reasons].Value;
        lock (_gate)
        {
            if (Find_NeedsLock(deviceId, mayAdd: true) is not { } device)
                return;
            device.Clocks ??= [.. NvidiaClockReasons.All.Select(_ => new SlidingCount(Window, time))];
            for (var at = 0; at < device.Clocks.Length; at++)
            {
                if (bits.HasFlag(NvidiaClockReasons.All[at].Bit))
                    device.Clocks[at].Add();
            }
        }
    }

    /// <summary>Those that the device has had, by code.</summary>
    public ImmutableArray<Xid> XidsOf(string deviceId)
    {
        lock (_gate)
            return Find_NeedsLock(deviceId, mayAdd: false)?.Xids ?? [];
    }

    /// <param name="reason">Its place in <see cref="NvidiaClockReasons.All"/>.</param>
    /// <returns>Null when no sample of the device has told it yet.</returns>
    public (long Total, long InWindow)? ReadClock(string deviceId, int reason, long now)
    {
        lock (_gate)
            return Find_NeedsLock(deviceId, mayAdd: false)?.Clocks is { } clocks ? (clocks[reason].Total, clocks[reason].CountAt(now)) : null;
    }

    private Device? Find_NeedsLock(string deviceId, bool mayAdd)
    {
        if (!_devices.TryGetValue(deviceId, out var device) && mayAdd && _devices.Count < MostDevices)
            _devices.Add(deviceId, device = new Device());
        return device;
    }
}

/// <summary>The clock events, by the names of dcgm-exporter and of the neutral profile.</summary>
internal static class NvidiaClockReasons
{
    public static readonly (NvidiaClockEvents Bit, string Dcgm, string Neutral)[] All =
    [
        (NvidiaClockEvents.Idle, "gpu_idle", "idle"),
        (NvidiaClockEvents.ApplicationClocks, "clocks_setting", "application_clocks"),
        (NvidiaClockEvents.SoftwarePowerCap, "power_cap", "power"),
        (NvidiaClockEvents.HardwareSlowdown, "hw_slowdown", "hw_slowdown"),
        (NvidiaClockEvents.SyncBoost, "sync_boost", "sync_boost"),
        (NvidiaClockEvents.SoftwareThermal, "sw_thermal", "thermal"),
        (NvidiaClockEvents.HardwareThermal, "hw_thermal", "hw_thermal"),
        (NvidiaClockEvents.PowerBrake, "hw_power_brake", "power_brake"),
        (NvidiaClockEvents.DisplayClock, "display_clocks", "display_clocks"),
    ];
}
