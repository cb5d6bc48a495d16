using System.Collections.Immutable;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Ascend;

/// <summary>What <c>dcmi_get_device_utilization_rate</c> can be asked for.</summary>
internal enum DcmiUtilization
{
    AiCore = 2,
    Hbm = 6,
    HbmBandwidth = 10,
    Vector = 12,
    Overall = 13,
    Cube = 14,
}

/// <summary>What <c>dcmi_get_device_frequency</c> can be asked for.</summary>
internal enum DcmiFrequency
{
    Ddr = 1,
    ControlCpu = 2,
    Hbm = 6,
    AiCore = 7,
    AiCoreMost = 9,
}

/// <summary>Which memory <c>dcmi_get_device_ecc_info</c> is asked about.</summary>
internal enum DcmiMemory
{
    Ddr = 0,
    Hbm = 2,
}

// Readings, in base units. Success with a number that cannot be is unknown.
internal sealed unsafe partial class DcmiLibrary
{
    private const double Megabyte = 1 << 20;
    private const int MostProcesses = 32, MostEccCount = int.MaxValue;
    private const uint Links = 16, OldCounts = 3, Counts = 5;
    private const ulong MostMegabytes = 1 << 24;

    /// <summary>0 well, 1 to 3 how bad it is. Asked first in each round: whether the chip answers at all.</summary>
    /// <exception cref="VendorException">It does not, or is not started.</exception>
    public Reading Health(DcmiChip chip)
    {
        uint health = NoValue;
        var status = _telemetry.Health.On(chip, &health);
        if (DcmiStatus.IsAbsent(status))
            return Reading.Absent;
        DcmiStatus.ThrowUnlessOk(status, _telemetry.Health.Name);
        if (health == NoValue)
            throw new VendorException(_telemetry.Health.Name, 0, VendorFault.DeviceLost, "the chip is not there or its firmware has not started");
        return health <= 3 ? Reading.Of(health) : Reading.Unknown;
    }

    public Reading TemperatureCelsius(DcmiChip chip)
    {
        int degrees = int.MinValue;
        return Of(_telemetry.Temperature, _telemetry.Temperature.On(chip, &degrees), degrees == -1 ? double.NaN : degrees, -60, 250, 1); // -1: it could not be read
    }

    public Reading VoltageVolts(DcmiChip chip)
    {
        uint hundredths = NoValue;
        return Of(_telemetry.Voltage, _telemetry.Voltage.On(chip, &hundredths), hundredths, 0, 10_000, 0.01);
    }

    /// <summary>Of the chip; where that is not measured, of the whole card.</summary>
    public Reading PowerWatts(DcmiChip chip)
    {
        int tenths = -1;
        var own = Of(_telemetry.Power, _telemetry.Power.On(chip, &tenths), tenths, 0, 100_000, 0.1);
        if (own.State != ReadingState.Absent || _telemetry.CardPower == 0)
            return own;
        tenths = -1;
        return ((delegate* unmanaged[Cdecl]<int, int*, int>)_telemetry.CardPower)(chip.Card, &tenths) == 0 && tenths is >= 0 and <= 100_000 ? Reading.Of(tenths * 0.1) : Reading.Absent;
    }

    public Reading UtilizationRatio(DcmiChip chip, DcmiUtilization of)
    {
        uint percent = NoValue;
        return Of(_telemetry.Utilization, _telemetry.Utilization.On(chip, (int)of, &percent), percent, 0, 100, 0.01);
    }

    public Reading FrequencyHertz(DcmiChip chip, DcmiFrequency of)
    {
        uint megahertz = NoValue;
        return Of(_telemetry.Frequency, _telemetry.Frequency.On(chip, (int)of, &megahertz), megahertz, 0, 20_000, 1e6);
    }

    /// <summary>The memory on the package, of chips that have it.</summary>
    public (Reading Total, Reading Used, Reading Temperature, Reading Bandwidth) Hbm(DcmiChip chip)
    {
        DcmiHbmInfo info = default;
        var state = DcmiStatus.StateOf(_telemetry.Hbm.On(chip, &info), _telemetry.Hbm.Name);
        if (state == ReadingState.Present && info.MemorySize is 0 or > MostMegabytes)
            state = ReadingState.Unknown; // success, and nothing in it
        if (state != ReadingState.Present)
            return (new(state, 0), new(state, 0), new(state, 0), new(state, 0));
        return (
            Reading.Of(info.MemorySize * Megabyte), info.MemoryUsage <= info.MemorySize ? Reading.Of(info.MemoryUsage * Megabyte) : Reading.Unknown,
            info.Temp is > -60 and < 250 and not -1 ? Reading.Of(info.Temp) : Reading.Unknown, info.BandwithUtilRate <= 100 ? Reading.Of(info.BandwithUtilRate / 100.0) : Reading.Unknown);
    }

