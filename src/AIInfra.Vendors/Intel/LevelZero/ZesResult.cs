using System.Globalization;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Intel.LevelZero;

/// <summary>What a call of Level Zero returned. A newer loader may return numbers that are not listed.</summary>
internal enum ZesResult : uint
{
    Success = 0,
    DeviceLost = 0x70000001,
    OutOfHostMemory = 0x70000002,
    OutOfDeviceMemory = 0x70000003,
    RequiresReset = 0x70000006,
    LowPower = 0x70000007,
    NoPermission = 0x70010000,
    NotAvailable = 0x70010001,
    DependencyUnavailable = 0x70020000,
    Uninitialised = 0x78000001,
    UnsupportedVersion = 0x78000002,
    UnsupportedFeature = 0x78000003,
    InvalidArgument = 0x78000004,
    NullHandle = 0x78000005,
    NullPointer = 0x78000007,
    Survivability = 0x78000020,
    Unknown = 0x7ffffffe,
    /// <summary>Ours: the library has no such function.</summary>
    FunctionMissing = 0xffffffff,
    /// <summary>Ours: the library's file is missing.</summary>
    LibraryMissing = 0xfffffffe,
    /// <summary>Ours: it answered success with something that cannot be.</summary>
    Garbage = 0xfffffffd,
}

/// <summary>What a code of Level Zero means for the caller.</summary>
internal static class ZesStatus
{
    /// <summary>The GPU as a whole is out of reach, whatever was asked.</summary>
    public static bool IsLost(ZesResult status) => status is ZesResult.DeviceLost or ZesResult.RequiresReset or ZesResult.Survivability;

    /// <summary>What a reading is after this answer.</summary>
    /// <exception cref="VendorException">The GPU is lost.</exception>
    public static ReadingState StateOf(ZesResult status, string call) => status switch
    {
        ZesResult.Success => ReadingState.Present,
        ZesResult.UnsupportedFeature or ZesResult.UnsupportedVersion or ZesResult.NotAvailable or ZesResult.InvalidArgument or ZesResult.NullHandle or ZesResult.FunctionMissing => ReadingState.Absent,
        _ when IsLost(status) => throw Failure(call, status),
        _ => ReadingState.Unknown,
    };

    public static void ThrowUnlessOk(ZesResult status, string call)
    {
        if (status != ZesResult.Success)
            throw Failure(call, status);
    }

    public static VendorException Failure(string call, ZesResult status) => new(call, unchecked((int)status), FaultOf(status), Explain(status));

    private static VendorFault FaultOf(ZesResult status) => status switch
    {
        _ when IsLost(status) => VendorFault.DeviceLost,
        ZesResult.Uninitialised or ZesResult.DependencyUnavailable or ZesResult.LibraryMissing => VendorFault.Absent, // the loader alone, or without a driver below it
        ZesResult.NoPermission or ZesResult.UnsupportedVersion or ZesResult.UnsupportedFeature or ZesResult.FunctionMissing => VendorFault.Refused,
        _ => VendorFault.Transient,
    };

    private static string Explain(ZesResult status) => status switch
    {
        ZesResult.DeviceLost => "the driver has lost the GPU: it hangs, was reset, or is gone from the bus",
        ZesResult.RequiresReset => "the GPU needs a reset before it answers",
        ZesResult.Survivability => "the GPU did not start and waits for its firmware to be written anew",
        ZesResult.Uninitialised or ZesResult.DependencyUnavailable => "the loader finds no driver of Level Zero below it; install intel-level-zero-gpu (libze_intel_gpu.so.1)",
        ZesResult.NoPermission => "no access to the GPUs' nodes or counters; run as root, or give the container CAP_PERFMON and /dev/dri",
        ZesResult.UnsupportedVersion or ZesResult.UnsupportedFeature => "this driver has no Sysman; install a newer one",
        ZesResult.LowPower => "the GPU sleeps and is not woken for this",
        ZesResult.OutOfHostMemory or ZesResult.OutOfDeviceMemory => "the driver is out of memory",
        ZesResult.Garbage => "its answer cannot be right",
        _ => string.Create(CultureInfo.InvariantCulture, $"the driver refused with 0x{(uint)status:x8}; it is asked again"),
    };
}
