using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Nvidia;

/// <summary>Free, used and reserved bytes. Reserved is absent where only the first ABI is there: it is then part of used.</summary>
internal readonly record struct NvmlMemoryReading(Reading Total, Reading Free, Reading Used, Reading Reserved);

/// <summary>Rows of GPU memory that were replaced by spare ones; whether a replacement waits for a reset, and whether one failed (0 or 1).</summary>
internal readonly record struct NvmlRemapReading(Reading Correctable, Reading Uncorrectable, Reading Pending, Reading Failed);

// Single readings. Each is absent when board or library does not have it, and unknown when the call failed or the value cannot be.
// All throw VendorException (device lost) when the board as a whole is out of reach.
internal sealed unsafe partial class NvmlLibrary
{
    private const double MostMegahertz = 20_000;
    private const double MostMilliwatts = 100e6;

    /// <summary>Clock of the streaming multiprocessors, hertz.</summary>
    public Reading SmClock(NvmlDevice device) => Clock(device, 1);

    /// <summary>Memory clock, hertz.</summary>
    public Reading MemoryClock(NvmlDevice device) => Clock(device, 2);

    /// <summary>Die temperature, degrees Celsius. Above 200 is not believed.</summary>
    public Reading Temperature(NvmlDevice device)
    {
        if (_telemetry.TemperatureV != null)
        {
            var query = new NvmlTemperature_v1 { Version = NvmlTemperature_v1.VersionWord };
            var status = _telemetry.TemperatureV(device.Handle, &query);
            if (status != NvmlReturn.ArgumentVersionMismatch && !NvmlStatus.IsAbsent(status))
                return Checked(status, "nvmlDeviceGetTemperatureV", query.Temperature, 1, most: 200, least: -60);
        }
        if (_telemetry.Temperature == null)
            return Reading.Absent;
        uint celsius;
        return Checked(_telemetry.Temperature(device.Handle, 0, &celsius), "nvmlDeviceGetTemperature", celsius, 1, most: 200);
    }

    /// <summary>Board power, watts: a one-second average on most boards since Ampere, the moment's before.</summary>
    public Reading Power(NvmlDevice device) => Number(_telemetry.Power, device, "nvmlDeviceGetPowerUsage", 1e-3, MostMilliwatts);

    /// <summary>The limit in force, watts.</summary>
    public Reading PowerLimit(NvmlDevice device) => Number(_telemetry.PowerLimit, device, "nvmlDeviceGetEnforcedPowerLimit", 1e-3, MostMilliwatts);

    /// <summary>Energy since the driver was loaded, joules.</summary>
    public Reading Energy(NvmlDevice device)
    {
        if (_telemetry.Energy == null)
            return Reading.Absent;
        ulong millijoules;
        return Checked(_telemetry.Energy(device.Handle, &millijoules), "nvmlDeviceGetTotalEnergyConsumption", millijoules, 1e-3, MostCount);
    }

    /// <summary>PCIe packets sent again. Wraps at 32 bits.</summary>
    public Reading PcieReplays(NvmlDevice device) => Number(_telemetry.PcieReplays, device, "nvmlDeviceGetPcieReplayCounter", 1, uint.MaxValue);

    /// <summary>Ratios 0 to 1 of the last window in which a kernel ran, and in which memory was read or written. Absent under MIG.</summary>
    public (Reading Compute, Reading MemoryCopy) Utilization(NvmlDevice device)
    {
        const string call = "nvmlDeviceGetUtilizationRates";
        if (_telemetry.Utilization == null)
            return default;
        NvmlUtilization percent;
        var status = _telemetry.Utilization(device.Handle, &percent);
        return (Checked(status, call, percent.Gpu, 0.01, most: 100), Checked(status, call, percent.Memory, 0.01, most: 100));
    }

    /// <summary>Ratio 0 to 1.</summary>
    public Reading EncoderUtilization(NvmlDevice device) => Engine(_telemetry.Encoder, device, "nvmlDeviceGetEncoderUtilization");

    /// <summary>Ratio 0 to 1.</summary>
    public Reading DecoderUtilization(NvmlDevice device) => Engine(_telemetry.Decoder, device, "nvmlDeviceGetDecoderUtilization");

    /// <summary>Memory on the board, bytes.</summary>
    public NvmlMemoryReading Memory(NvmlDevice device)
    {
        if (_telemetry.MemoryV2 != null)
        {
            const string call = "nvmlDeviceGetMemoryInfo_v2";
            var query = new NvmlMemory_v2 { Version = NvmlMemory_v2.VersionWord };
            var status = _telemetry.MemoryV2(device.Handle, &query);
            if (status != NvmlReturn.ArgumentVersionMismatch && !NvmlStatus.IsAbsent(status))
            {
                return new NvmlMemoryReading(Bytes(status, call, query.Total), Bytes(status, call, query.Free),
                    Bytes(status, call, query.Used), Bytes(status, call, query.Reserved));
            }
        }
        if (_telemetry.Memory == null)
            return default;
        const string first = "nvmlDeviceGetMemoryInfo";
        NvmlMemory memory;
        var answered = _telemetry.Memory(device.Handle, &memory);
        return new NvmlMemoryReading(Bytes(answered, first, memory.Total), Bytes(answered, first, memory.Free),
            Bytes(answered, first, memory.Used), Reading.Absent);
    }

