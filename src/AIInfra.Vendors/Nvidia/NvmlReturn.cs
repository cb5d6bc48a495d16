using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Nvidia;

/// <summary>What an NVML call returned. A newer driver may return numbers that are not listed.</summary>
/// <remarks>Source: nvml.h 13.3, <c>nvmlReturn_t</c>.</remarks>
internal enum NvmlReturn
{
    Success = 0,
    Uninitialized = 1,
    InvalidArgument = 2,
    NotSupported = 3,
    NoPermission = 4,
    NotFound = 6,
    InsufficientSize = 7,
    InsufficientPower = 8,
    DriverNotLoaded = 9,
    Timeout = 10,
    IrqIssue = 11,
    LibraryNotFound = 12,
    FunctionNotFound = 13,
    CorruptedInforom = 14,
    GpuIsLost = 15,
    ResetRequired = 16,
    LibRmVersionMismatch = 18,
    ArgumentVersionMismatch = 25,
    Deprecated = 26,
    GpuNotFound = 28,
    Unknown = 999,
}

/// <summary>What an NVML code means for the caller.</summary>
internal static class NvmlStatus
{
    /// <summary>The board as a whole is out of reach, whatever was asked.</summary>
    public static bool IsLost(NvmlReturn status) =>
        status is NvmlReturn.GpuIsLost or NvmlReturn.ResetRequired or NvmlReturn.IrqIssue or NvmlReturn.InsufficientPower;

    /// <summary>The driver or the board does not have it: not a failure.</summary>
    public static bool IsAbsent(NvmlReturn status) =>
        status is NvmlReturn.NotSupported or NvmlReturn.FunctionNotFound or NvmlReturn.Deprecated;

    /// <summary>The state of a reading for which this was the answer.</summary>
    /// <exception cref="VendorException">The board is lost: no other reading of it can be had.</exception>
    public static ReadingState StateOf(NvmlReturn status, string call) => status switch
    {
        NvmlReturn.Success => ReadingState.Present,
        _ when IsLost(status) => throw Failure(call, status),
        _ when IsAbsent(status) => ReadingState.Absent,
        _ => ReadingState.Unknown,
    };

    public static VendorException Failure(string call, NvmlReturn status) => new(call, (int)status, FaultOf(status), Explain(status));

    public static void ThrowUnlessOk(NvmlReturn status, string call)
    {
        if (status != NvmlReturn.Success)
            throw Failure(call, status);
    }

    private static VendorFault FaultOf(NvmlReturn status) => status switch
    {
        _ when IsLost(status) => VendorFault.DeviceLost,
        NvmlReturn.GpuNotFound => VendorFault.DeviceLost,
        NvmlReturn.DriverNotLoaded or NvmlReturn.LibraryNotFound => VendorFault.Absent,
        NvmlReturn.NoPermission or NvmlReturn.LibRmVersionMismatch => VendorFault.Refused,
        _ => VendorFault.Transient,
    };

    private static string Explain(NvmlReturn status) => status switch
    {
        NvmlReturn.Uninitialized => "the library was shut down or its driver was replaced; it is opened again",
        NvmlReturn.NoPermission => "no access to /dev/nvidiactl; run as root or give the container the device nodes",
        NvmlReturn.InsufficientPower => "the board's auxiliary power is not connected; check the power cables",
        NvmlReturn.DriverNotLoaded => "the kernel module nvidia is not loaded",
        NvmlReturn.IrqIssue => "the kernel found an interrupt problem with the board",
        NvmlReturn.LibraryNotFound => "a library that the driver needs is missing; install the whole driver package",
        NvmlReturn.GpuIsLost => "the board fell off the bus or stopped answering",
        NvmlReturn.ResetRequired => "the board needs a reset before it can be used again",
        NvmlReturn.LibRmVersionMismatch => "user library and kernel module are of different versions; reload the module or boot the node",
        NvmlReturn.GpuNotFound => "the board is no longer on this node",
        NvmlReturn.Timeout => "no answer in time",
        NvmlReturn.Unknown => "the driver reports an internal error",
        _ => "the driver refused; it is asked again",
    };
}
