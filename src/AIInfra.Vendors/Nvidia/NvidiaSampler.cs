using System.Collections.Immutable;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Nvidia;

/// <summary>Reads one board, or one partition of it: every field of <see cref="NvidiaFields"/> but the last Xid, which comes from events.</summary>
internal sealed class NvidiaSampler(NvidiaSampling sampling, TimeProvider time)
{
    /// <summary>In front of the rows of <see cref="NvidiaTables.Fields"/>: what becomes a rate.</summary>
    private const int Sent = 0, Received = 1, FirstRow = 2;
    private const double MostKibibytes = 1L << 53;

    private static readonly NvmlField[] Batch = [NvmlField.NvlinkDataSent, NvmlField.NvlinkDataReceived, .. NvidiaTables.Fields.Select(row => row.Field)];
    private static readonly int[] FieldPlaces = [.. NvidiaTables.Fields.Select(row => NvidiaFields.Table[row.Name])];
    private static readonly int[] NumberPlaces = [.. NvidiaTables.Numbers.Select(row => NvidiaFields.Table[row.Name])];
    private static readonly (int First, int Second)[] PairPlaces = [.. NvidiaTables.Pairs.Select(row => (NvidiaFields.Table[row.First], NvidiaFields.Table[row.Second]))];

    /// <exception cref="VendorException">Device lost; or transient, when the board answered nothing at all: silence is no reading.</exception>
    public void Read(NvmlLibrary nvml, NvidiaBoard board, Span<Reading> readings)
    {
        var device = board.Handle;
        var table = NvidiaFields.Table;

        readings[table["temperature_celsius"]] = nvml.Temperature(device); // first: a lost board shows here and costs one call
        readings[table["temperature_margin_celsius"]] = nvml.TemperatureMargin(device);
        readings[table["sm_clock_hertz"]] = nvml.SmClock(device);
        readings[table["memory_clock_hertz"]] = nvml.MemoryClock(device);
        readings[table["clock_event_reasons"]] = nvml.ClockEvents(device);
        readings[table["power_watts"]] = nvml.Power(device);
        readings[table["power_limit_watts"]] = nvml.PowerLimit(device);
        readings[table["energy_joules_total"]] = nvml.Energy(device);
        readings[table["pcie_replays_total"]] = nvml.PcieReplays(device);
        (readings[table["utilization_ratio"]], readings[table["memory_copy_utilization_ratio"]]) = nvml.Utilization(device);
        readings[table["encoder_utilization_ratio"]] = nvml.EncoderUtilization(device);
        readings[table["decoder_utilization_ratio"]] = nvml.DecoderUtilization(device);
        (readings[table["bar1_total_bytes"]], readings[table["bar1_used_bytes"]]) = nvml.Bar1(device);
        readings[table["vgpu_license_status"]] = nvml.VgpuLicense(device);
        board.Processes = ReadMemory(nvml, device, readings);
        ReadRepair(nvml, board, readings);
        ReadInterconnect(nvml, board, readings);
        ReadModes(nvml, board, readings);
        ReadRows(nvml, board, readings);
        board.LinkErrors.Read(nvml, device, board.Links.Count, readings);
        board.Profiler?.Read(nvml, device, null, readings);

        if (!readings.ContainsAnyPresent() && readings.ContainsAnyUnknown())
        {
            throw new VendorException("nvmlDeviceGetFieldValues", (int)NvmlReturn.Unknown, VendorFault.Transient,
                "the board answered none of the questions");
        }
    }

    /// <summary>What a partition has of its own; temperature, power, clocks and errors are its board's.</summary>
    /// <exception cref="VendorException">Device lost; or transient, when the partition answered nothing: it was destroyed a moment ago.</exception>
    public static void Read(NvmlLibrary nvml, NvidiaBoard board, NvidiaPart part, Span<Reading> readings)
    {
        part.Processes = ReadMemory(nvml, part.Partition.Handle, readings);
        if (!readings.ContainsAnyPresent())
        {
            throw new VendorException("nvmlDeviceGetMemoryInfo_v2", (int)NvmlReturn.Unknown, VendorFault.Transient,
                "the partition answered none of the questions");
        }
        part.Profiler?.Read(nvml, board.Handle, part.Partition.GpuInstance, readings);
    }

    /// <returns>Who uses it.</returns>
    private static ImmutableArray<DeviceProcess> ReadMemory(NvmlLibrary nvml, NvmlDevice device, Span<Reading> readings)
    {
        var table = NvidiaFields.Table;
        var memory = nvml.Memory(device);
        readings[table["memory_total_bytes"]] = memory.Total;
        readings[table["memory_free_bytes"]] = memory.Free;
        readings[table["memory_used_bytes"]] = memory.Used;
        readings[table["memory_reserved_bytes"]] = memory.Reserved;
        var processes = nvml.ComputeProcesses(device);
        (readings[table["compute_processes"]], readings[table["compute_process_memory_bytes"]]) = (processes.Count, processes.Bytes);
        return processes.Some;
    }

    private static void ReadRepair(NvmlLibrary nvml, NvidiaBoard board, Span<Reading> readings)
    {
        var table = NvidiaFields.Table;
        var banks = nvml.RemapBanks(board.Handle);
        readings[table["row_remap_banks_max"]] = banks.Max;
        readings[table["row_remap_banks_high"]] = banks.High;
        readings[table["row_remap_banks_partial"]] = banks.Partial;
        readings[table["row_remap_banks_low"]] = banks.Low;
        readings[table["row_remap_banks_none"]] = banks.None;
        readings[table["sram_threshold_exceeded"]] = nvml.SramThresholdExceeded(board.Handle);
        readings[table["inforom_corrupted"]] = board.InforomCorrupted;
    }

