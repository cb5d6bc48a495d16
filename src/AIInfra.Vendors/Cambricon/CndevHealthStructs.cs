using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AIInfra.Vendors.Cambricon;

// See CndevArrays.cs for what holds for all of them.

[StructLayout(LayoutKind.Sequential)]
internal struct CndevCardHealthState
{
    public int Version, Health, DeviceState, DriverState;
}

/// <summary>34 KB: on the heap only.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevCardHealthStateV2
{
    public int Health, DeviceState, DriverState, OverallHealth;
    public uint IncidentCount;
    public CndevIncidents Incidents;
    public CndevUInt8 Reserved;
}

[InlineArray(Cndev.MostIncidents)]
internal struct CndevIncidents { private CndevIncidentInfo _first; }

[StructLayout(LayoutKind.Sequential)]
internal struct CndevIncidentInfo
{
    public int System, Health;
    public CndevDiagErrorDetail Error;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevDiagErrorDetail
{
    public CndevText512 Msg;
    public uint DeviceId, Bdf;
    public int Code;
    public uint Category, Severity;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevCardHeartbeatCount
{
    public int Version;
    public uint HeartbeatCount;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevECCInfo
{
    public int Version;
    public ulong OneBitError, MultipleOneError, MultipleError, MultipleMultipleError, CorrectedError, UncorrectedError, TotalError, AddressForbiddenError;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevMemEccCounter
{
    public int Version;
    public uint VolatileSramEccSbeCounter, VolatileSramEccDbeCounter, VolatileSramEccParityCounter, VolatileDramEccSbeCounter, VolatileDramEccDbeCounter;
    public ulong AggregateDramEccSbeCounter, AggregateDramEccDbeCounter, AggregateSramEccSbeCounter, AggregateSramEccDbeCounter, AggregateSramEccParityCounter;
    public byte AggregateSramEccThresholdExceeded;
    public CndevULong11 Reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevEccMode
{
    public int Version, Mode;
}

/// <summary><see cref="Cause"/> is asked for: 0 single-bit, 1 double-bit errors.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevRetiredPageInfo
{
    public int Version, Cause;
    public uint PageCount;
    public CndevULong512 PageAddress;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevRetiredPageStatus
{
    public int Version;
    public uint IsPending, IsFailure;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevRemappedRow
{
    public int Version;
    public uint CorrectRows, UncorrectRows, PendingRows, FailedRows;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevRemappedRowV2
{
    public int Version;
    public uint CorrectCounts, UncorrectCounts;
    public CndevUInt3 Histogram;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevRepairStatus
{
    public int Version;
    public byte IsRetirePending, IsPending, IsFailure;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevOverTemperatureInfo
{
    public int Version;
    public uint PowerOffCounter, UnderClockCounter;
    public short PowerOffTemp, UnderClockTemp;
}

/// <summary>1 for each reason that slows the board down now.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevPerformanceThrottleReason
{
    public int Version, Tdp, PowerSetting, ClockSetting, FrequencyLocked, PowerBrake, ThermalSlowdown;
}
