using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AIInfra.Vendors.Cambricon;

// The C structs of cndev.h that the agent passes, field by field. All are blittable with natural alignment; a test holds sizes and
// offsets against the table native/abi/cndev.tsv. A struct that begins with Version wants Cndev.Version there, in an array in the
// first element only. Units and meaning are given where a value leaves CndevLibrary.

internal static class Cndev
{
    /// <summary>The version of the API whose structs these are.</summary>
    public const int Version = 6;
    public const int MostLinks = 8, MostIncidents = 64;
}

[InlineArray(6)]
internal struct CndevBytes6 { private byte _first; }

[InlineArray(16)]
internal struct CndevBytes16 { private byte _first; }

[InlineArray(37)]
internal struct CndevUuidText { private byte _first; }

[InlineArray(100)]
internal struct CndevText100 { private byte _first; }

[InlineArray(256)]
internal struct CndevText256 { private byte _first; }

[InlineArray(512)]
internal struct CndevText512 { private byte _first; }

[InlineArray(2)]
internal struct CndevInt2 { private int _first; }

[InlineArray(8)]
internal struct CndevInt8 { private int _first; }

[InlineArray(16)]
internal struct CndevInt16s { private int _first; }

[InlineArray(20)]
internal struct CndevInt20 { private int _first; }

[InlineArray(28)]
internal struct CndevInt28 { private int _first; }

[InlineArray(80)]
internal struct CndevInt80 { private int _first; }

[InlineArray(20)]
internal struct CndevWord20 { private ushort _first; }

[InlineArray(2)]
internal struct CndevUInt2 { private uint _first; }

[InlineArray(3)]
internal struct CndevUInt3 { private uint _first; }

[InlineArray(7)]
internal struct CndevUInt7 { private uint _first; }

[InlineArray(8)]
internal struct CndevUInt8 { private uint _first; }

[InlineArray(128)]
internal struct CndevUInt128 { private uint _first; }

[InlineArray(2)]
internal struct CndevULong2 { private ulong _first; }

[InlineArray(8)]
internal struct CndevULong8 { private ulong _first; }

[InlineArray(11)]
internal struct CndevULong11 { private ulong _first; }

[InlineArray(13)]
internal struct CndevULong13 { private ulong _first; }

[InlineArray(16)]
internal struct CndevULong16 { private ulong _first; }

[InlineArray(512)]
internal struct CndevULong512 { private ulong _first; }

