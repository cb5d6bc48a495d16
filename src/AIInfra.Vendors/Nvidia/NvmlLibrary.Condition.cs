using System.Collections.Immutable;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Nvidia;

/// <summary>Banks of GPU memory by the spare rows they have left.</summary>
internal readonly record struct NvmlRemapBanks(Reading Max, Reading High, Reading Partial, Reading Low, Reading None);

/// <param name="Bytes">Memory of all of them: unknown when one of them cannot be told.</param>
/// <param name="Some">The first few hundred.</param>
internal readonly record struct NvmlProcesses(Reading Count, Reading Bytes, ImmutableArray<DeviceProcess> Some)
{
    public const int Most = 256;
}

/// <summary>How the board stands in its NVLink fabric; all absent where it is in none.</summary>
internal readonly record struct NvmlFabric(Reading State, Reading Status, Reading HealthMask, Reading HealthSummary)
{
    public static NvmlFabric Unknown => new(Reading.Unknown, Reading.Unknown, Reading.Absent, Reading.Absent);
}

// The condition of a board: what slows it, what its memory has left, how it stands in the fabric, what runs on it.
internal sealed unsafe partial class NvmlLibrary
{
    private const uint MostProcesses = 4096;
    private const double MostBanks = 1 << 20;

    /// <summary>Why the clocks are as they are, in the bits of <see cref="NvidiaClockEvents"/>.</summary>
    public Reading ClockEvents(NvmlDevice device)
    {
        if (_condition.ClockEvents == null)
            return Reading.Absent;
        ulong bits;
        return Checked(_condition.ClockEvents(device.Handle, &bits), "nvmlDeviceGetCurrentClocksEventReasons", bits, 1, uint.MaxValue);
    }

    /// <summary>Degrees Celsius left to the point where the clocks are slowed; below zero they are.</summary>
    public Reading TemperatureMargin(NvmlDevice device)
    {
        if (_condition.Margin == null)
            return Reading.Absent;
        var query = new NvmlMarginTemperature_v1 { Version = NvmlMarginTemperature_v1.VersionWord };
        return Checked(_condition.Margin(device.Handle, &query), "nvmlDeviceGetMarginTemperature", query.MarginTemperature, 1, most: 200, least: -200);
    }

    /// <summary>Bytes of the window through which the host sees the board's memory.</summary>
    public (Reading Total, Reading Used) Bar1(NvmlDevice device)
    {
        const string call = "nvmlDeviceGetBAR1MemoryInfo";
        if (_condition.Bar1 == null)
            return default;
        NvmlBar1Memory memory;
        var status = _condition.Bar1(device.Handle, &memory);
        return (Bytes(status, call, memory.Bar1Total), Bytes(status, call, memory.Bar1Used));
    }

    /// <summary>Processes with a compute context.</summary>
    public NvmlProcesses ComputeProcesses(NvmlDevice device)
    {
        const string call = "nvmlDeviceGetComputeRunningProcesses_v3";
        if (_condition.Processes == null)
            return new NvmlProcesses(Reading.Absent, Reading.Absent, []);
        for (var room = 64u; ; room *= 4) // the set may grow between two calls
        {
            var rows = new NvmlProcessInfo[room];
            var count = room;
            NvmlReturn status;
            fixed (NvmlProcessInfo* start = rows)
                status = _condition.Processes(device.Handle, &count, start);
            if (status == NvmlReturn.InsufficientSize && room < MostProcesses)
                continue;
            var state = NvmlStatus.StateOf(status, call);
            if (state == ReadingState.Present && count > room)
                state = ReadingState.Unknown;
            if (state != ReadingState.Present)
                return new NvmlProcesses(new Reading(state, 0), new Reading(state, 0), []);
            var (used, some) = (0.0, ImmutableArray.CreateBuilder<DeviceProcess>((int)Math.Min(count, NvmlProcesses.Most)));
            foreach (var process in rows.AsSpan(0, (int)count))
            {
                long? bytes = process.UsedGpuMemory <= 1L << 50 ? (long)process.UsedGpuMemory : null;
                used += bytes ?? double.NaN;
                if (some.Count < some.Capacity)
                    some.Add(new DeviceProcess((int)process.Pid, bytes));
            }
            return new NvmlProcesses(Reading.Of(count), double.IsNaN(used) ? Reading.Unknown : Reading.Of(used), some.MoveToImmutable());
        }
    }

    /// <summary>Absent before Ampere.</summary>
    public NvmlRemapBanks RemapBanks(NvmlDevice device)
    {
        const string call = "nvmlDeviceGetRowRemapperHistogram";
        if (_condition.RemapHistogram == null)
            return default;
        NvmlRowRemapperHistogram banks;
        var status = _condition.RemapHistogram(device.Handle, &banks);
        return new NvmlRemapBanks(Checked(status, call, banks.Max, 1, MostBanks), Checked(status, call, banks.High, 1, MostBanks),
            Checked(status, call, banks.Partial, 1, MostBanks), Checked(status, call, banks.Low, 1, MostBanks), Checked(status, call, banks.None, 1, MostBanks));
    }

    /// <summary>1 when the board's on-chip memory has had more uncorrectable errors than it may for life.</summary>
    public Reading SramThresholdExceeded(NvmlDevice device)
    {
        if (_condition.SramEcc == null)
            return Reading.Absent;
        var query = new NvmlEccSramErrorStatus_v1 { Version = NvmlEccSramErrorStatus_v1.VersionWord };
        var status = OldStruct(_condition.SramEcc(device.Handle, &query));
        return Checked(status, "nvmlDeviceGetSramEccErrorStatus", query.BThresholdExceeded, 1, 1);
    }

