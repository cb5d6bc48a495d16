using AIInfra.Core.Health;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Nvidia;

/// <summary>NVML's events about memory that say more than the Xid beside them, if there is one.</summary>
internal static class NvidiaMemoryEvents
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1), Day = TimeSpan.FromHours(24);

    /// <summary>Null for an event of another kind.</summary>
    public static ProblemReport? Of(VendorEvent happened, Subject subject, DateTimeOffset at) => happened.Kind switch
    {
        NvidiaEvent.CorrectedStorm => new What("nvidia.ecc-storm", Severity.Info, SuggestedAction.Observe, Clearing.AfterQuiet(Hour), null,
            "Memory errors were corrected at a high rate; nothing is lost.", "NVML event 0x200: single-bit ECC storm"),
        NvidiaEvent.DramRetirement => new What("nvidia.dram-retirement", Severity.Info, SuggestedAction.Observe, Clearing.AfterQuiet(Hour), NvidiaRank.Of(63),
            "A faulty part of the GPU's memory is taken out of use, at the latest with its next reset.", "NVML event 0x400: DRAM retirement"),
        NvidiaEvent.DramRetirementFailed => new What("nvidia.dram-retirement-failed", Severity.Fatal, SuggestedAction.ResetDevice, Clearing.OnReset, NvidiaRank.Of(64),
            "A faulty part of the GPU's memory could not be taken out of use; if it returns after a reset, the board wants replacing.", "NVML event 0x800: DRAM retirement failed"),
        NvidiaEvent.ContainedPoison => new What("nvidia.poison", Severity.Degraded, SuggestedAction.TellPod, Clearing.AfterQuiet(Day), NvidiaRank.Of(94),
            "A program met memory that holds an error which could not be corrected; it ended, and no other is hit.", "NVML event 0x1000: non-fatal poison"),
        NvidiaEvent.FatalPoison => new What("nvidia.poison-fatal", Severity.Fatal, SuggestedAction.ResetDevice, Clearing.OnReset, NvidiaRank.Of(95),
            "Memory with an error that could not be corrected was used by the GPU itself: all work on it is lost.", "NVML event 0x2000: fatal poison"),
        _ => (What?)null,
    } is { } what ? new ProblemReport
    {
        Id = what.Id,
        Subject = subject,
        Severity = what.Severity,
        Cause = Cause.Hardware,
        Action = what.Action,
        Clearing = what.Clearing,
        Message = what.Message,
        Evidence = happened.Partition is { } part ? $"{what.Evidence} on {part}" : what.Evidence,
        At = at,
        Rank = what.Rank,
    } : null;

    private sealed record What(string Id, Severity Severity, SuggestedAction Action, Clearing Clearing, int? Rank, string Message, string Evidence);
}
