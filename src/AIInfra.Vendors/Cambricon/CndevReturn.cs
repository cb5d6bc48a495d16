using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Cambricon;

/// <summary>What a CNDEV call returned. A newer driver may return numbers that are not listed.</summary>
/// <remarks>Source: cndev.h of driver 6.x, <c>cndevRet_t</c>.</remarks>
internal enum CndevReturn
{
    Success = 0,
    NoDriver = 1,
    LowDriverVersion = 2,
    UnsupportedApiVersion = 3,
    Uninitialised = 4,
    InvalidArgument = 5,
    InvalidDeviceId = 6,
    Unknown = 7,
    Malloc = 8,
    InsufficientSpace = 9,
    NotSupported = 10,
    InvalidLink = 11,
    NoDevices = 12,
    NoPermission = 13,
    NotFound = 14,
    InUse = 15,
    Duplicate = 16,
    Timeout = 17,
    InProblem = 18,
    /// <summary>Ours: the library has no such function.</summary>
    FunctionMissing = -1,
    /// <summary>Ours: the library's file is missing.</summary>
    LibraryMissing = -2,
}

/// <summary>What a CNDEV code means for the caller.</summary>
internal static class CndevStatus
{
    /// <summary>The board as a whole is out of reach, whatever was asked.</summary>
    public static bool IsLost(CndevReturn status) => status is CndevReturn.InvalidDeviceId or CndevReturn.InProblem;

    /// <summary>The driver or the board does not have it, or tells it in a struct of another version: not a failure.</summary>
    public static bool IsAbsent(CndevReturn status) =>
        status is CndevReturn.NotSupported or CndevReturn.UnsupportedApiVersion or CndevReturn.InvalidLink or CndevReturn.FunctionMissing;

    /// <summary>The state of a reading for which this was the answer.</summary>
    /// <exception cref="VendorException">The board is lost, or the library is no longer connected: no other reading of it can be had.</exception>
    public static ReadingState StateOf(CndevReturn status, string call) => status switch
    {
        CndevReturn.Success => ReadingState.Present,
        _ when IsLost(status) || status is CndevReturn.Uninitialised or CndevReturn.NoDriver => throw Failure(call, status),
        _ when IsAbsent(status) => ReadingState.Absent,
        _ => ReadingState.Unknown,
    };

    public static VendorException Failure(string call, CndevReturn status) => new(call, (int)status, FaultOf(status), Explain(status));

    /// <summary>Why a board was not reset: what the driver turned down it did not begin.</summary>
    public static VendorException ResetFailure(CndevReturn status) => new("cndevResetDevice", (int)status, status switch
    {
        CndevReturn.InUse or CndevReturn.NotSupported or CndevReturn.NoPermission or CndevReturn.FunctionMissing or CndevReturn.Uninitialised => VendorFault.Refused,
        _ => FaultOf(status),
    }, status switch
    {
        CndevReturn.InUse => "somebody uses the board",
        CndevReturn.NotSupported => "the driver resets no such board",
        CndevReturn.Timeout => "the board did not come back within the 120 s that the driver gives it",
        CndevReturn.InProblem => "the board did not come back; a boot of the node is next",
        _ => Explain(status),
    });

    public static void ThrowUnlessOk(CndevReturn status, string call)
    {
        if (status != CndevReturn.Success)
            throw Failure(call, status);
    }

    private static VendorFault FaultOf(CndevReturn status) => status switch
    {
        _ when IsLost(status) => VendorFault.DeviceLost,
        CndevReturn.NoDriver or CndevReturn.NoDevices or CndevReturn.LibraryMissing => VendorFault.Absent,
        CndevReturn.NoPermission or CndevReturn.LowDriverVersion or CndevReturn.UnsupportedApiVersion or CndevReturn.FunctionMissing => VendorFault.Refused,
        _ => VendorFault.Transient,
    };

    private static string Explain(CndevReturn status) => status switch
    {
        CndevReturn.NoDriver => "the kernel module cambricon_drv is not loaded",
        CndevReturn.LowDriverVersion => "the kernel driver is older than the library; install the driver that came with it, or the library of the driver",
        CndevReturn.UnsupportedApiVersion => $"the library does not know version {Cndev.Version} of its interface; install a driver of 5.10 or later",
        CndevReturn.Uninitialised => "the library lost its driver; it is opened again",
        CndevReturn.InvalidDeviceId => "the board is no longer on this node",
        CndevReturn.NoDevices => "there is no MLU on this node",
        CndevReturn.NoPermission => "no access to /dev/cambricon_ctl; run as root or give the container the device nodes",
        CndevReturn.Timeout => "no answer in time",
        CndevReturn.InProblem => "the board is in a state in which it does not answer; it needs a reset or a reboot of the node",
        CndevReturn.Unknown => "the driver reports an internal error",
        _ => "the driver refused; it is asked again",
    };
}
