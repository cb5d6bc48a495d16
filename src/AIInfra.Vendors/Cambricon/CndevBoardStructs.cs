using System.Runtime.InteropServices;

namespace AIInfra.Vendors.Cambricon;

// See CndevArrays.cs for what holds for all of them.

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
