using System.Collections.Immutable;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Cambricon;

/// <summary>Reads one board, or one instance of it: every field of <see cref="CambriconFields"/> but the last Xid, which comes from events.</summary>
internal static class CambriconSampler
{
    private static readonly FieldTable Table = CambriconFields.Table;
    private static readonly int FirstIncident = Table[CambriconIncidents.All[0].Field], FirstPort = Table[CambriconFields.OfPort(0, "state")],
        PortFields = Table[CambriconFields.OfPort(1, "state")] - FirstPort, ComputeMode = Table["compute_mode"], SlowAt = Table["temperature_slowdown_celsius"], OffAt = Table["temperature_shutdown_celsius"];
    private static readonly int[] ValueIds = [.. CambriconFields.Values.Select(value => value.Id)];
    private static readonly int[] ValuePlaces = [.. CambriconFields.Values.Select(value => Table[value.Name])];

    /// <exception cref="VendorException">Device lost; or transient, when the board answered nothing at all: silence is no reading.</exception>
    public static void Read(CndevLibrary cndev, CambriconBoard board, Span<Reading> readings)
    {
        var device = board.Device;
        ReadHealth(cndev, device, readings); // first: a lost board shows here and costs one call
        ReadWork(cndev, board, readings);
        ReadSensors(cndev, device, readings);
        ReadPcie(cndev, device, readings);
        ReadMemory(cndev, device, readings);
        ReadValues(cndev, device, readings);
        ReadLinks(cndev, board, readings);
        if (!Has(readings, ReadingState.Present) && Has(readings, ReadingState.Unknown))
            throw new VendorException("cndevGetCardHealthState", (int)CndevReturn.Unknown, VendorFault.Transient, "the board answered none of the questions");
    }

    /// <summary>What an instance has of its own; heat, power, clocks and errors are its board's.</summary>
    public static void Read(CndevInstance instance, Span<Reading> readings)
    {
        readings[Table["memory_total_bytes"]] = instance.MemoryBytes is { } bytes ? Reading.Of(bytes) : Reading.Absent;
        readings[Table["memory_used_bytes"]] = instance.MemoryUsed;
        readings[Table["utilization_ratio"]] = instance.Utilization;
    }

    private static void ReadHealth(CndevLibrary cndev, CndevDevice device, Span<Reading> readings)
    {
        var health = cndev.Health(device, readings.Slice(FirstIncident, CambriconIncidents.All.Length));
        readings[Table["health"]] = health.Health;
        readings[Table["device_state"]] = health.Device;
        readings[Table["driver_state"]] = health.Driver;
        readings[Table["heartbeats_total"]] = cndev.Heartbeats(device);
    }

    private static void ReadWork(CndevLibrary cndev, CambriconBoard board, Span<Reading> readings)
    {
        var device = board.Device;
        readings[Table["utilization_ratio"]] = cndev.Utilization(device);
        (readings[Table["codec_utilization_ratio"]], readings[Table["encoder_utilization_ratio"]], readings[Table["decoder_utilization_ratio"]]) = cndev.Video(device);
        var memory = cndev.Memory(device);
        readings[Table["memory_total_bytes"]] = memory.Total;
        readings[Table["memory_used_bytes"]] = memory.Used;
        readings[Table["memory_free_bytes"]] = memory.Free;
        readings[Table["memory_reserved_bytes"]] = memory.Reserved;
        readings[Table["memory_global_bytes"]] = memory.Global;
        readings[Table["virtual_memory_total_bytes"]] = memory.VirtualTotal;
        readings[Table["virtual_memory_used_bytes"]] = memory.VirtualUsed;
        ImmutableArray<DeviceProcess> some;
        (readings[Table["compute_processes"]], readings[Table["compute_process_memory_bytes"]], some) = cndev.Processes(device);
        board.Processes = some;
    }

