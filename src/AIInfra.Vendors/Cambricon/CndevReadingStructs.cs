using System.Runtime.InteropServices;

namespace AIInfra.Vendors.Cambricon;

// See CndevArrays.cs for what holds for all of them.

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
