using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorFiles;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Intel.LevelZero;

/// <summary>What Level Zero's readings mean for the health of an Intel GPU, beside what its files tell.</summary>
/// <remarks>Counts that stand when the agent starts may be of before a reset: they are worth an alert, no more.</remarks>
internal sealed class LevelZeroRules : IVendorRules
{
    public const string LostId = "intel.device-lost", WedgedId = "intel.reset-required", RepairId = "intel.repair-pending", MemoryId = "intel.memory-health", ErrorId = "intel.error-uncorrected", LinkId = "intel.xe-link", BusId = "intel.pcie-link";

    private const double Degraded = 2, Critical = 3, Replace = 4;

    private static readonly int Wedged = IntelFields.Table["wedged"], Repair = IntelFields.Table["repair_pending"], Memory = IntelFields.Table["memory_health"], Errors = IntelFields.Table["ras_uncorrected_total"],
        LinksFailed = IntelFields.Table["xelink_ports_failed"], LinksDegraded = IntelFields.Table["xelink_ports_degraded"], Bus = IntelFields.Table["pcie_link_health"];

    public void OnSample(Device device, Reading[]? before, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        if (device.ParentId is not null)
            return; // all that can be wrong is its board's
        var subject = Subject.Device(device.Id);
        board.ReportHealthy(LostId, subject, "Level Zero: it answers");
        Judge(board, now[Wedged], subject, WedgedId, value => value == 1 ? Report(Severity.Fatal, SuggestedAction.ResetDevice, "The driver has given the GPU up after a hang: no program can use it before its driver is bound anew or the node boots.", "zesDeviceGetState: reset reason wedged") : null, at);
        Judge(board, now[Repair], subject, RepairId, value => value == 1 ? Report(Severity.Degraded, SuggestedAction.Drain, "The GPU wants a reset, by which it repairs itself.", "zesDeviceGetState: reset reason repair") : null, at);
        Judge(board, now[Memory], subject, MemoryId, OfMemory, at);
        Judge(board, now[Bus], subject, BusId, value => value >= Degraded ? Report(Severity.Degraded, SuggestedAction.Observe, "The GPU's link to the bus is unstable, slower or narrower than it could be.", $"zesDevicePciGetState: status {value}") : null, at);
        JudgeLinks(board, now, subject, at);
        JudgeErrors(board, before, now, subject, at);
    }

    public void OnEvent(Device? device, VendorEvent happened, DateTimeOffset at, HealthBoard board)
    {
        // An event makes the next round come at once, which says what is so.
    }

    public void OnLost(Device device, VendorException fault, DateTimeOffset at, HealthBoard board) => board.ReportLasting(Complete(
        Report(Severity.Fatal, SuggestedAction.ResetDevice, $"The GPU does not answer any more: {fault.Explanation}.", fault.Message), LostId, Subject.Device(device.Id), Clearing.OnHealthyReading, at));

    private static ProblemReport? OfMemory(double health) => health switch
    {
        Replace => Report(Severity.Fatal, SuggestedAction.Replace, "The GPU's memory is beyond repair; the board is to be replaced.", "zesMemoryGetState: health replace"),
        Critical => Report(Severity.Fatal, SuggestedAction.ResetDevice, "The GPU's memory has errors that it cannot work around before a reset.", "zesMemoryGetState: health critical"),
        Degraded => Report(Severity.Degraded, SuggestedAction.Observe, "A part of the GPU's memory is worn and is worked around.", "zesMemoryGetState: health degraded"),
        _ => null,
    };

    private static void JudgeLinks(HealthBoard board, Reading[] now, Subject subject, DateTimeOffset at)
    {
        if (!now[LinksFailed].IsPresent)
            return;
        var (failed, degraded) = (now[LinksFailed].Value, now[LinksDegraded].Value);
        if (failed + degraded == 0)
            board.ReportHealthy(LinkId, subject, "Level Zero: no Xe link has failed");
        else
        {
            var report = Report(Severity.Degraded, SuggestedAction.Observe, "Xe links of the GPU do not work, or not at full speed: work over several GPUs is slower or fails.",
                string.Create(CultureInfo.InvariantCulture, $"zesFabricPortGetState: {failed} failed, {degraded} degraded"));
            board.ReportLasting(Complete(report with { Cause = Cause.Fabric }, LinkId, subject, Clearing.OnHealthyReading, at));
        }
    }

    private static void JudgeErrors(HealthBoard board, Reading[]? before, Reading[] now, Subject subject, DateTimeOffset at)
    {
        if (!now[Errors].IsPresent)
            return;
        var (count, isNew) = (now[Errors].Value, before is not null && before[Errors].IsPresent);
        if (isNew && count < before![Errors].Value)
            board.ReportReset(subject, string.Create(CultureInfo.InvariantCulture, $"the count of uncorrected errors went from {before[Errors].Value} to {count}"));
        if (count == 0 || (isNew && count <= before![Errors].Value))
            return;
        if (!isNew && board.Current.Value.Problems.Any(problem => problem.Id == ErrorId && problem.Subject == subject))
            return; // known from before the agent was started
        board.Report(Complete(Report(isNew ? Severity.Fatal : Severity.Degraded, isNew ? SuggestedAction.ResetDevice : SuggestedAction.Observe,
            isNew ? "A part of the GPU had an error that was not corrected." : "A part of the GPU had errors that were not corrected, before the agent was started.",
            string.Create(CultureInfo.InvariantCulture, $"zesRasGetState: {count} uncorrected")), ErrorId, subject, Clearing.OnReset, at));
    }

    /// <summary>A state that every round finds again, or finds over. Of a reading that is not there nothing is concluded.</summary>
    private static void Judge(HealthBoard board, Reading reading, Subject subject, string id, Func<double, ProblemReport?> judge, DateTimeOffset at)
    {
        if (!reading.IsPresent)
            return;
        if (judge(reading.Value) is { } report)
            board.ReportLasting(Complete(report, id, subject, Clearing.OnHealthyReading, at));
        else
            board.ReportHealthy(id, subject, "Level Zero: it is well");
    }

    private static ProblemReport Report(Severity severity, SuggestedAction action, string message, string evidence) => new()
    {
        Id = "",
        Subject = Subject.Node,
        Severity = severity,
        Cause = Cause.Hardware,
        Action = action,
        Clearing = Clearing.OnHealthyReading,
        Message = message,
        Evidence = evidence,
        At = default,
        Witness = "level-zero",
    };

    private static ProblemReport Complete(ProblemReport report, string id, Subject subject, Clearing clearing, DateTimeOffset at) => report with { Id = id, Subject = subject, Clearing = clearing, At = at };
}
