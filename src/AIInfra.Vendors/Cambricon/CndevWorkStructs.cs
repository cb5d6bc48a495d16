using System.Runtime.InteropServices;

namespace AIInfra.Vendors.Cambricon;

// See CndevArrays.cs for what holds for all of them.

/// <summary>Memory in KiB.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CndevProcessInfo
{
    public int Version;
    public uint Pid;
    public ulong PhysicalMemoryUsed, VirtualMemoryUsed;
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