    private static void ReadInterconnect(NvmlLibrary nvml, NvidiaBoard board, Span<Reading> readings)
    {
        var table = NvidiaFields.Table;
        (readings[table["nvlink_links_up"]], readings[table["nvlink_links_down"]]) = nvml.LinkStates(board.Handle, board.Links.Count);
        var fabric = nvml.Fabric(board.Handle);
        readings[table["fabric_state"]] = fabric.State;
        readings[table["fabric_status"]] = fabric.Status;
        readings[table["fabric_health_mask"]] = fabric.HealthMask;
        readings[table["fabric_health_summary"]] = fabric.HealthSummary;
    }

    private static void ReadModes(NvmlLibrary nvml, NvidiaBoard board, Span<Reading> readings)
    {
        var table = NvidiaFields.Table;
        readings[table["c2c_enabled"]] = nvml.C2cEnabled(board.Handle);
        readings[table["vgpu_instances"]] = nvml.ActiveVgpus(board.Handle);
        var confidential = nvml.Confidential();
        readings[table["confidential_computing"]] = confidential.Feature;
        readings[table["confidential_environment"]] = confidential.Environment;
        readings[table["confidential_dev_tools"]] = confidential.DevTools;
        readings[table["confidential_ready"]] = confidential.Ready;
    }

    private void ReadRows(NvmlLibrary nvml, NvidiaBoard board, Span<Reading> readings)
    {
        var isSlowRound = board.SlowRead is not { } slow || time.GetElapsedTime(slow) >= sampling.SlowInterval;
        for (var row = 0; row < NumberPlaces.Length; row++)
        {
            if (NvidiaTables.Numbers[row].Pace == NvidiaPace.Costly ? sampling.HasPcieThroughput : isSlowRound || NvidiaTables.Numbers[row].Pace == NvidiaPace.Round)
                board.Numbers[row] = nvml.Number(board.Handle, row);
            readings[NumberPlaces[row]] = board.Numbers[row];
        }
        for (var row = 0; row < PairPlaces.Length; row++)
            (readings[PairPlaces[row].First], readings[PairPlaces[row].Second]) = nvml.Pair(board.Handle, row);
        if (isSlowRound)
            board.SlowRead = time.GetTimestamp();

        Span<Reading> batch = stackalloc Reading[Batch.Length];
        nvml.Fields(board.Handle, Batch, batch);
        for (var row = 0; row < FieldPlaces.Length; row++)
            readings[FieldPlaces[row]] = NvmlLibrary.Checked(batch[FirstRow + row], NvidiaTables.Fields[row]);
        readings[NvidiaFields.Table["nvlink_bytes_per_second"]] = Rate(board, batch[Sent], batch[Received]);
        readings[NvidiaFields.Table["nvlink_sent_bytes_total"]] = Bytes(batch[Sent]);
        readings[NvidiaFields.Table["nvlink_received_bytes_total"]] = Bytes(batch[Received]);
        ReadOldWays(nvml, board.Handle, readings);
    }

    /// <summary>Older libraries have the function but not the field.</summary>
    private static void ReadOldWays(NvmlLibrary nvml, NvmlDevice device, Span<Reading> readings)
    {
        var table = NvidiaFields.Table;
        var failed = table["row_remap_failed"];
        if (readings[failed].State == ReadingState.Absent)
        {
            var remapped = nvml.RemappedRows(device);
            readings[table["remapped_rows_correctable_total"]] = remapped.Correctable;
            readings[table["remapped_rows_uncorrectable_total"]] = remapped.Uncorrectable;
            readings[table["row_remap_pending"]] = remapped.Pending;
            readings[failed] = remapped.Failed;
        }
        foreach (var (name, uncorrected, aggregate) in (ReadOnlySpan<(string, bool, bool)>)[
            ("ecc_volatile_corrected_total", false, false), ("ecc_volatile_uncorrected_total", true, false),
            ("ecc_aggregate_corrected_total", false, true), ("ecc_aggregate_uncorrected_total", true, true)])
        {
            ref var reading = ref readings[table[name]];
            if (reading.State == ReadingState.Absent)
                reading = nvml.EccErrors(device, uncorrected, aggregate);
        }
    }

    private static Reading Bytes(Reading kibibytes) =>
        !kibibytes.IsPresent ? kibibytes : kibibytes.Value is < 0 or > MostKibibytes ? Reading.Unknown : Reading.Of(kibibytes.Value * 1024);

    /// <summary>Bytes per second since the round before; unknown in the first round and when the counter started anew.</summary>
    private Reading Rate(NvidiaBoard board, Reading sent, Reading received)
    {
        var before = board.NvlinkData;
        board.NvlinkData = null;
        if (!sent.IsPresent || !received.IsPresent || sent.Value + received.Value is < 0 or > MostKibibytes)
            return sent.State == ReadingState.Absent && received.State == ReadingState.Absent ? Reading.Absent : Reading.Unknown;

        var now = (Kibibytes: sent.Value + received.Value, Timestamp: time.GetTimestamp());
        board.NvlinkData = now;
        if (before is not { } last || now.Kibibytes < last.Kibibytes || now.Timestamp <= last.Timestamp)
            return Reading.Unknown;
        return Reading.Of((now.Kibibytes - last.Kibibytes) * 1024 / time.GetElapsedTime(last.Timestamp, now.Timestamp).TotalSeconds);
    }
}

file static class Readings
{
    public static bool ContainsAnyPresent(this Span<Reading> readings) => Contains(readings, ReadingState.Present);

    public static bool ContainsAnyUnknown(this Span<Reading> readings) => Contains(readings, ReadingState.Unknown);

    private static bool Contains(Span<Reading> readings, ReadingState state)
    {
        foreach (var reading in readings)
        {
            if (reading.State == state)
                return true;
        }
        return false;
    }
}
