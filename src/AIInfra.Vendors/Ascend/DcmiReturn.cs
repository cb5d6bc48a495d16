using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Ascend;

/// <summary>What a DCMI call returned. A newer driver may return numbers that are not listed.</summary>
internal enum DcmiReturn
{
    Success = 0,
    Parameter = -8001,
    Permission = -8002,
    Internal = -8005,
    Timeout = -8006,
    InvalidDevice = -8007,
    NoDevice = -8008,
    Ioctl = -8009,
    Send = -8010,
    Receive = -8011,
    NotReady = -8012,
    NotInContainer = -8013,
    Upgrading = -8017,
    Occupied = -8020,
    NotSupported = -8255,
    /// <summary>The next two are this side's own: no such function, no such library.</summary>
    FunctionMissing = -99998,
    LibraryMissing = -99999,
}

/// <summary>What a DCMI code means for the caller.</summary>
internal static class DcmiStatus
{
    /// <summary>The driver or the chip does not have it: not a failure.</summary>
    public static bool IsAbsent(DcmiReturn status) => status is DcmiReturn.NotSupported or DcmiReturn.FunctionMissing or DcmiReturn.NotInContainer;

    /// <summary>The chip as a whole is out of reach, whatever was asked.</summary>
    public static bool IsLost(DcmiReturn status) => status is DcmiReturn.InvalidDevice or DcmiReturn.NoDevice;

    /// <summary>The state of a reading for which this was the answer.</summary>
    /// <exception cref="VendorException">The chip is lost: no other reading of it can be had.</exception>
    public static ReadingState StateOf(DcmiReturn status, string call) => status switch
    {
        DcmiReturn.Success => ReadingState.Present,
        _ when IsLost(status) => throw Failure(call, status),
        _ when IsAbsent(status) => ReadingState.Absent,
        _ => ReadingState.Unknown,
    };

    public static VendorException Failure(string call, DcmiReturn status) => new(call, (int)status, FaultOf(status), Explain(status));

    public static void ThrowUnlessOk(DcmiReturn status, string call)
    {
        if (status != DcmiReturn.Success)
            throw Failure(call, status);
    }

    private static VendorFault FaultOf(DcmiReturn status) => status switch
    {
        _ when IsLost(status) => VendorFault.DeviceLost,
        DcmiReturn.LibraryMissing => VendorFault.Absent,
        DcmiReturn.Permission or DcmiReturn.NotInContainer or DcmiReturn.FunctionMissing => VendorFault.Refused,
        _ => VendorFault.Transient,
    };

    private static string Explain(DcmiReturn status) => status switch
    {
        DcmiReturn.Permission => "no access to /dev/davinci_manager; run as root or give the container the device nodes",
        DcmiReturn.Timeout => "the chip's firmware did not answer in time",
        DcmiReturn.InvalidDevice or DcmiReturn.NoDevice => "the chip is no longer there, or its firmware is not up",
        DcmiReturn.Ioctl => "the kernel driver refused; the kernel log says why",
        DcmiReturn.Send or DcmiReturn.Receive => "the message channel to the chip is broken",
        DcmiReturn.NotReady => "the chip is not ready yet; it is asked again",
        DcmiReturn.NotInContainer => "the driver does not answer this in a container; run the agent in a privileged one",
        DcmiReturn.Upgrading => "its firmware is being upgraded",
        DcmiReturn.Occupied => "something else uses it; it is asked again",
        DcmiReturn.NotSupported => "the chip has no such thing",
        DcmiReturn.FunctionMissing => "the library has no such function; its driver is too old",
        _ => "the driver refused; it is asked again",
    };
}