    /// <summary>ECC errors: since the driver was loaded (volatile) or for life (aggregate). Absent where ECC is off.</summary>
    public Reading EccErrors(NvmlDevice device, bool uncorrected, bool aggregate)
    {
        if (_telemetry.EccErrors == null)
            return Reading.Absent;
        ulong count;
        var status = _telemetry.EccErrors(device.Handle, uncorrected ? 1 : 0, aggregate ? 1 : 0, &count);
        return Checked(status, "nvmlDeviceGetTotalEccErrors", count, 1, MostCount);
    }

    /// <summary>Absent before Ampere, and while MIG instances exist.</summary>
    public NvmlRemapReading RemappedRows(NvmlDevice device)
    {
        const string call = "nvmlDeviceGetRemappedRows";
        if (_telemetry.RemappedRows == null)
            return default;
        uint correctable, uncorrectable, pending, failed;
        var status = _telemetry.RemappedRows(device.Handle, &correctable, &uncorrectable, &pending, &failed);
        return new NvmlRemapReading(Checked(status, call, correctable, 1, MostCount), Checked(status, call, uncorrectable, 1, MostCount),
            Checked(status, call, pending != 0 ? 1 : 0, 1, 1), Checked(status, call, failed != 0 ? 1 : 0, 1, 1));
    }

    /// <summary>1 while a vGPU licence is held, else 0; 0 as well where none is needed.</summary>
    public Reading VgpuLicense(NvmlDevice device)
    {
        const int vgpuFeature = 1; // NVML_GRID_LICENSE_FEATURE_CODE_VGPU
        if (_telemetry.Licenses == null)
            return Reading.Absent;
        var licenses = new NvmlGridLicensableFeatures();
        var status = _telemetry.Licenses(device.Handle, &licenses);
        var held = false;
        for (var i = 0; licenses.IsGridLicenseSupported != 0 && i < Math.Min(licenses.LicensableFeaturesCount, 3); i++)
        {
            var feature = licenses.GridLicensableFeatures[i];
            held |= feature is { FeatureCode: vgpuFeature, FeatureState: > 0 };
        }
        return Checked(status, "nvmlDeviceGetGridLicensableFeatures_v4", held ? 1 : 0, 1, 1);
    }

    private Reading Clock(NvmlDevice device, int type)
    {
        if (_telemetry.Clock == null)
            return Reading.Absent;
        uint megahertz;
        return Checked(_telemetry.Clock(device.Handle, type, &megahertz), "nvmlDeviceGetClockInfo", megahertz, 1e6, MostMegahertz);
    }

    private static Reading Engine(delegate* unmanaged[Cdecl]<nint, uint*, uint*, NvmlReturn> call, NvmlDevice device, string name)
    {
        if (call == null)
            return Reading.Absent;
        uint percent, periodMicroseconds;
        return Checked(call(device.Handle, &percent, &periodMicroseconds), name, percent, 0.01, most: 100);
    }

    private static Reading Number(delegate* unmanaged[Cdecl]<nint, uint*, NvmlReturn> call, NvmlDevice device, string name, double scale, double most)
    {
        if (call == null)
            return Reading.Absent;
        uint value;
        return Checked(call(device.Handle, &value), name, value, scale, most);
    }

    private static Reading Bytes(NvmlReturn status, string call, ulong value) => Checked(status, call, value, 1, most: 1L << 50);

    /// <param name="most">In the driver's unit: above it the value is not believed. Drivers fill fields they do not have with all-ones.</param>
    /// <exception cref="VendorException">Device lost.</exception>
    private static Reading Checked(NvmlReturn status, string call, double value, double scale, double most, double least = 0) =>
        NvmlStatus.StateOf(status, call) switch
        {
            ReadingState.Absent => Reading.Absent,
            ReadingState.Present when value >= least && value <= most => Reading.Of(Scaled(value, scale)),
            _ => Reading.Unknown,
        };

    /// <summary>A field value in its row's base unit; unknown when it is not believed.</summary>
    internal static Reading Checked(Reading value, NvidiaFieldRow row) => !value.IsPresent ? value
        : value.Value >= 0 && value.Value <= row.Most ? Reading.Of(Scaled(value.Value, row.Scale)) : Reading.Unknown;

