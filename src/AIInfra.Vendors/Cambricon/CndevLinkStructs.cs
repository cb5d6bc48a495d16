using System.Runtime.InteropServices;

namespace AIInfra.Vendors.Cambricon;

// See CndevArrays.cs for what holds for all of them.

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
