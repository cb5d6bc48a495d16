using AIInfra.Core.Sampling;
using static AIInfra.Vendors.Intel.LevelZero.LevelZeroValues;

namespace AIInfra.Vendors.Intel.LevelZero;

/// <summary>Reads what Level Zero tells of a GPU, or of one of its tiles, into the readings of Intel's table.</summary>
/// <remarks>Of several parts of a kind: shares are their mean, amounts and counts their sum, and of what is worse when it is higher the highest.</remarks>
internal static class LevelZeroSampler
{
    private const double Megahertz = 1e6;
    private const uint AllEngines = 0, Compute = 1, Media = 2, Copy = 3, MemoryClock = 1;
    private const uint ForPower = 1 | 2 | 4, ForHeat = 8;

    private static readonly int Utilization = PlaceOf("utilization_ratio"), ComputeBusy = PlaceOf("compute_utilization_ratio"), MediaBusy = PlaceOf("media_utilization_ratio"), CopyBusy = PlaceOf("copy_utilization_ratio"),
        MemoryUsed = PlaceOf("memory_used_bytes"), MemoryFree = PlaceOf("memory_free_bytes"), MemoryTotal = PlaceOf("memory_total_bytes"), MemoryHealth = PlaceOf("memory_health"),
        MemoryActive = PlaceOf("memory_active_ratio"), MemoryRead = PlaceOf("memory_read_bytes_total"), MemoryWritten = PlaceOf("memory_written_bytes_total"),
        GpuHeat = PlaceOf("temperature_celsius"), MemoryHeat = PlaceOf("memory_temperature_celsius"), BoardHeat = PlaceOf("board_temperature_celsius"), RegulatorHeat = PlaceOf("regulator_temperature_celsius"),
        GpuClock = PlaceOf("graphics_clock_hertz"), MemoryClockPlace = PlaceOf("memory_clock_hertz"), Throttled = PlaceOf("throttled"), ThrottledPower = PlaceOf("throttled_power"), ThrottledHeat = PlaceOf("throttled_thermal"),
        Fan = PlaceOf("fan_speed_ratio"), Ecc = PlaceOf("ecc_enabled"),
        LinksUp = PlaceOf("xelink_ports_healthy"), LinksDegraded = PlaceOf("xelink_ports_degraded"), LinksFailed = PlaceOf("xelink_ports_failed"), LinksOff = PlaceOf("xelink_ports_disabled"),
        LinkSent = PlaceOf("xelink_sent_bytes_total"), LinkReceived = PlaceOf("xelink_received_bytes_total"),
        PcieSent = PlaceOf("pcie_sent_bytes_total"), PcieReceived = PlaceOf("pcie_received_bytes_total"), PcieReplays = PlaceOf("pcie_replays_total"), PcieHealth = PlaceOf("pcie_link_health"), PcieWidth = PlaceOf("pcie_link_width"),
        Wedged = PlaceOf("wedged"), RepairPending = PlaceOf("repair_pending"), Processes = PlaceOf("compute_processes"), ProcessMemory = PlaceOf("compute_process_memory_bytes");

    public static void ReadGpu(ZesLibrary zes, LevelZeroGpu gpu, Span<Reading> readings)
    {
        var (state, reasons) = zes.ResetReasons(gpu.Handle);
        readings[Wedged] = Bit(state, reasons, 1);
        readings[RepairPending] = Bit(state, reasons, 2);
        if (readings[Wedged] is { IsPresent: true, Value: 1 })
        {
            foreach (var set in gpu.Whole.ErrorSets)
                LevelZeroErrors.Read(zes.Parts, set, readings);
            foreach (ref var reading in readings)
                reading = reading.State == ReadingState.Absent ? Reading.Unknown : reading;
            return; // all other calls refuse, and say less than this
        }
        ReadBus(zes, gpu, readings);
        var (told, count, bytes) = zes.Processes(gpu.Handle);
        readings[Processes] = Of(told, count);
        readings[ProcessMemory] = Amount(told, bytes);
        var ecc = zes.Ecc(gpu.Handle);
        readings[Ecc] = ecc.Now is 1 or 2 ? Of(ecc.State, ecc.Now == 1 ? 1 : 0) : Reading.Absent;
        foreach (var fan in gpu.Whole.Fans)
            Highest(ref readings[Fan], zes.Parts.FanSpeed(fan));
        ReadParts(zes.Parts, gpu.Whole, readings);
    }

    public static void ReadTile(ZesLibrary zes, LevelZeroParts tile, Span<Reading> readings) => ReadParts(zes.Parts, tile, readings);

    private static void ReadParts(ZesParts zes, LevelZeroParts parts, Span<Reading> readings)
    {
        ReadEngines(zes, parts, readings);
        ReadMemories(zes, parts, readings);
        foreach (var sensor in parts.Sensors)
        {
            if (HeatPlace(sensor.Type) is { } place)
                Highest(ref readings[place], zes.Temperature(sensor.Handle));
        }
        foreach (var clock in parts.Clocks)
            ReadClock(zes, clock, readings);
        foreach (var set in parts.ErrorSets)
            LevelZeroErrors.Read(zes, set, readings);
        ReadLinks(zes, parts, readings);
    }

