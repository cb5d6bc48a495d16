using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AIInfra.Vendors.Intel.LevelZero;

// The C structs of Level Zero Sysman that the agent passes, field by field. All are blittable with natural alignment; a test holds sizes
// and offsets against the table native/abi/levelzero.tsv. A struct that begins with Stype wants its own number there (Zes.Stype…) and a
// null Next. ze_bool_t is one byte. Units and meaning are given where a value leaves ZesLibrary.

/// <summary>The numbers by which a call knows which struct it was given.</summary>
internal static class Stype
{
    public const uint DeviceProperties = 1, PciProperties = 2, EngineProperties = 5, FabricPortProperties = 6, FrequencyProperties = 9, MemoryProperties = 11, RasProperties = 15,
        TemperatureProperties = 20, DeviceState = 21, ProcessState = 22, PciState = 23, FabricPortState = 25, FrequencyState = 27, MemoryState = 30, RasState = 34, EccState = 38,
        CoreDeviceProperties = 3;
}

[InlineArray(64)]
internal struct ZesText64 { private byte _first; }

[InlineArray(256)]
internal struct ZesText256 { private byte _first; }

[InlineArray(16)]
internal struct ZesBytes16 { private byte _first; }

[InlineArray(7)]
internal struct ZesCounts7 { private ulong _first; }

[StructLayout(LayoutKind.Sequential)]
internal struct ZeDeviceProperties
{
    public uint Stype;
    public nint PNext;
    public uint Type, VendorId, DeviceId, Flags, SubdeviceId, CoreClockRate;
    public ulong MaxMemAllocSize;
    public uint MaxHardwareContexts, MaxCommandQueuePriority, NumThreadsPerEU, PhysicalEUSimdWidth, NumEUsPerSubslice, NumSubslicesPerSlice, NumSlices;
    public ulong TimerResolution;
    public uint TimestampValidBits, KernelTimestampValidBits;
    public ZesBytes16 Uuid;
    public ZesText256 Name;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesDeviceProperties
{
    public uint Stype;
    public nint PNext;
    public ZeDeviceProperties Core;
    public uint NumSubdevices;
    public ZesText64 SerialNumber, BoardNumber, BrandName, ModelName, VendorName, DriverVersion;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesDeviceState
{
    public uint Stype;
    public nint PNext;
    public uint Reset, Repaired;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesPciAddress
{
    public uint Domain, Bus, Device, Function;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesPciSpeed
{
    public int Gen, Width;
    public long MaxBandwidth;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesPciProperties
{
    public uint Stype;
    public nint PNext;
    public ZesPciAddress Address;
    public ZesPciSpeed MaxSpeed;
    public byte HaveBandwidthCounters, HavePacketCounters, HaveReplayCounters;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesPciState
{
    public uint Stype;
    public nint PNext;
    public uint Status, QualityIssues, StabilityIssues;
    public ZesPciSpeed Speed;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesPciStats
{
    public ulong Timestamp, ReplayCounter, PacketCounter, RxCounter, TxCounter;
    public ZesPciSpeed Speed;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesProcessState
{
    public uint Stype;
    public nint PNext;
    public uint ProcessId;
    public ulong MemSize, SharedSize;
    public uint Engines;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesEngineProperties
{
    public uint Stype;
    public nint PNext;
    public uint Type;
    public byte OnSubdevice;
    public uint SubdeviceId;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesEngineStats
{
    public ulong ActiveTime, Timestamp;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesMemProperties
{
    public uint Stype;
    public nint PNext;
    public uint Type;
    public byte OnSubdevice;
    public uint SubdeviceId, Location;
    public ulong PhysicalSize;
    public int BusWidth, NumChannels;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesMemState
{
    public uint Stype;
    public nint PNext;
    public uint Health;
    public ulong Free, Size;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesMemBandwidth
{
    public ulong ReadCounter, WriteCounter, MaxBandwidth, Timestamp;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesTempProperties
{
    public uint Stype;
    public nint PNext;
    public uint Type;
    public byte OnSubdevice;
    public uint SubdeviceId;
    public double MaxTemperature;
    public byte IsCriticalTempSupported, IsThreshold1Supported, IsThreshold2Supported;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesFreqProperties
{
    public uint Stype;
    public nint PNext;
    public uint Type;
    public byte OnSubdevice;
    public uint SubdeviceId;
    public byte CanControl, IsThrottleEventSupported;
    public double Min, Max;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesFreqState
{
    public uint Stype;
    public nint PNext;
    public double CurrentVoltage, Request, Tdp, Efficient, Actual;
    public uint ThrottleReasons;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesRasProperties
{
    public uint Stype;
    public nint PNext;
    public uint Type;
    public byte OnSubdevice;
    public uint SubdeviceId;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesRasState
{
    public uint Stype;
    public nint PNext;
    public ZesCounts7 Category;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesRasStateExp
{
    public uint Category;
    public ulong ErrorCounter;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesFabricPortId
{
    public uint FabricId, AttachId;
    public byte PortNumber;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesFabricPortSpeed
{
    public long BitRate;
    public int Width;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesFabricPortProperties
{
    public uint Stype;
    public nint PNext;
    public ZesText256 Model;
    public byte OnSubdevice;
    public uint SubdeviceId;
    public ZesFabricPortId PortId;
    public ZesFabricPortSpeed MaxRxSpeed, MaxTxSpeed;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesFabricPortState
{
    public uint Stype;
    public nint PNext;
    public uint Status, QualityIssues, FailureReasons;
    public ZesFabricPortId RemotePortId;
    public ZesFabricPortSpeed RxSpeed, TxSpeed;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesFabricPortThroughput
{
    public ulong Timestamp, RxCounter, TxCounter;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ZesEccProperties
{
    public uint Stype;
    public nint PNext;
    public uint CurrentState, PendingState, PendingAction;
}
