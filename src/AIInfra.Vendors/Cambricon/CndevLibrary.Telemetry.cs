using System.Collections.Immutable;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Cambricon;

/// <summary>Bytes on the board.</summary>
/// <param name="Global">What programs see as the whole; the physical size where the driver does not tell it.</param>
internal readonly record struct CndevMemory(Reading Total, Reading Used, Reading Free, Reading Reserved, Reading Global, Reading VirtualTotal, Reading VirtualUsed);

internal readonly record struct CndevTemperatures(Reading Chip, Reading Board, Reading Memory, Reading AirInlet, Reading AirOutlet);

/// <summary>0 or 1 for each reason to run slower.</summary>
internal readonly record struct CndevThrottles(Reading Tdp, Reading PowerSetting, Reading ClockSetting, Reading FrequencyLocked, Reading PowerBrake, Reading Thermal);

// Load, clocks, heat, power, PCIe. Each reading is absent when board or library does not have it, and unknown when the call failed or
// the value cannot be. All throw VendorException (device lost) when the board as a whole is out of reach.
internal sealed unsafe partial class CndevLibrary
{
    private const double Megabyte = 1 << 20, MostMegabytes = 1L << 33, MostMegahertz = 20_000, MostWatts = 100_000, MostCount = 1L << 53;
    private const int MostProcesses = 4096;

    /// <summary>Ratios 0 to 1.</summary>
    public Reading Utilization(CndevDevice device)
    {
        var info = new CndevUtilizationInfo { Version = Cndev.Version };
        return Checked(_telemetry.Utilization.Ask(&info, device), info.AverageCoreUtilization, 0.01, 100);
    }

    /// <summary>Means over the engines of a kind, 0 to 1; absent where there is none of it.</summary>
    public (Reading Codec, Reading Encoder, Reading Decoder) Video(CndevDevice device)
    {
        var info = new CndevVideoCodecUtilization { Version = Cndev.Version };
        var state = _telemetry.Video.Ask(&info, device);
        return (Mean(state, info.VpuCount, info.VpuCodecUtilization), Mean(state, info.EncoderCount, info.EncoderUtilization), Mean(state, info.DecoderCount, info.DecoderUtilization));
    }

    public CndevMemory Memory(CndevDevice device)
    {
        CndevMemoryInfoV2 info = default;
        var state = _telemetry.Memory.Ask(&info, device);
        Reading Bytes(double megabytes) => Checked(state, megabytes, Megabyte, MostMegabytes);
        var (total, used, reserved) = (Bytes(info.PhysicalMemoryTotal), Bytes(info.PhysicalMemoryUsed), Bytes(info.ReservedMemory));
        var free = total.IsPresent && used.IsPresent && reserved.IsPresent
            ? total.Value >= used.Value + reserved.Value ? Reading.Of(total.Value - used.Value - reserved.Value) : Reading.Unknown
            : new Reading(total.IsPresent ? used.IsPresent ? reserved.State : used.State : total.State, 0);
        return new CndevMemory(total, used, free, reserved, info.GlobalMemory == 0 ? total : Bytes(info.GlobalMemory), Bytes(info.VirtualMemoryTotal), Bytes(info.VirtualMemoryUsed));
    }

    /// <summary>Hertz: of the cores now, of the memory, and of the cores by default.</summary>
    public (Reading Core, Reading Memory, Reading Default) Clocks(CndevDevice device)
    {
        var info = new CndevFrequencyInfo { Version = Cndev.Version };
        var state = _telemetry.Frequency.Ask(&info, device);
        Reading Hertz(int megahertz) => Checked(state, megahertz, 1e6, MostMegahertz);
        return (Hertz(info.BoardFreq), Hertz(info.DdrFreq), info.BoardDefaultFreq == 0 ? Missing(state) : Hertz(info.BoardDefaultFreq));
    }

    /// <summary>Degrees Celsius. Above 200 is not believed; where a board has no such sensor the driver says 0 or less.</summary>
    public CndevTemperatures Temperatures(CndevDevice device)
    {
        var info = new CndevTemperatureInfo { Version = Cndev.Version };
        var state = _telemetry.Temperature.Ask(&info, device);
        Reading Celsius(int value) => value <= 0 ? Missing(state) : Checked(state, value, 1, 200);
        return new CndevTemperatures(Celsius(info.Chip), Celsius(info.Board), Celsius(info.Memory), Celsius(info.AirInlet), Celsius(info.AirOutlet));
    }