    /// <summary>The memory beside the chip, of chips that have it.</summary>
    public (Reading Total, Reading Used) Ddr(DcmiChip chip)
    {
        DcmiMemoryInfo info = default;
        var state = DcmiStatus.StateOf(_memory.On(chip, &info), _memory.Name);
        if (state == ReadingState.Present && info.MemorySize is 0 or > MostMegabytes)
            state = ReadingState.Unknown;
        if (state != ReadingState.Present)
            return (new(state, 0), new(state, 0));
        return (Reading.Of(info.MemorySize * Megabyte), info.MemoryAvailable <= info.MemorySize ? Reading.Of((info.MemorySize - info.MemoryAvailable) * Megabyte) : Reading.Unknown);
    }

    /// <summary>Null when the chip does not say.</summary>
    public DcmiEccInfo? Ecc(DcmiChip chip, DcmiMemory of, out ReadingState state)
    {
        DcmiEccInfo info = default;
        state = DcmiStatus.StateOf(_telemetry.Ecc.On(chip, (int)of, &info), _telemetry.Ecc.Name);
        return state == ReadingState.Present ? info : null;
    }

    /// <summary>0 reachable, 6 not started yet, else why the port's partner was not reached.</summary>
    public Reading NetworkHealth(DcmiChip chip)
    {
        uint result = NoValue;
        return Of(_telemetry.Network, _telemetry.Network.On(chip, &result), result, 0, 8, 1);
    }

    /// <returns>The state; on success the counts are filled.</returns>
    public ReadingState Hccs(DcmiChip chip, out DcmiHccsStatistic counts)
    {
        DcmiHccsStatistic info = default;
        var status = Query(chip, Links, Counts, &info, sizeof(DcmiHccsStatistic));
        if (DcmiStatus.IsAbsent(status))
        {
            DcmiHccsStatisticOld old = default;
            status = Query(chip, Links, OldCounts, &old, sizeof(DcmiHccsStatisticOld));
            for (var port = 0; port < AscendFields.HccsPorts; port++)
                (info.TxCnt[port], info.RxCnt[port], info.CrcErrCnt[port], info.RetryCnt[port]) = (old.TxCnt[port], old.RxCnt[port], old.CrcErrCnt[port], old.RetryCnt[port]);
        }
        counts = info;
        return DcmiStatus.StateOf(status, _info.Name);
    }

    /// <summary>Who has memory on the chip; null when the driver does not say.</summary>
    public ImmutableArray<DeviceProcess>? Processes(DcmiChip chip)
    {
        var list = stackalloc DcmiProcMemInfo[MostProcesses];
        new Span<DcmiProcMemInfo>(list, MostProcesses).Clear();
        int count = 0;
        if (DcmiStatus.StateOf(_telemetry.Processes.On(chip, list, &count), _telemetry.Processes.Name) != ReadingState.Present || count is < 0 or > MostProcesses)
            return null;
        var processes = ImmutableArray.CreateBuilder<DeviceProcess>(count);
        foreach (var process in new ReadOnlySpan<DcmiProcMemInfo>(list, count))
        {
            if (process.ProcId > 0)
                processes.Add(new DeviceProcess(process.ProcId, process.ProcMemUsage < 1UL << 48 ? (long)process.ProcMemUsage : null));
        }
        return processes.DrainToImmutable();
    }

    private static Reading Of(DcmiCall call, DcmiReturn status, double value, double least, double most, double scale)
    {
        var state = DcmiStatus.StateOf(status, call.Name);
        return state != ReadingState.Present ? new(state, 0) : value >= least && value <= most ? Reading.Of(value * scale) : Reading.Unknown;
    }

    private readonly struct TelemetryCalls(LibraryExports exports, bool isNewer)
    {
        public readonly DcmiCall Health = new(exports, isNewer, "dcmi_get_device_health", "dcmiv2_get_device_health");
        public readonly DcmiCall Temperature = new(exports, isNewer, "dcmi_get_device_temperature", "dcmiv2_get_device_temperature");
        public readonly DcmiCall Voltage = new(exports, isNewer, "dcmi_get_device_voltage", "dcmiv2_get_device_voltage");
        public readonly DcmiCall Power = new(exports, isNewer, "dcmi_get_device_power_info", "dcmiv2_get_device_power_info");
        public readonly nint CardPower = isNewer ? 0 : exports.Find("dcmi_mcu_get_power_info");
        public readonly DcmiCall Utilization = new(exports, isNewer, "dcmi_get_device_utilization_rate", "dcmiv2_get_device_utilization_rate");
        public readonly DcmiCall Frequency = new(exports, isNewer, "dcmi_get_device_frequency", "dcmiv2_get_device_frequency");
        public readonly DcmiCall Hbm = new(exports, isNewer, "dcmi_get_device_hbm_info", "dcmiv2_get_device_hbm_info");
        public readonly DcmiCall Ecc = new(exports, isNewer, "dcmi_get_device_ecc_info", "dcmiv2_get_device_ecc_info");
        public readonly DcmiCall Network = new(exports, isNewer, "dcmi_get_device_network_health", "dcmiv2_get_device_network_health");
        public readonly DcmiCall Processes = new(exports, isNewer, "dcmi_get_device_resource_info", "dcmiv2_get_device_proc_mem_info");
    }
}