    private static void ReadSensors(CndevLibrary cndev, CndevDevice device, Span<Reading> readings)
    {
        (readings[Table["clock_hertz"]], readings[Table["memory_clock_hertz"]], readings[Table["clock_default_hertz"]]) = cndev.Clocks(device);
        var heat = cndev.Temperatures(device);
        readings[Table["temperature_celsius"]] = heat.Chip.State == ReadingState.Absent ? heat.Board : heat.Chip; // edge boards have one sensor
        readings[Table["board_temperature_celsius"]] = heat.Board;
        readings[Table["memory_temperature_celsius"]] = heat.Memory;
        readings[Table["air_inlet_temperature_celsius"]] = heat.AirInlet;
        readings[Table["air_outlet_temperature_celsius"]] = heat.AirOutlet;
        (readings[Table["power_watts"]], readings[Table["power_limit_watts"]]) = cndev.Power(device);
        readings[Table["fan_rpm"]] = cndev.Fan(device);
        var slow = cndev.Throttles(device);
        readings[Table["throttle_tdp"]] = slow.Tdp;
        readings[Table["throttle_power_setting"]] = slow.PowerSetting;
        readings[Table["throttle_clock_setting"]] = slow.ClockSetting;
        readings[Table["throttle_frequency_locked"]] = slow.FrequencyLocked;
        readings[Table["throttle_power_brake"]] = slow.PowerBrake;
        readings[Table["throttle_thermal"]] = slow.Thermal;
    }

    private static void ReadPcie(CndevLibrary cndev, CndevDevice device, Span<Reading> readings)
    {
        (readings[Table["pcie_link_generation"]], readings[Table["pcie_link_width"]]) = cndev.PcieLink(device);
        (readings[Table["pcie_link_generation_max"]], readings[Table["pcie_link_width_max"]]) = cndev.PcieLinkMost(device);
        (readings[Table["pcie_received_window_bytes"]], readings[Table["pcie_sent_window_bytes"]],
            readings[Table["pcie_received_bytes_total"]], readings[Table["pcie_sent_bytes_total"]]) = cndev.PcieThroughput(device);
        readings[Table["pcie_replays_total"]] = cndev.PcieReplays(device);
    }

    private static void ReadMemory(CndevLibrary cndev, CndevDevice device, Span<Reading> readings)
    {
        var errors = cndev.Errors(device);
        var kinds = cndev.MemoryErrors(device);
        readings[Table["ecc_volatile_corrected_total"]] = errors.Corrected.State == ReadingState.Absent ? Sum(kinds.SramSingle, kinds.DramSingle) : errors.Corrected;
        readings[Table["ecc_volatile_uncorrected_total"]] = errors.Uncorrected.State == ReadingState.Absent ? Sum(kinds.SramDouble, kinds.DramDouble) : errors.Uncorrected;
        readings[Table["ecc_one_bit_total"]] = errors.OneBit;
        readings[Table["ecc_multiple_one_total"]] = errors.MultipleOne;
        readings[Table["ecc_multiple_total"]] = errors.Multiple;
        readings[Table["ecc_multiple_multiple_total"]] = errors.MultipleMultiple;
        readings[Table["ecc_errors_total"]] = errors.All;
        readings[Table["ecc_address_forbidden_total"]] = errors.Forbidden;
        readings[Table["ecc_sram_single_total"]] = kinds.SramSingle;
        readings[Table["ecc_sram_double_total"]] = kinds.SramDouble;
        readings[Table["ecc_sram_parity_total"]] = kinds.SramParity;
        readings[Table["ecc_dram_single_total"]] = kinds.DramSingle;
        readings[Table["ecc_dram_double_total"]] = kinds.DramDouble;
        readings[Table["ecc_aggregate_sram_single_total"]] = kinds.LifeSramSingle;
        readings[Table["ecc_aggregate_sram_double_total"]] = kinds.LifeSramDouble;
        readings[Table["ecc_aggregate_sram_parity_total"]] = kinds.LifeSramParity;
        readings[Table["ecc_aggregate_dram_single_total"]] = kinds.LifeDramSingle;
        readings[Table["ecc_aggregate_dram_double_total"]] = kinds.LifeDramDouble;
        readings[Table["sram_threshold_exceeded"]] = kinds.SramThresholdExceeded;
        (readings[Table["ecc_mode"]], readings[Table["ecc_mode_pending"]]) = cndev.EccMode(device);
        (readings[Table["retired_pages_single_bit_total"]], readings[Table["retired_pages_double_bit_total"]]) = cndev.RetiredPages(device);
        (readings[Table["retired_pages_pending"]], readings[Table["retired_pages_failed"]]) = cndev.RetiredPageStatus(device);
        var repairs = cndev.Repairs(device);
        readings[Table["remapped_rows_correctable_total"]] = repairs.Corrected;
        readings[Table["remapped_rows_uncorrectable_total"]] = repairs.Uncorrected;
        readings[Table["row_remap_pending"]] = repairs.Pending;
        readings[Table["row_remap_failed"]] = repairs.Failed;
        readings[Table["page_retirement_pending"]] = repairs.RetirePending;
    }