    /// <summary>Watts: drawn now, and the limit in force.</summary>
    public (Reading Usage, Reading Cap) Power(CndevDevice device)
    {
        CndevDevicePowerInfo info = default;
        var state = _telemetry.Power.Ask(&info, device);
        return (Checked(state, info.Usage, 1, MostWatts), info.Cap <= 0 ? Missing(state) : Checked(state, info.Cap, 1, MostWatts));
    }

    /// <summary>Revolutions a minute; absent on a board without a fan.</summary>
    public Reading Fan(CndevDevice device)
    {
        var info = new CndevFanSpeedInfo { Version = Cndev.Version };
        var state = _telemetry.Fan.Ask(&info, device);
        return info.FanSpeed < 0 ? Missing(state) : Checked(state, info.FanSpeed, 1, 100_000);
    }

    public CndevThrottles Throttles(CndevDevice device)
    {
        var info = new CndevPerformanceThrottleReason { Version = Cndev.Version };
        var state = _telemetry.Throttle.Ask(&info, device);
        Reading Flag(int value) => Checked(state, value, 1, 1);
        return new CndevThrottles(Flag(info.Tdp), Flag(info.PowerSetting), Flag(info.ClockSetting), Flag(info.FrequencyLocked), Flag(info.PowerBrake), Flag(info.ThermalSlowdown));
    }

    /// <summary>How often heat has slowed the board and switched it off, and at which degrees Celsius it does.</summary>
    public (Reading SlowCount, Reading OffCount, Reading SlowAt, Reading OffAt) OverTemperature(CndevDevice device)
    {
        var info = new CndevOverTemperatureInfo { Version = Cndev.Version };
        var state = _telemetry.OverTemperature.Ask(&info, device);
        Reading Celsius(short value) => value <= 0 ? Missing(state) : Checked(state, value, 1, 200);
        return (Checked(state, info.UnderClockCounter, 1, uint.MaxValue - 1.0), Checked(state, info.PowerOffCounter, 1, uint.MaxValue - 1.0), Celsius(info.UnderClockTemp), Celsius(info.PowerOffTemp));
    }

    /// <summary>PCIe generation and lanes: now, and at most.</summary>
    public (Reading Generation, Reading Width) PcieLink(CndevDevice device) => PcieLink(_telemetry.Pcie, device);

    /// <inheritdoc cref="PcieLink(CndevDevice)"/>
    public (Reading Generation, Reading Width) PcieLinkMost(CndevDevice device) => PcieLink(_telemetry.PcieMost, device);

    /// <summary>Bytes that the board has read from and written to the host: in the last 20 ms, and in all.</summary>
    public (Reading Read, Reading Written, Reading ReadTotal, Reading WrittenTotal) PcieThroughput(CndevDevice device)
    {
        CndevPCIethroughputV2 info = default;
        var state = _telemetry.PcieThroughput.Ask(&info, device);
        Reading Bytes(long value) => Checked(state, value, 1, MostCount);
        return (Bytes(info.PcieRead), Bytes(info.PcieWrite), Bytes(info.PcieReadTotal), Bytes(info.PcieWriteTotal));
    }

    public Reading PcieReplays(CndevDevice device)
    {
        var info = new CndevPcieReplayCounter { Version = Cndev.Version };
        return Checked(_telemetry.PcieReplays.Ask(&info, device), info.Counter, 1, uint.MaxValue - 1.0);
    }

    /// <summary>0 default, 1 exclusive, 2 prohibited.</summary>
    public Reading ComputeMode(CndevDevice device)
    {
        var info = new CndevComputeMode { Version = Cndev.Version };
        return Checked(_telemetry.ComputeMode.Ask(&info, device), info.Mode, 1, 2);
    }

    /// <summary>Who uses the board, with their memory there. Twice as many as fit are asked for again.</summary>
    public (Reading Count, Reading Bytes, ImmutableArray<DeviceProcess> Some) Processes(CndevDevice device)
    {
        const string call = "cndevGetProcessInfo";
        if (_telemetry.Processes == null)
            return (Reading.Absent, Reading.Absent, []);
        for (var room = 16u; ;)
        {
            var rows = new CndevProcessInfo[room];
            rows[0].Version = Cndev.Version;
            var count = room;
            CndevReturn status;
            fixed (CndevProcessInfo* start = rows)
                status = _telemetry.Processes(&count, start, device.Handle);
            if (status == CndevReturn.InsufficientSpace && count > room && count <= MostProcesses)
            {
                room = count + 8; // some more may have come
                continue;
            }
            var state = CndevStatus.StateOf(status, call);
            if (state != ReadingState.Present || count > room)
                return (state == ReadingState.Absent ? Reading.Absent : Reading.Unknown, state == ReadingState.Absent ? Reading.Absent : Reading.Unknown, []);
            return Sum(rows.AsSpan(0, (int)count));
        }
    }