    /// <summary>1 when the board's configuration memory is damaged. Reads and checks all of it: not for every round.</summary>
    public Reading InforomCorrupted(NvmlDevice device)
    {
        if (_condition.ValidateInforom == null)
            return Reading.Absent;
        var status = _condition.ValidateInforom(device.Handle);
        return status == NvmlReturn.CorruptedInforom ? Reading.Of(1) : Checked(status, "nvmlDeviceValidateInforom", 0, 1, 1);
    }

    /// <summary>Newest form first; an older library refuses a newer form by its version word.</summary>
    public NvmlFabric Fabric(NvmlDevice device)
    {
        const string call = "nvmlDeviceGetGpuFabricInfoV";
        foreach (var version in (ReadOnlySpan<uint>)[NvmlGpuFabricInfo_v3.VersionWord, NvmlGpuFabricInfo_v3.VersionWord_v2])
        {
            if (_condition.FabricV == null)
                break;
            var query = new NvmlGpuFabricInfo_v3 { Version = version };
            var status = _condition.FabricV(device.Handle, &query);
            if (status == NvmlReturn.ArgumentVersionMismatch || NvmlStatus.IsAbsent(status))
                continue;
            return FabricOf(status, call, query.State, query.Status, Reading.Of(query.HealthMask),
                version == NvmlGpuFabricInfo_v3.VersionWord ? Reading.Of(query.HealthSummary) : Reading.Absent);
        }
        if (_condition.Fabric == null)
            return default;
        NvmlGpuFabricInfo first;
        var answered = _condition.Fabric(device.Handle, &first);
        return FabricOf(answered, "nvmlDeviceGetGpuFabricInfo", first.State, first.Status, Reading.Absent, Reading.Absent);
    }

    private static NvmlFabric FabricOf(NvmlReturn status, string call, byte state, NvmlReturn result, Reading mask, Reading summary)
    {
        const int notSupported = 0, completed = 3;
        var isThere = NvmlStatus.StateOf(status, call);
        if (isThere != ReadingState.Present)
            return isThere == ReadingState.Absent ? default : NvmlFabric.Unknown;
        if (state == notSupported)
            return default;
        return new NvmlFabric(Reading.Of(state), state == completed ? Reading.Of((int)result) : Reading.Absent, mask,
            summary is { IsPresent: true, Value: 0 } ? Reading.Absent : summary); // 0 is the header's "not supported"
    }

    /// <summary>A library too old for the only form there is of a question does not have the answer.</summary>
    private static NvmlReturn OldStruct(NvmlReturn status) => status == NvmlReturn.ArgumentVersionMismatch ? NvmlReturn.NotSupported : status;

    private readonly struct ConditionCalls(LibraryExports exports)
    {
        public readonly delegate* unmanaged[Cdecl]<nint, ulong*, NvmlReturn> ClockEvents = // the new name since 12.2
            (delegate* unmanaged[Cdecl]<nint, ulong*, NvmlReturn>)exports.Find("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons");
        public readonly delegate* unmanaged[Cdecl]<nint, NvmlMarginTemperature_v1*, NvmlReturn> Margin = // since 12.8
            (delegate* unmanaged[Cdecl]<nint, NvmlMarginTemperature_v1*, NvmlReturn>)exports.Find("nvmlDeviceGetMarginTemperature");
        public readonly delegate* unmanaged[Cdecl]<nint, NvmlBar1Memory*, NvmlReturn> Bar1 =
            (delegate* unmanaged[Cdecl]<nint, NvmlBar1Memory*, NvmlReturn>)exports.Find("nvmlDeviceGetBAR1MemoryInfo");
        public readonly delegate* unmanaged[Cdecl]<nint, uint*, NvmlProcessInfo*, NvmlReturn> Processes = // the plain symbol has rows of another size
            (delegate* unmanaged[Cdecl]<nint, uint*, NvmlProcessInfo*, NvmlReturn>)exports.Find("nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2");
        public readonly delegate* unmanaged[Cdecl]<nint, NvmlRowRemapperHistogram*, NvmlReturn> RemapHistogram = // since 11.1
            (delegate* unmanaged[Cdecl]<nint, NvmlRowRemapperHistogram*, NvmlReturn>)exports.Find("nvmlDeviceGetRowRemapperHistogram");
        public readonly delegate* unmanaged[Cdecl]<nint, NvmlEccSramErrorStatus_v1*, NvmlReturn> SramEcc = // since 12.4
            (delegate* unmanaged[Cdecl]<nint, NvmlEccSramErrorStatus_v1*, NvmlReturn>)exports.Find("nvmlDeviceGetSramEccErrorStatus");
        public readonly delegate* unmanaged[Cdecl]<nint, NvmlReturn> ValidateInforom =
            (delegate* unmanaged[Cdecl]<nint, NvmlReturn>)exports.Find("nvmlDeviceValidateInforom");
        public readonly delegate* unmanaged[Cdecl]<nint, NvmlGpuFabricInfo_v3*, NvmlReturn> FabricV = // since 12.4
            (delegate* unmanaged[Cdecl]<nint, NvmlGpuFabricInfo_v3*, NvmlReturn>)exports.Find("nvmlDeviceGetGpuFabricInfoV");
        public readonly delegate* unmanaged[Cdecl]<nint, NvmlGpuFabricInfo*, NvmlReturn> Fabric = // since 12.0
            (delegate* unmanaged[Cdecl]<nint, NvmlGpuFabricInfo*, NvmlReturn>)exports.Find("nvmlDeviceGetGpuFabricInfo");
    }
}
