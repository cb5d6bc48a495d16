using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AIInfra.Vendors.Ascend;

// The structs of DCMI that are used, with the layout of its header; native/abi/dcmi.tsv holds the same and a test compares.
#pragma warning disable CA1051 // fields are the layout

[InlineArray(16)] internal struct Bytes16 { private byte _first; }
[InlineArray(31)] internal struct Bytes31 { private byte _first; }
[InlineArray(32)] internal struct Bytes32 { private byte _first; }
[InlineArray(60)] internal struct Bytes60 { private byte _first; }
[InlineArray(256)] internal struct Bytes256 { private byte _first; }
[InlineArray(12)] internal struct Bytes12 { private byte _first; }
[InlineArray(5)] internal struct Words5 { private uint _first; }
[InlineArray(6)] internal struct Words6 { private uint _first; }
[InlineArray(16)] internal struct Words16 { private uint _first; }
[InlineArray(64)] internal struct Words64 { private uint _first; }
[InlineArray(32)] internal struct Words32 { private uint _first; }
[InlineArray(16)] internal struct Longs16 { private ulong _first; }
[InlineArray(64)] internal struct Longs64 { private ulong _first; }

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiChipInfo
{
    public Bytes32 ChipType, ChipName, ChipVer;
    public uint AicoreCnt;
    public Bytes32 NpuName;
}

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiPcieInfo
{
    public uint Venderid, Subvenderid, Deviceid, Subdeviceid;
    public int Domain;
    public uint BdfBusid, BdfDeviceid, BdfFuncid;
    public Bytes32 Reserve;
}

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiBoardInfo
{
    public uint BoardId, PcbId, BomId, SlotId;
}

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiElabelInfo
{
    public Bytes256 ProductName, Model, Manufacturer, ManufacturerDate, SerialNumber;
}

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiDieId
{
    public Words5 SocDie;
}

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiEccInfo
{
    public int EnableFlag;
    public uint SingleBitErrorCnt, DoubleBitErrorCnt, TotalSingleBitErrorCnt, TotalDoubleBitErrorCnt;
    public uint SingleBitIsolatedPagesCnt, DoubleBitIsolatedPagesCnt, SingleBitNextIsolatedPagesCnt, DoubleBitNextIsolatedPagesCnt;
}

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiHbmInfo
{
    public ulong MemorySize; // MB
    public uint Freq; // MHz
    public ulong MemoryUsage; // MB
    public int Temp;
    public uint BandwithUtilRate; // the header's spelling
}

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiMemoryInfo
{
    public ulong MemorySize, MemoryAvailable; // MB
    public uint Freq;
    public ulong Hugepagesize, HugepagesTotal, HugepagesFree;
    public uint Utiliza;
    public Bytes60 Reserve;
}

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiProcMemInfo
{
    public int ProcId;
    public ulong ProcMemUsage; // bytes
}

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiIpAddr
{
    public Bytes16 UAddr;
    public int IpType; // 0 IPv4, 1 IPv6
}

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiHccsStatistic
{
    public Longs16 TxCnt, RxCnt, CrcErrCnt, RetryCnt;
    public Longs64 Reserved;
}

/// <summary>The same of older drivers.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DcmiHccsStatisticOld
{
    public Words16 TxCnt, RxCnt, CrcErrCnt, RetryCnt;
    public Words64 ReservedFieldCnt;
}

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiSpodInfo
{
    public uint Sdid, ScaleType, SuperPodId, ServerId, ChassisId, SuperPodType;
    public Words6 Reserve;
}

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiEventFilter
{
    public ulong FilterFlag; // 0: everything
    public uint EventId;
    public byte Severity, NodeType;
    public Bytes32 Resv;
}

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiFaultEvent
{
    public uint EventId;
    public ushort Deviceid; // the logic id
    public byte NodeType, NodeId, SubNodeType, SubNodeId;
    public byte Severity; // 0 warning, 1 minor, 2 major, 3 critical
    public byte Assertion; // 0 recovered, 1 raised, 2 one-off
    public int EventSerialNum, NotifySerialNum;
    public ulong AlarmRaisedTime;
    public Bytes256 EventName;
    public Bytes32 AdditionalInfo, Resv;
}

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiEvent
{
    public int Type; // 0: a fault event, and nothing else so far
    public DcmiFaultEvent EventT;
}

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiBaseResource
{
    public ulong Token, TokenMax, TaskTimeout;
    public uint VfgId;
    public byte VipMode;
    public Bytes31 Reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiComputingResource
{
    public float Aic, Aiv;
    public ushort Dsa, Rtsq, Acsq, Cdqm, CCore, Ffts, Sdma, PcieDma;
    public ulong MemorySize; // MB
    public uint EventId, NotifyId, StreamId, ModelId;
    public ushort TopicScheduleAicpu, HostCtrlCpu, HostAicpu, DeviceAicpu, TopicCtrlCpuSlot;
    public uint VdevAicoreUtilization;
    public ulong VdevMemoryTotal, VdevMemoryFree; // KB
    public Bytes12 Reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiMediaResource
{
    public float Jpegd, Jpege, Vpc, Vdec, Pngd, Venc;
    public Bytes32 Reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiSocTotalResource
{
    public uint VdevNum;
    public Words32 VdevId;
    public uint VfgNum, VfgBitmap;
    public DcmiBaseResource Base;
    public DcmiComputingResource Computing;
    public DcmiMediaResource Media;
}

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiVdevQueryInfo
{
    public Bytes16 Name;
    public uint Status, IsContainerUsed, Vfid, VfgId;
    public ulong ContainerId;
    public DcmiBaseResource Base;
    public DcmiComputingResource Computing;
    public DcmiMediaResource Media;
}

[StructLayout(LayoutKind.Sequential)]
internal struct DcmiVdevQuery
{
    public uint VdevId;
    public DcmiVdevQueryInfo QueryInfo;
}