    private static void ReadValues(CndevLibrary cndev, CndevDevice device, Span<Reading> readings)
    {
        Span<Reading> values = stackalloc Reading[ValueIds.Length];
        cndev.Fields(device, ValueIds, values);
        for (var row = 0; row < ValueIds.Length; row++)
        {
            var (_, _, scale, most) = CambriconFields.Values[row];
            readings[ValuePlaces[row]] = !values[row].IsPresent ? values[row] : values[row].Value < 0 || values[row].Value > most ? Reading.Unknown : Reading.Of(values[row].Value * scale);
        }
        var over = cndev.OverTemperature(device);
        readings[Table["over_temperature_slowdowns_total"]] = over.SlowCount;
        readings[Table["over_temperature_power_offs_total"]] = over.OffCount;
        Prefer(over.SlowAt, ref readings[SlowAt]);
        Prefer(over.OffAt, ref readings[OffAt]);
        Prefer(cndev.ComputeMode(device), ref readings[ComputeMode]);
    }

    private static void ReadLinks(CndevLibrary cndev, CambriconBoard board, Span<Reading> readings)
    {
        if (board.Ports == 0)
            return;
        var (up, isKnown) = (0, true);
        Span<Reading> sums = [Reading.Absent, Reading.Absent, Reading.Absent, Reading.Absent];
        for (var port = 0; port < board.Ports; port++)
        {
            var of = readings.Slice(FirstPort + port * PortFields, PortFields);
            (of[0], of[1]) = cndev.LinkState(board.Device, port);
            isKnown &= of[0].IsPresent;
            up += of[0] is { IsPresent: true, Value: > 0 } ? 1 : 0;
            of[2] = cndev.LinkSpeed(board.Device, port);
            var counts = cndev.LinkCounts(board.Device, port);
            (of[3], of[4], of[5], of[6], of[7], of[8], of[9], of[10], of[11]) =
                (counts.ReadBytes, counts.WrittenBytes, counts.Replays, counts.Fatal, counts.EccDouble, counts.Crc24, counts.Crc32, counts.Corrected, counts.Uncorrected);
            of[12] = cndev.LinkDowns(board.Device, port);
            (sums[0], sums[1], sums[2], sums[3]) = (Sum(sums[0], counts.ReadBytes), Sum(sums[1], counts.WrittenBytes), Sum(sums[2], counts.Corrected), Sum(sums[3], counts.Uncorrected));
        }
        readings[Table["mlulink_links_up"]] = isKnown ? Reading.Of(up) : Reading.Unknown;
        readings[Table["mlulink_links_down"]] = isKnown ? Reading.Of(board.Ports - up) : Reading.Unknown;
        readings[Table["mlulink_read_bytes_total"]] = sums[0];
        readings[Table["mlulink_written_bytes_total"]] = sums[1];
        readings[Table["mlulink_corrected_errors_total"]] = sums[2];
        readings[Table["mlulink_uncorrected_errors_total"]] = sums[3];
    }

    private static void Prefer(Reading own, ref Reading reading)
    {
        if (own.State != ReadingState.Absent)
            reading = own;
    }

    /// <summary>A sum without one of its parts would be taken for a counter that went back.</summary>
    private static Reading Sum(Reading one, Reading other) =>
        one.State == ReadingState.Absent ? other : other.State == ReadingState.Absent ? one
        : one.IsPresent && other.IsPresent ? Reading.Of(one.Value + other.Value) : Reading.Unknown;

    private static bool Has(ReadOnlySpan<Reading> readings, ReadingState state)
    {
        foreach (var reading in readings)
        {
            if (reading.State == state)
                return true;
        }
        return false;
    }
}
