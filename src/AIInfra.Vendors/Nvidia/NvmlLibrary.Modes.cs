using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Nvidia;

/// <summary>Confidential computing, which is switched for the whole node.</summary>
/// <param name="Ready">1 while the GPUs take work.</param>
internal readonly record struct NvmlConfidential(Reading Feature, Reading Environment, Reading DevTools, Reading Ready);

// How a board is used: shared out as virtual GPUs, in confidence, behind a link to the CPU.
internal sealed unsafe partial class NvmlLibrary
{
    private const double MostVgpus = 4096, MostMode = 255;

    /// <summary>Virtual GPUs that run on the board; absent where it is no host of them.</summary>
    public Reading ActiveVgpus(NvmlDevice device)
    {
        if (_modes.ActiveVgpus == null)
            return Reading.Absent;
        var count = 0u; // no room: it answers how many there are
        var status = _modes.ActiveVgpus(device.Handle, &count, null);
        return Checked(status == NvmlReturn.InsufficientSize ? NvmlReturn.Success : status, "nvmlDeviceGetActiveVgpus", count, 1, MostVgpus);
    }

    /// <summary>Absent before Hopper.</summary>
    public NvmlConfidential Confidential()
    {
        const string call = "nvmlSystemGetConfComputeState";
        if (_modes.ConfComputeState == null)
            return default;
        NvmlConfComputeSystemState state;
        var status = _modes.ConfComputeState(&state);
        uint ready = 0;
        var isReady = _modes.ConfComputeReady == null ? NvmlReturn.NotSupported : _modes.ConfComputeReady(&ready);
        return new NvmlConfidential(
            Checked(status, call, state.CcFeature, 1, MostMode), Checked(status, call, state.Environment, 1, MostMode), Checked(status, call, state.DevToolsMode, 1, MostMode),
            Checked(isReady, "nvmlSystemGetConfComputeGpusReadyState", ready, 1, 1));
    }

    /// <summary>1 when the board is linked to its CPU by C2C; absent where it cannot be.</summary>
    public Reading C2cEnabled(NvmlDevice device)
    {
        if (_modes.C2cMode == null)
            return Reading.Absent;
        NvmlC2cModeInfo_v1 mode;
        return Checked(_modes.C2cMode(device.Handle, &mode), "nvmlDeviceGetC2cModeInfoV", mode.IsC2cEnabled, 1, 1);
    }

    private readonly struct ModeCalls(LibraryExports exports)
    {
        public readonly delegate* unmanaged[Cdecl]<nint, uint*, uint*, NvmlReturn> ActiveVgpus =
            (delegate* unmanaged[Cdecl]<nint, uint*, uint*, NvmlReturn>)exports.Find("nvmlDeviceGetActiveVgpus");
        public readonly delegate* unmanaged[Cdecl]<NvmlConfComputeSystemState*, NvmlReturn> ConfComputeState = // since 12.2
            (delegate* unmanaged[Cdecl]<NvmlConfComputeSystemState*, NvmlReturn>)exports.Find("nvmlSystemGetConfComputeState");
        public readonly delegate* unmanaged[Cdecl]<uint*, NvmlReturn> ConfComputeReady = // since 12.2
            (delegate* unmanaged[Cdecl]<uint*, NvmlReturn>)exports.Find("nvmlSystemGetConfComputeGpusReadyState");
        public readonly delegate* unmanaged[Cdecl]<nint, NvmlC2cModeInfo_v1*, NvmlReturn> C2cMode = // since 12.3
            (delegate* unmanaged[Cdecl]<nint, NvmlC2cModeInfo_v1*, NvmlReturn>)exports.Find("nvmlDeviceGetC2cModeInfoV");
    }
}
