using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Amd;

/// <summary>What the error counters mean for health: an error that was not corrected takes the GPU out until it was reset, as the kernel's line about it does.</summary>
/// <remarks>Counts that stand when the agent starts may be of before a reset, which does not clear them: they are worth an alert, no more.</remarks>
internal sealed class AmdRules : IReadingRules
{
    public const string UncorrectedId = "amd.ras.ue", XgmiId = "amd.xgmi-error";

    private static readonly int Total = AmdFields.Table["ecc_uncorrected_total"], First = AmdFields.Table[$"ecc_uncorrected_{AmdFields.Blocks[0]}_total"],
        Energy = AmdFields.Table["energy_joules_total"], Xgmi = AmdFields.Table["xgmi_error"];

    public void OnSample(Device device, Reading[]? before, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        if (device.ParentId is not null)
            return; // all that can be wrong is its board's
        var subject = Subject.Device(device.Id);
        if (before is not null && ProofOfReset(before, now) is { } proof)
            board.ReportReset(subject, proof);
        JudgeErrors(subject, before, now, at, board);
        if (now[Xgmi] is { IsPresent: true, Value: 0 })
            board.ReportHealthy(XgmiId, subject, "sysfs: xgmi_error is 0");
        else if (now[Xgmi].IsPresent && before?[Xgmi] != now[Xgmi])
            board.Report(Report(XgmiId, subject, Severity.Degraded, Cause.Fabric, SuggestedAction.Observe, Clearing.OnHealthyReading, "A link between this GPU and another one (XGMI) had errors; work over several GPUs may be slow or fail.",
                string.Create(CultureInfo.InvariantCulture, $"sysfs: xgmi_error is {now[Xgmi].Value}"), at));
    }

    private static void JudgeErrors(Subject subject, Reading[]? before, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        if (!now[Total].IsPresent)
            return;
        for (var block = 0; block < AmdFields.Blocks.Length; block++)
        {
            var count = now[First + block];
            if (!count.IsPresent || count.Value == 0 || (before is not null && (!before[First + block].IsPresent || count.Value <= before[First + block].Value)))
                continue;
            var isNew = before is not null;
            if (!isNew && board.Current.Value.Problems.Any(problem => problem.Id == UncorrectedId && problem.Subject == subject))
                continue; // known from before the agent was started
            board.Report(Report(UncorrectedId, subject, isNew ? Severity.Fatal : Severity.Degraded, Cause.Hardware, isNew ? SuggestedAction.ResetDevice : SuggestedAction.Observe, Clearing.OnReset,
                isNew ? "A block of the GPU had an error that its ECC could not correct." : "A block of the GPU had errors that its ECC could not correct, before the agent was started.",
                string.Create(CultureInfo.InvariantCulture, $"sysfs: ras/{AmdFields.Blocks[block]}_err_count: ue: {count.Value}"), at));
        }
    }

    /// <summary>Energy is counted from the reset on, errors from when the driver was loaded.</summary>
    private static string? ProofOfReset(Reading[] before, Reading[] now)
    {
        foreach (var (place, name) in new[] { (Energy, "the energy counter"), (Total, "the count of uncorrected errors") })
        {
            if (before[place].IsPresent && now[place].IsPresent && now[place].Value < before[place].Value)
                return string.Create(CultureInfo.InvariantCulture, $"{name} went from {before[place].Value} to {now[place].Value}");
        }
        return null;
    }

    private static ProblemReport Report(string id, Subject subject, Severity severity, Cause cause, SuggestedAction action, Clearing clearing, string message, string evidence, DateTimeOffset at) => new()
    {
        Id = id,
        Subject = subject,
        Severity = severity,
        Cause = cause,
        Action = action,
        Clearing = clearing,
        Message = message,
        Evidence = evidence,
        At = at,
        Witness = "sysfs",
    };
}
