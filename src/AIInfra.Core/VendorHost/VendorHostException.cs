namespace AIInfra.Core.VendorHost;

internal enum HostFault
{
    /// <summary>The program could not be started.</summary>
    CannotStart,
    /// <summary>The program on disk is not the version of this daemon.</summary>
    OtherVersion,
    /// <summary>The child ended, or sent what is not the protocol.</summary>
    Ended,
    /// <summary>A call did not return in time. The child lives on, stuck.</summary>
    Hung,
}

/// <summary>The child failed, as opposed to <see cref="VendorException"/>, which is the library's own answer.</summary>
internal sealed class VendorHostException(HostFault fault, string message, Exception? cause = null) : Exception(message, cause)
{
    internal HostFault Fault { get; } = fault;
    /// <summary>Driver index of the board that the call was about; null when it was about none.</summary>
    internal int? Board { get; init; }
}
