using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AIInfra.Vendors.Nvidia;

// The C structs of nvml.h 13.3 for partitions (MIG) and for the performance monitor (GPM); see NvmlStructs.cs.

/// <summary><c>nvmlDeviceAttributes_t</c> of a MIG device.</summary>
[StructLayout(LayoutKind.Sequential)]
internal record struct NvmlDeviceAttributes
{
    public uint MultiprocessorCount, SharedCopyEngineCount, SharedDecoderCount, SharedEncoderCount, SharedJpegCount, SharedOfaCount;
    public uint GpuInstanceSliceCount, ComputeInstanceSliceCount;
    public ulong MemorySizeMB;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NvmlGpuInstancePlacement
{
    public uint Start, Size;
}

/// <summary><c>nvmlGpuInstanceInfo_t</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlGpuInstanceInfo
{
    public nint Device;
    public uint Id, ProfileId;
    public NvmlGpuInstancePlacement Placement;
}

/// <summary><c>nvmlGpuInstanceProfileInfo_v2_t</c>. <see cref="Name"/> is <c>MIG 1g.10gb</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlGpuInstanceProfileInfo_v2
{
    public const uint VersionWord = 0x0200_0098;

    public uint Version, Id, IsP2pSupported, SliceCount, InstanceCount, MultiprocessorCount;
    public uint CopyEngineCount, DecoderCount, EncoderCount, JpegCount, OfaCount;
    public ulong MemorySizeMB;
    public NvmlText96 Name;
}

/// <summary><c>nvmlGpuInstanceProfileInfo_v3_t</c>: of the same size as version 2, and every member after the id elsewhere.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlGpuInstanceProfileInfo_v3
{
    public const uint VersionWord = 0x0300_0098;

    public uint Version, Id, SliceCount, InstanceCount, MultiprocessorCount;
    public uint CopyEngineCount, DecoderCount, EncoderCount, JpegCount, OfaCount;
    public ulong MemorySizeMB;
    public NvmlText96 Name;
    public uint Capabilities;
}

/// <summary><c>nvmlGpmSupport_t</c>. Its version is a plain 1.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlGpmSupport
{
    public uint Version, IsSupportedDevice;
}

/// <summary><c>nvmlGpmMetric_t</c>. The texts belong to the library.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlGpmMetric
{
    public uint MetricId;
    public NvmlReturn NvmlReturn;
    public double Value;
    public NvmlGpmMetricInfo MetricInfo;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NvmlGpmMetricInfo
{
    public nint ShortName, LongName, Unit;
}

/// <summary><c>nvmlGpmMetricsGet_t</c> of the newest header: older libraries touch only the first <see cref="NumMetrics"/> rows.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlGpmMetricsGet
{
    public const int MostMetrics = 333;

    public uint Version, NumMetrics;
    public nint Sample1, Sample2;
    public Rows Metrics;

    [InlineArray(MostMetrics)]
    internal struct Rows { private NvmlGpmMetric _first; }
}