    /// <summary>Divides where the scale is a fraction: 29 × 0.01 is not 0.29, 29 / 100 is.</summary>
    private static double Scaled(double value, double scale) => scale < 1 ? value / Math.Round(1 / scale) : value * scale;

    private readonly struct TelemetryCalls(LibraryExports exports)
    {
        public readonly delegate* unmanaged[Cdecl]<nint, int, uint*, NvmlReturn> Clock =
            (delegate* unmanaged[Cdecl]<nint, int, uint*, NvmlReturn>)exports.Find("nvmlDeviceGetClockInfo");
        public readonly delegate* unmanaged[Cdecl]<nint, NvmlTemperature_v1*, NvmlReturn> TemperatureV = // since 12.8
            (delegate* unmanaged[Cdecl]<nint, NvmlTemperature_v1*, NvmlReturn>)exports.Find("nvmlDeviceGetTemperatureV");
        public readonly delegate* unmanaged[Cdecl]<nint, int, uint*, NvmlReturn> Temperature =
            (delegate* unmanaged[Cdecl]<nint, int, uint*, NvmlReturn>)exports.Find("nvmlDeviceGetTemperature");
        public readonly delegate* unmanaged[Cdecl]<nint, uint*, NvmlReturn> Power =
            (delegate* unmanaged[Cdecl]<nint, uint*, NvmlReturn>)exports.Find("nvmlDeviceGetPowerUsage");
        public readonly delegate* unmanaged[Cdecl]<nint, uint*, NvmlReturn> PowerLimit =
            (delegate* unmanaged[Cdecl]<nint, uint*, NvmlReturn>)exports.Find("nvmlDeviceGetEnforcedPowerLimit");
        public readonly delegate* unmanaged[Cdecl]<nint, ulong*, NvmlReturn> Energy =
            (delegate* unmanaged[Cdecl]<nint, ulong*, NvmlReturn>)exports.Find("nvmlDeviceGetTotalEnergyConsumption");
        public readonly delegate* unmanaged[Cdecl]<nint, uint*, NvmlReturn> PcieReplays =
            (delegate* unmanaged[Cdecl]<nint, uint*, NvmlReturn>)exports.Find("nvmlDeviceGetPcieReplayCounter");
        public readonly delegate* unmanaged[Cdecl]<nint, NvmlUtilization*, NvmlReturn> Utilization =
            (delegate* unmanaged[Cdecl]<nint, NvmlUtilization*, NvmlReturn>)exports.Find("nvmlDeviceGetUtilizationRates");
        public readonly delegate* unmanaged[Cdecl]<nint, uint*, uint*, NvmlReturn> Encoder =
            (delegate* unmanaged[Cdecl]<nint, uint*, uint*, NvmlReturn>)exports.Find("nvmlDeviceGetEncoderUtilization");
        public readonly delegate* unmanaged[Cdecl]<nint, uint*, uint*, NvmlReturn> Decoder =
            (delegate* unmanaged[Cdecl]<nint, uint*, uint*, NvmlReturn>)exports.Find("nvmlDeviceGetDecoderUtilization");
        public readonly delegate* unmanaged[Cdecl]<nint, NvmlMemory_v2*, NvmlReturn> MemoryV2 = // since 11.6
            (delegate* unmanaged[Cdecl]<nint, NvmlMemory_v2*, NvmlReturn>)exports.Find("nvmlDeviceGetMemoryInfo_v2");
        public readonly delegate* unmanaged[Cdecl]<nint, NvmlMemory*, NvmlReturn> Memory =
            (delegate* unmanaged[Cdecl]<nint, NvmlMemory*, NvmlReturn>)exports.Find("nvmlDeviceGetMemoryInfo");
        public readonly delegate* unmanaged[Cdecl]<nint, int, int, ulong*, NvmlReturn> EccErrors =
            (delegate* unmanaged[Cdecl]<nint, int, int, ulong*, NvmlReturn>)exports.Find("nvmlDeviceGetTotalEccErrors");
        public readonly delegate* unmanaged[Cdecl]<nint, uint*, uint*, uint*, uint*, NvmlReturn> RemappedRows =
            (delegate* unmanaged[Cdecl]<nint, uint*, uint*, uint*, uint*, NvmlReturn>)exports.Find("nvmlDeviceGetRemappedRows");
        public readonly delegate* unmanaged[Cdecl]<nint, NvmlGridLicensableFeatures*, NvmlReturn> Licenses =
            (delegate* unmanaged[Cdecl]<nint, NvmlGridLicensableFeatures*, NvmlReturn>)exports.Find("nvmlDeviceGetGridLicensableFeatures_v4");
        public readonly delegate* unmanaged[Cdecl]<nint, int, NvmlFieldValue*, NvmlReturn> FieldValues =
            (delegate* unmanaged[Cdecl]<nint, int, NvmlFieldValue*, NvmlReturn>)exports.Find("nvmlDeviceGetFieldValues");
    }
}
