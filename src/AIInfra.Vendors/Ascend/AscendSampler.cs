using System.Collections.Immutable;
using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Ascend;

/// <summary>Fills the readings of one chip. Two dozen calls; the first says whether the chip answers at all.</summary>
internal sealed class AscendSampler
{
    private static readonly FieldTable Table = AscendFields.Table;
    private static readonly int Utilization = Table["utilization_ratio"], AiCore = Table["aicore_utilization_ratio"], Vector = Table["vector_utilization_ratio"], Cube = Table["cube_utilization_ratio"],
        Total = Table["memory_total_bytes"], Used = Table["memory_used_bytes"], Bandwidth = Table["memory_bandwidth_utilization_ratio"], MemoryTemperature = Table["memory_temperature_celsius"],
        HbmTotal = Table["hbm_total_bytes"], HbmUsed = Table["hbm_used_bytes"], DdrTotal = Table["ddr_total_bytes"], DdrUsed = Table["ddr_used_bytes"],
        Temperature = Table["temperature_celsius"], Power = Table["power_watts"], Voltage = Table["voltage_volts"],
        Clock = Table["aicore_clock_hertz"], ClockMost = Table["aicore_clock_max_hertz"], MemoryClock = Table["memory_clock_hertz"],
        Health = Table["health"], Network = Table["network_health"], FirstEcc = Table["ecc_enabled"], Processes = Table["compute_processes"], ProcessMemory = Table["compute_process_memory_bytes"],
        Codes = Table["error_codes"], FirstCode = Table["error_code_0"],
        CrcErrors = Table["hccs_crc_errors_total"], Retries = Table["hccs_retries_total"], Sent = Table["hccs_sent_0_total"], Received = Table["hccs_received_0_total"],
        PortErrors = Table["hccs_crc_errors_0_total"], PortRetries = Table["hccs_port_retries_0_total"];

    private readonly uint[] _codes = new uint[DcmiLibrary.MostCodes];

    /// <returns>Who has memory on the chip.</returns>
    /// <exception cref="Core.VendorHost.VendorException">The chip does not answer.</exception>
    public ImmutableArray<DeviceProcess> Read(DcmiLibrary dcmi, DcmiChip chip, bool hasLinks, Span<Reading> readings)
    {
        readings[Health] = dcmi.Health(chip);
        ReadCodes(dcmi, chip, readings);
        readings[AiCore] = dcmi.UtilizationRatio(chip, DcmiUtilization.AiCore);
        readings[Vector] = dcmi.UtilizationRatio(chip, DcmiUtilization.Vector);
        readings[Cube] = dcmi.UtilizationRatio(chip, DcmiUtilization.Cube);
        var overall = dcmi.UtilizationRatio(chip, DcmiUtilization.Overall);
        readings[Utilization] = overall.IsPresent ? overall : readings[AiCore];
        ReadMemory(dcmi, chip, readings);
        readings[Temperature] = dcmi.TemperatureCelsius(chip);
        readings[Power] = dcmi.PowerWatts(chip);
        readings[Voltage] = dcmi.VoltageVolts(chip);
        readings[Clock] = dcmi.FrequencyHertz(chip, DcmiFrequency.AiCore);
        readings[ClockMost] = dcmi.FrequencyHertz(chip, DcmiFrequency.AiCoreMost);
        readings[Network] = dcmi.NetworkHealth(chip);
        if (hasLinks)
            ReadHccs(dcmi, chip, readings);
        var processes = dcmi.Processes(chip);
        readings[Processes] = processes is { } known ? Reading.Of(known.Length) : Reading.Absent;
        readings[ProcessMemory] = processes is { } all ? Reading.Of(all.Sum(process => process.MemoryBytes ?? 0)) : Reading.Absent;
        return processes ?? [];
    }

    /// <summary>What a virtual NPU has of its own.</summary>
    public static void Read(DcmiVirtual part, Span<Reading> readings)
    {
        readings[Utilization] = part.Utilization;
        readings[Total] = part.MemoryTotal;
        readings[Used] = part.MemoryUsed;
    }

    private void ReadCodes(DcmiLibrary dcmi, DcmiChip chip, Span<Reading> readings)
    {
        var count = dcmi.Codes(chip, _codes, out var state);
        readings[Codes] = count is { } said ? Reading.Of(said) : new(state, 0);
        for (var place = 0; place < Math.Min(count ?? 0, AscendFields.Codes); place++)
            readings[FirstCode + place] = Reading.Of(_codes[place]);
    }

    private static void ReadMemory(DcmiLibrary dcmi, DcmiChip chip, Span<Reading> readings)
    {
        var hbm = dcmi.Hbm(chip);
        var ddr = dcmi.Ddr(chip);
        (readings[HbmTotal], readings[HbmUsed], readings[MemoryTemperature], readings[Bandwidth]) = hbm;
        (readings[DdrTotal], readings[DdrUsed]) = ddr;
        var hasHbm = hbm.Total.State != ReadingState.Absent;
        (readings[Total], readings[Used]) = hasHbm ? (hbm.Total, hbm.Used) : ddr;
        readings[MemoryClock] = dcmi.FrequencyHertz(chip, hasHbm ? DcmiFrequency.Hbm : DcmiFrequency.Ddr);
        var counts = dcmi.Ecc(chip, hasHbm ? DcmiMemory.Hbm : DcmiMemory.Ddr, out var state);
        if (counts is not { } ecc)
        {
            readings.Slice(FirstEcc, 8).Fill(new(state, 0));
            return;
        }
        ReadOnlySpan<double> values =
        [
            ecc.EnableFlag == 0 ? 0 : 1, ecc.SingleBitErrorCnt, ecc.DoubleBitErrorCnt, ecc.TotalSingleBitErrorCnt, ecc.TotalDoubleBitErrorCnt,
            ecc.SingleBitIsolatedPagesCnt, ecc.DoubleBitIsolatedPagesCnt, (double)ecc.SingleBitNextIsolatedPagesCnt + ecc.DoubleBitNextIsolatedPagesCnt,
        ];
        for (var place = 0; place < values.Length; place++)
            readings[FirstEcc + place] = values[place] < uint.MaxValue ? Reading.Of(values[place]) : Reading.Unknown;
    }

    private static void ReadHccs(DcmiLibrary dcmi, DcmiChip chip, Span<Reading> readings)
    {
        var state = dcmi.Hccs(chip, out var counts);
        readings[CrcErrors] = readings[Retries] = new(state, 0);
        if (state != ReadingState.Present)
            return;
        double errors = 0, retries = 0;
        for (var port = 0; port < AscendFields.HccsPorts; port++)
        {
            errors += counts.CrcErrCnt[port];
            retries += counts.RetryCnt[port];
            if ((counts.TxCnt[port] | counts.RxCnt[port] | counts.CrcErrCnt[port] | counts.RetryCnt[port]) == 0)
                continue; // not every chip has all ports
            readings[Sent + port] = Reading.Of(counts.TxCnt[port]);
            readings[Received + port] = Reading.Of(counts.RxCnt[port]);
            readings[PortErrors + port] = Reading.Of(counts.CrcErrCnt[port]);
            readings[PortRetries + port] = Reading.Of(counts.RetryCnt[port]);
        }
        readings[CrcErrors] = Reading.Of(errors);
        readings[Retries] = Reading.Of(retries);
    }
}