    private static (Reading Count, Reading Bytes, ImmutableArray<DeviceProcess> Some) Sum(ReadOnlySpan<CndevProcessInfo> rows)
    {
        const ulong mostKibibytes = 1UL << 43;
        var some = ImmutableArray.CreateBuilder<DeviceProcess>(rows.Length);
        var (bytes, isWhole) = (0.0, true);
        foreach (var row in rows)
        {
            long? memory = row.PhysicalMemoryUsed <= mostKibibytes ? (long)row.PhysicalMemoryUsed * 1024 : null;
            isWhole &= memory is not null;
            bytes += memory ?? 0;
            if (row.Pid is > 0 and <= int.MaxValue)
                some.Add(new DeviceProcess((int)row.Pid, memory));
        }
        return (Reading.Of(rows.Length), isWhole ? Reading.Of(bytes) : Reading.Unknown, some.DrainToImmutable());
    }

    private static (Reading Generation, Reading Width) PcieLink(Call call, CndevDevice device)
    {
        var info = new CndevCurrentPCIInfo { Version = Cndev.Version };
        var state = call.Ask(&info, device);
        return (Checked(state, info.CurrentSpeed, 1, 8, least: 1), Checked(state, info.CurrentWidth, 1, 32, least: 1));
    }

    private static Reading Mean(ReadingState state, int count, CndevInt20 values)
    {
        if (state != ReadingState.Present || count == 0)
            return Missing(state);
        if (count is < 0 or > 20)
            return Reading.Unknown;
        var sum = 0.0;
        for (var engine = 0; engine < count; engine++)
        {
            if (values[engine] is < 0 or > 100)
                return Reading.Unknown;
            sum += values[engine];
        }
        return Reading.Of(sum / count / 100);
    }

    /// <summary>A part of an answer that the board does not have.</summary>
    private static Reading Missing(ReadingState state) => state == ReadingState.Present ? Reading.Absent : new Reading(state, 0);

    /// <summary>Unknown for what cannot be.</summary>
    private static Reading Checked(ReadingState state, double value, double scale, double most, double least = 0) =>
        state != ReadingState.Present ? new Reading(state, 0) : value >= least && value <= most ? Reading.Of(value * scale) : Reading.Unknown;

    private readonly struct TelemetryCalls(LibraryExports exports)
    {
        public readonly Call Utilization = new(exports, "cndevGetDeviceUtilizationInfo"), Video = new(exports, "cndevGetVideoCodecUtilization"),
            Memory = new(exports, "cndevGetMemoryUsageV2"), Frequency = new(exports, "cndevGetFrequencyInfo"), Temperature = new(exports, "cndevGetTemperatureInfo"),
            Power = new(exports, "cndevGetDevicePowerInfo"), Fan = new(exports, "cndevGetFanSpeedInfo"), Throttle = new(exports, "cndevGetPerformanceThrottleReason"),
            OverTemperature = new(exports, "cndevGetOverTemperatureInfo"), Pcie = new(exports, "cndevGetCurrentPCIInfo"), PcieMost = new(exports, "cndevGetMaxPCIInfo"),
            PcieThroughput = new(exports, "cndevGetPCIethroughputV2"), PcieReplays = new(exports, "cndevGetPcieReplayCounter"), ComputeMode = new(exports, "cndevGetComputeMode");
        public readonly delegate* unmanaged[Cdecl]<uint*, CndevProcessInfo*, int, CndevReturn> Processes =
            (delegate* unmanaged[Cdecl]<uint*, CndevProcessInfo*, int, CndevReturn>)exports.Find("cndevGetProcessInfo");
        public readonly delegate* unmanaged[Cdecl]<int, int, CndevFieldValue*, CndevReturn> FieldValues =
            (delegate* unmanaged[Cdecl]<int, int, CndevFieldValue*, CndevReturn>)exports.Find("cndevDeviceGetFieldValues");
    }
}