[StructLayout(LayoutKind.Sequential)]
internal struct CndevCardInfo
{
    public int Version;
    public uint Number;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevLibVersionInfo
{
    public int Version;
    public uint LibMajorVersion, LibMinorVersion, LibBuildVersion;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevVersionInfo
{
    public int Version;
    public uint McuMajorVersion, McuMinorVersion, McuBuildVersion, DriverMajorVersion, DriverMinorVersion, DriverBuildVersion;
}

/// <summary><see cref="Id"/>: see <see cref="CndevLibrary.Model"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevCardName
{
    public int Version, Id;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevCardSN
{
    public int Version;
    public ulong Sn, MotherBoardSn;
}

/// <summary>36 characters and a NUL, without the <c>MLU-</c> that names put in front.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevUUID
{
    public int Version;
    public CndevUuidText Uuid;
    public ulong NcsUUID64;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevPCIeInfoV2
{
    public uint SubsystemId, DeviceId;
    public ushort Vendor, SubsystemVendor;
    public uint Domain, Bus, Device, Function;
    public ushort ModuleId, SlotId;
    public CndevUInt8 Reserved;
}

/// <summary>Of the link as it is and as it could be; a speed is its PCIe generation.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevCurrentPCIInfo
{
    public int Version, CurrentSpeed, CurrentWidth;
}

/// <summary>Bytes: in the last 20 ms, and in all.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevPCIethroughputV2
{
    public long PcieRead, PcieWrite, PcieReadTotal, PcieWriteTotal;
    public ulong Timestamp;
    public CndevULong8 Reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevPcieReplayCounter
{
    public int Version;
    public uint Counter;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevNUMANodeId
{
    public int Version, NodeId;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevTopologyRelationship
{
    public int Version, Relation;
}

/// <summary>Megabytes of 2^20.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevMemoryInfoV2
{
    public long PhysicalMemoryTotal, PhysicalMemoryUsed, ReservedMemory, VirtualMemoryTotal, VirtualMemoryUsed;
    public ulong GlobalMemory;
    public CndevULong16 Reserved;
}

/// <summary>Percent.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevUtilizationInfo
{
    public int Version, AverageCoreUtilization;
    public CndevInt80 CoreUtilization;
}

/// <summary>Percent; as many of each list as its count says.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevVideoCodecUtilization
{
    public int Version, VpuCount;
    public CndevInt20 VpuCodecUtilization;
    public int EncoderCount;
    public CndevInt20 EncoderUtilization;
    public int DecoderCount;
    public CndevInt20 DecoderUtilization;
}

/// <summary>Megahertz.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevFrequencyInfo
{
    public int Version, BoardFreq, DdrFreq;
    public byte OvertempDfsFlag, FastDfsFlag;
    public ushort MluClusterFreqCount;
    public CndevWord20 MluClusterFreq;
    public int BoardDefaultFreq;
    public CndevInt2 BoardFreqArange;
}

/// <summary>Degrees Celsius.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevTemperatureInfo
{
    public int Version, Board;
    public CndevInt20 Cluster;
    public CndevInt8 MemoryDie;
    public int Chip, AirInlet, AirOutlet, Memory, VideoInput, Cpu, Isp;
}

/// <summary>Watts.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevDevicePowerInfo
{
    public int Usage, Cap, Machine, Tdp, MaxPower;
    public CndevInt16s Reserved;
}

/// <summary>Revolutions a minute; -1 without a fan.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevFanSpeedInfo
{
    public int Version, FanSpeed, ChassisFanCount;
    public CndevInt28 ChassisFan;
}

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

/// <summary>Memory in KiB.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevProcessInfo
{
    public int Version;
    public uint Pid;
    public ulong PhysicalMemoryUsed, VirtualMemoryUsed;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevMLULinkStatusV2
{
    public int MacState, SerdesState, PresenceState;
    public uint SerdesProgress;
    public CndevUInt7 Reserved;
}

/// <summary><see cref="ConnectType"/>: 0 to a board, 1 to a switch.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevMLULinkRemoteInfo
{
    public int Version;
    public ulong McSn, BaSn;
    public uint SlotId, PortId;
    public CndevBytes16 DevIp;
    public CndevUuidText Uuid;
    public uint DevIpVersion, IsIpValid;
    public int ConnectType;
    public ulong NcsUUID64;
    public CndevBytes6 MacAddr;
    public CndevText256 PortName;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevMLULinkCounter
{
    public int Version;
    public ulong CntrReadByte, CntrReadPackage, CntrWriteByte, CntrWritePackage, ErrReplay, ErrFatal, ErrEccDouble, ErrCRC24, ErrCRC32, ErrCorrected, ErrUncorrected,
        ErrReadPackage, ErrWritePackage, ErrIllegalAccess, CntrCnpPackage, CntrPfcPackage, StatQPInUsing, StatTaskAlive;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevMLULinkEventCounter
{
    public ulong LinkDown, Replay, ReplayFail;
    public CndevULong13 Reserved;
}

/// <summary>Gigabytes a second.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevMLULinkSpeed
{
    public int Version;
    public float SpeedValue;
    public int SpeedFormat;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevMimMode
{
    public int Version, MimMode;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevSMLUMode
{
    public int Version, SmluMode;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevPlacement
{
    public int Version, Start, Size;
}

/// <summary>An instance of MIM. Memory in megabytes of 2^20.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevMluInstanceInfo
{
    public int Version, ParentDevice, InstanceId, ProfileId;
    public CndevUuidText Uuid;
    public int Domain, Bus, Device, Function;
    public CndevPlacement Placement;
    public int MluCoreCount, VpuCount, JpuCount, GdmaCount, MemorySize;
    public CndevText100 ProfileName, DevNodeName, IpcmDevNodeName, InstanceName;
    public CndevUInt128 Reserved;
}

/// <summary>An instance of sMLU. Of the pairs the first is what it may use (percent, bytes), the second what it uses.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevSMluInfo
{
    public int Version, ProfileId, InstanceId;
    public CndevUuidText Uuid;
    public int Domain, Bus, Device, Function;
    public CndevText100 ProfileName, InstanceName, DevNodeName;
    public CndevUInt2 MluQuota;
    public CndevULong2 MemorySize;
    public CndevUInt128 Reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevComputeMode
{
    public int Version, Mode;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CndevEventData
{
    public uint Version;
    public int Device;
    public ulong EventData, EventType, Timestamp;
    public uint ComputeInstanceId, MluInstanceId;
    public CndevULong8 Reserved;
}

/// <summary><see cref="Value"/> holds what <see cref="ValueType"/> says, in its first bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevFieldValue
{
    public int FieldId, Ret;
    public ulong Value;
    public int ValueType;
    public long LatencyUsec, Timestamp;
    public uint ScopeId;
}