    private static int? HeatPlace(uint sensor) => sensor switch { 1 => GpuHeat, 2 => MemoryHeat, 6 => BoardHeat, 8 => RegulatorHeat, _ => null }; // 0 is the highest of all, others are the lowest

    private static void ReadEngines(ZesParts zes, LevelZeroParts parts, Span<Reading> readings)
    {
        foreach (var (group, place) in stackalloc[] { (AllEngines, Utilization), (Compute, ComputeBusy), (Media, MediaBusy), (Copy, CopyBusy) })
        {
            var (sum, count) = (0.0, 0);
            foreach (var engine in parts.Engines)
            {
                if (engine.Type != group)
                    continue;
                var (state, active, at) = zes.Activity(engine.Handle);
                var share = Share(parts, engine.Handle, state, active, at, 1);
                if (share.IsPresent)
                    (sum, count) = (sum + share.Value, count + 1);
                else if (!readings[place].IsPresent)
                    readings[place] = share;
            }
            if (count > 0)
                readings[place] = Reading.Of(sum / count);
        }
    }

    private static void ReadMemories(ZesParts zes, LevelZeroParts parts, Span<Reading> readings)
    {
        var (shares, count) = (0.0, 0);
        foreach (var memory in parts.Memories)
        {
            var (state, health, free, size) = zes.Memory(memory.Handle);
            Add(ref readings[MemoryTotal], size == 0 ? Reading.Unknown : Amount(state, size));
            Add(ref readings[MemoryFree], size == 0 || free > size ? Reading.Unknown : Amount(state, free));
            Add(ref readings[MemoryUsed], size == 0 || free > size ? Reading.Unknown : Amount(state, size - free));
            Highest(ref readings[MemoryHealth], health is >= 1 and <= 4 ? Of(state, health) : state == ReadingState.Absent ? Reading.Absent : Reading.Unknown);
            var (told, read, written, most, at) = zes.Bandwidth(memory.Handle);
            Add(ref readings[MemoryRead], Count(told, read));
            Add(ref readings[MemoryWritten], Count(told, written));
            if (most > 0 && Count(told, read).IsPresent && Count(told, written).IsPresent && Share(parts, memory.Handle, told, read + written, at, most / 1e6) is { IsPresent: true, Value: var share })
                (shares, count) = (shares + share, count + 1);
        }
        if (count > 0)
            readings[MemoryActive] = Reading.Of(shares / count);
    }

    private static void ReadClock(ZesParts zes, ZesPart clock, Span<Reading> readings)
    {
        if (clock.Type > MemoryClock)
            return;
        var (state, megahertz, throttle) = zes.Clock(clock.Handle);
        var place = clock.Type == MemoryClock ? MemoryClockPlace : GpuClock;
        Highest(ref readings[place], state == ReadingState.Present && !(megahertz is >= 0 and < 1e5) ? Reading.Absent : Of(state, megahertz * Megahertz));
        if (clock.Type == MemoryClock)
            return;
        Highest(ref readings[Throttled], Of(state, throttle == 0 ? 0 : 1));
        Highest(ref readings[ThrottledPower], Bit(state, throttle, ForPower));
        Highest(ref readings[ThrottledHeat], Bit(state, throttle, ForHeat));
    }

    private static void ReadLinks(ZesParts zes, LevelZeroParts parts, Span<Reading> readings)
    {
        foreach (var port in parts.Ports)
        {
            var (state, status, _) = zes.Port(port.Handle);
            if (state == ReadingState.Present && readings[LinksUp].State == ReadingState.Absent)
                (readings[LinksUp], readings[LinksDegraded], readings[LinksFailed], readings[LinksOff]) = (Reading.Of(0), Reading.Of(0), Reading.Of(0), Reading.Of(0));
            if (state == ReadingState.Present && (status switch { 1 => LinksUp, 2 => LinksDegraded, 3 => LinksFailed, 4 => LinksOff, _ => -1 }) is >= 0 and var place)
                readings[place] = Reading.Of(readings[place].Value + 1);
            var (told, received, sent) = zes.PortTraffic(port.Handle);
            Add(ref readings[LinkReceived], Count(told, received));
            Add(ref readings[LinkSent], Count(told, sent));
        }
    }

    private static void ReadBus(ZesLibrary zes, LevelZeroGpu gpu, Span<Reading> readings)
    {
        var (state, status, _, width) = zes.PciState(gpu.Handle);
        readings[PcieHealth] = status is >= 1 and <= 3 ? Of(state, status) : Reading.Absent;
        readings[PcieWidth] = width is > 0 and <= 64 ? Of(state, width) : Reading.Absent;
        var (told, replays, received, sent) = zes.PciStats(gpu.Handle);
        readings[PcieReplays] = Count(told, replays);
        readings[PcieReceived] = Count(told, received);
        readings[PcieSent] = Count(told, sent);
    }
}
