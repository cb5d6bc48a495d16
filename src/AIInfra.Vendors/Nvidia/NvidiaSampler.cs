using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Nvidia;

/// <summary>Reads one board: every field of <see cref="NvidiaFields"/> but the last Xid, which comes from events.</summary>
internal sealed class NvidiaSampler(TimeProvider time)
{
    private static readonly NvmlField[] Batch =
    [
        NvmlField.MemoryTemperature, NvmlField.NvlinkDataSent, NvmlField.NvlinkDataReceived,
        NvmlField.RemappedCorrectable, NvmlField.RemappedUncorrectable, NvmlField.RemapFailed,
        NvmlField.EccVolatileCorrected, NvmlField.EccVolatileUncorrected, NvmlField.EccAggregateCorrected, NvmlField.EccAggregateUncorrected,
        NvmlField.RecoveryAction,
    ];

    /// <exception cref="VendorException">Device lost; or transient, when the board answered nothing at all: silence is no reading.</exception>
    public void Read(NvmlLibrary nvml, NvidiaBoard board, Span<Reading> readings)
    {
        var device = board.Handle;
        var table = NvidiaFields.Table;

        readings[table["temperature_celsius"]] = nvml.Temperature(device); // first: a lost board shows here and costs one call
        readings[table["sm_clock_hertz"]] = nvml.SmClock(device);
        readings[table["memory_clock_hertz"]] = nvml.MemoryClock(device);
        readings[table["power_watts"]] = nvml.Power(device);
        readings[table["power_limit_watts"]] = nvml.PowerLimit(device);
        readings[table["energy_joules_total"]] = nvml.Energy(device);
        readings[table["pcie_replays_total"]] = nvml.PcieReplays(device);
        (readings[table["utilization_ratio"]], readings[table["memory_copy_utilization_ratio"]]) = nvml.Utilization(device);
        readings[table["encoder_utilization_ratio"]] = nvml.EncoderUtilization(device);
        readings[table["decoder_utilization_ratio"]] = nvml.DecoderUtilization(device);
        var memory = nvml.Memory(device);
        readings[table["memory_free_bytes"]] = memory.Free;
        readings[table["memory_used_bytes"]] = memory.Used;
        readings[table["memory_reserved_bytes"]] = memory.Reserved;
        readings[table["vgpu_license_status"]] = nvml.VgpuLicense(device);
        ReadFields(nvml, board, readings);

        if (!readings.ContainsAnyPresent() && readings.ContainsAnyUnknown())
        {
            throw new VendorException("nvmlDeviceGetFieldValues", (int)NvmlReturn.Unknown, VendorFault.Transient,
                "the board answered none of the questions");
        }
    }

    private void ReadFields(NvmlLibrary nvml, NvidiaBoard board, Span<Reading> readings)
    {
        var device = board.Handle;
        var table = NvidiaFields.Table;
        Span<Reading> batch = stackalloc Reading[Batch.Length];
        nvml.Fields(device, Batch, batch);

        readings[table["memory_temperature_celsius"]] = batch[0];
        readings[table["nvlink_bytes_per_second"]] = Rate(board, batch[1], batch[2]);
        if (batch[3..6].ContainsAnyPresent() || batch[3..6].ContainsAnyUnknown())
        {
            readings[table["remapped_rows_correctable_total"]] = batch[3];
            readings[table["remapped_rows_uncorrectable_total"]] = batch[4];
            readings[table["row_remap_failed"]] = batch[5];
        }
        else
        {
            var remapped = nvml.RemappedRows(device);
            readings[table["remapped_rows_correctable_total"]] = remapped.Correctable;
            readings[table["remapped_rows_uncorrectable_total"]] = remapped.Uncorrectable;
            readings[table["row_remap_failed"]] = remapped.Failed;
        }
        readings[table["ecc_volatile_corrected_total"]] = batch[6].OrElse(nvml, device, uncorrected: false, aggregate: false);
        readings[table["ecc_volatile_uncorrected_total"]] = batch[7].OrElse(nvml, device, uncorrected: true, aggregate: false);
        readings[table["ecc_aggregate_corrected_total"]] = batch[8].OrElse(nvml, device, uncorrected: false, aggregate: true);
        readings[table["ecc_aggregate_uncorrected_total"]] = batch[9].OrElse(nvml, device, uncorrected: true, aggregate: true);
        readings[table["recovery_action"]] = batch[10];
    }

    /// <summary>Bytes per second since the round before; unknown in the first round and when the counter started anew.</summary>
    private Reading Rate(NvidiaBoard board, Reading sent, Reading received)
    {
        var before = board.NvlinkData;
        board.NvlinkData = null;
        if (!sent.IsPresent || !received.IsPresent)
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

    /// <summary>Older libraries have the function but not the field.</summary>
    public static Reading OrElse(this Reading field, NvmlLibrary nvml, NvmlDevice device, bool uncorrected, bool aggregate) =>
        field.State == ReadingState.Absent ? nvml.EccErrors(device, uncorrected, aggregate) : field;

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
