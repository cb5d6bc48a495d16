using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AIInfra.Vendors.Nvidia;

// The C structs of nvml.h 13.3 that the agent passes, field by field. All are blittable; a test holds sizes and offsets
// against the table native/abi/nvml.tsv. Units and meaning are given where a value leaves NvmlLibrary.

[InlineArray(16)]
internal struct NvmlText16 { private byte _first; }

[InlineArray(32)]
internal struct NvmlText32 { private byte _first; }

[InlineArray(96)]
internal struct NvmlText96 { private byte _first; }

[InlineArray(128)]
internal struct NvmlText128 { private byte _first; }

/// <summary><c>nvmlMemory_t</c>: bytes; used includes what the driver reserves.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlMemory
{
    public ulong Total, Free, Used;
}

/// <summary><c>nvmlMemory_v2_t</c>: bytes; used is without the reserved part.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlMemory_v2
{
    public const uint VersionWord = 0x0200_0028;

    public uint Version;
    public ulong Total, Reserved, Free, Used;
}

/// <summary><c>nvmlUtilization_t</c>: percent.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlUtilization
{
    public uint Gpu, Memory;
}

/// <summary><c>nvmlPciInfo_t</c>. <see cref="BusId"/> is <c>DDDDDDDD:BB:DD.F</c>, upper case.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlPciInfo
{
    public NvmlText16 BusIdLegacy;
    public uint Domain, Bus, Device, PciDeviceId, PciSubSystemId;
    public NvmlText32 BusId;
}

/// <summary><c>nvmlTemperature_v1_t</c>: degrees Celsius; sensor 0 is the die.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlTemperature_v1
{
    public const uint VersionWord = 0x0100_000c;

    public uint Version;
    public int SensorType;
    public int Temperature;
}

/// <summary><c>nvmlValue_t</c>, a union: <see cref="NvmlFieldValue.ValueType"/> says which member holds.</summary>
[StructLayout(LayoutKind.Explicit)]
internal struct NvmlValue
{
    [FieldOffset(0)] public double DVal;
    [FieldOffset(0)] public int SiVal;
    [FieldOffset(0)] public uint UiVal;
    [FieldOffset(0)] public ulong UlVal;
    [FieldOffset(0)] public ulong UllVal;
    [FieldOffset(0)] public long SllVal;
    [FieldOffset(0)] public ushort UsVal;
}

/// <summary><c>nvmlFieldValue_t</c>: one row of a field query. Each row has a status of its own.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlFieldValue
{
    public uint FieldId, ScopeId;
    public long Timestamp, LatencyUsec;
    public NvmlValueType ValueType;
    public NvmlReturn NvmlReturn;
    public NvmlValue Value;
}

internal enum NvmlValueType { Double, UnsignedInt, UnsignedLong, UnsignedLongLong, SignedLongLong, SignedInt, UnsignedShort }

/// <summary><c>nvmlEventData_t</c>. Instance ids are all-ones when the event is about the whole GPU.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlEventData
{
    public nint Device;
    public ulong EventType, EventData;
    public uint GpuInstanceId, ComputeInstanceId;
}

/// <summary><c>nvmlVgpuLicenseExpiry_t</c> and <c>nvmlGridLicenseExpiry_t</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlVgpuLicenseExpiry
{
    public uint Year;
    public ushort Month, Day, Hour, Min, Sec;
    public byte Status;
}

/// <summary><c>nvmlGridLicensableFeature_t</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlGridLicensableFeature
{
    public int FeatureCode;
    public uint FeatureState;
    public NvmlText128 LicenseInfo, ProductName;
    public uint FeatureEnabled;
    public NvmlVgpuLicenseExpiry LicenseExpiry;
}

/// <summary><c>nvmlGridLicensableFeatures_t</c> as of <c>nvmlDeviceGetGridLicensableFeatures_v4</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlGridLicensableFeatures
{
    public int IsGridLicenseSupported;
    public uint LicensableFeaturesCount;
    public Features GridLicensableFeatures;

    [InlineArray(3)]
    internal struct Features { private NvmlGridLicensableFeature _first; }
}

/// <summary><c>nvmlBAR1Memory_t</c>: bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlBar1Memory
{
    public ulong Bar1Total, Bar1Free, Bar1Used;
}

/// <summary><c>nvmlProcessInfo_t</c> of <c>_v2</c> and <c>_v3</c>. Memory is all-ones when the driver cannot tell.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlProcessInfo
{
    public uint Pid;
    public ulong UsedGpuMemory;
    public uint GpuInstanceId, ComputeInstanceId;
}

/// <summary><c>nvmlMarginTemperature_v1_t</c>: degrees left to the slowdown point.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlMarginTemperature_v1
{
    public const uint VersionWord = 0x0100_0008;

    public uint Version;
    public int MarginTemperature;
}

/// <summary><c>nvmlRowRemapperHistogramValues_t</c>: banks by the spare rows they have left.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlRowRemapperHistogram
{
    public uint Max, High, Partial, Low, None;
}

/// <summary><c>nvmlEccSramErrorStatus_v1_t</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlEccSramErrorStatus_v1
{
    public const uint VersionWord = 0x0100_0068;

    public uint Version;
    public ulong AggregateUncParity, AggregateUncSecDed, AggregateCor, VolatileUncParity, VolatileUncSecDed, VolatileCor;
    public ulong AggregateUncBucketL2, AggregateUncBucketSm, AggregateUncBucketPcie, AggregateUncBucketMcu, AggregateUncBucketOther;
    public uint BThresholdExceeded;
}

/// <summary><c>nvmlC2cModeInfo_v1_t</c>. Without a version word.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlC2cModeInfo_v1
{
    public uint IsC2cEnabled;
}

/// <summary><c>nvmlConfComputeSystemState_t</c>. Without a version word.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlConfComputeSystemState
{
    public uint Environment, CcFeature, DevToolsMode;
}

/// <summary><c>nvmlGpuFabricInfo_t</c>, the first form, without health.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlGpuFabricInfo
{
    public NvmlText16 ClusterUuid;
    public NvmlReturn Status;
    public uint CliqueId;
    public byte State;
}

/// <summary><c>nvmlGpuFabricInfo_v3_t</c>; version 2 is the same without its last member.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlGpuFabricInfo_v3
{
    public const uint VersionWord = 0x0300_0028, VersionWord_v2 = 0x0200_0024;

    public uint Version;
    public NvmlText16 ClusterUuid;
    public NvmlReturn Status;
    public uint CliqueId;
    public byte State;
    public uint HealthMask;
    public byte HealthSummary;
}
