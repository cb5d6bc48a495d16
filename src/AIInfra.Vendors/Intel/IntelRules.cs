using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorFiles;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Intel;

/// <summary>What readings mean for the health of an Intel GPU: fatal errors take it out until it was reset or its driver loaded anew, heat while it lasts.</summary>
/// <remarks>Counts that stand when the agent starts may be of before a reset: they are worth an alert, no more.</remarks>
internal sealed class IntelRules(IntelOptions options) : IReadingRules
{
    public const string FatalErrorId = "intel.error-fatal", HeatId = "intel.over-temperature", SurvivabilityId = "intel.survivability";

    private const double Cooler = 5; // degrees below the limit, or a GPU at the limit would come and go

    private static readonly int Fatal = IntelFields.Table["errors_fatal_total"], Temperature = IntelFields.Table["temperature_celsius"],
        MemoryTemperature = IntelFields.Table["memory_temperature_celsius"], Survivability = IntelFields.Table["survivability"];

    public void OnSample(Device device, Reading[]? before, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        if (device.ParentId is not null)
            return; // all that can be wrong is its board's
        var subject = Subject.Device(device.Id);
        JudgeErrors(subject, before, now, at, board);
        JudgeHeat(subject, now, at, board);
        if (now[Survivability] is { IsPresent: true, Value: 0 })
            board.ReportHealthy(SurvivabilityId, subject, "sysfs: there is no survivability_mode");
        else if (now[Survivability].IsPresent)
            board.ReportLasting(Report(SurvivabilityId, subject, Severity.Fatal, SuggestedAction.Drain, Clearing.OnHealthyReading,
                "The GPU did not start and waits for its firmware to be written anew; no program can use it.", "sysfs: survivability_mode is there", at));
    }

    private static void JudgeErrors(Subject subject, Reading[]? before, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        if (!now[Fatal].IsPresent)
            return;
        var count = now[Fatal].Value;
        if (before is not null && before[Fatal].IsPresent && count < before[Fatal].Value)
            board.ReportReset(subject, string.Create(CultureInfo.InvariantCulture, $"the count of fatal errors went from {before[Fatal].Value} to {count}"));
        if (count == 0 || (before is not null && (!before[Fatal].IsPresent || count <= before[Fatal].Value)))
            return;
        var isNew = before is not null;
        if (!isNew && board.Current.Value.Problems.Any(problem => problem.Id == FatalErrorId && problem.Subject == subject))
            return; // known from before the agent was started
        board.Report(Report(FatalErrorId, subject, isNew ? Severity.Fatal : Severity.Degraded, isNew ? SuggestedAction.ResetDevice : SuggestedAction.Observe, Clearing.OnReset,
            isNew ? "A part of the GPU had an error from which it cannot recover by itself." : "A part of the GPU had fatal errors before the agent was started.",
            string.Create(CultureInfo.InvariantCulture, $"sysfs: error_counter: {count} fatal"), at));
    }

    private void JudgeHeat(Subject subject, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        var (gpu, memory) = (now[Temperature], now[MemoryTemperature]);
        if (IsAbove(gpu, options.TemperatureLimit) || IsAbove(memory, options.MemoryTemperatureLimit))
        {
            var (what, limit, value) = IsAbove(gpu, options.TemperatureLimit) ? ("The GPU", options.TemperatureLimit, gpu.Value) : ("The GPU's memory", options.MemoryTemperatureLimit, memory.Value);
            board.ReportLasting(Report(HeatId, subject, Severity.Fatal, SuggestedAction.Drain, Clearing.OnHealthyReading,
                string.Create(CultureInfo.InvariantCulture, $"{what} is hotter than {limit} degrees Celsius, its limit."), string.Create(CultureInfo.InvariantCulture, $"hwmon: {value} degrees Celsius"), at));
        }
        else if ((gpu.IsPresent || memory.IsPresent) && IsBelow(gpu, options.TemperatureLimit) && IsBelow(memory, options.MemoryTemperatureLimit))
            board.ReportHealthy(HeatId, subject, "hwmon: it is cooler than its limits");
    }

    private static bool IsAbove(Reading reading, int limit) => reading.IsPresent && reading.Value > limit;

    /// <summary>Of a sensor that does not answer nothing is concluded.</summary>
    private static bool IsBelow(Reading reading, int limit) => reading.State == ReadingState.Absent || (reading.IsPresent && reading.Value <= limit - Cooler);

    private static ProblemReport Report(string id, Subject subject, Severity severity, SuggestedAction action, Clearing clearing, string message, string evidence, DateTimeOffset at) => new()
    {
        Id = id,
        Subject = subject,
        Severity = severity,
        Cause = Cause.Hardware,
        Action = action,
        Clearing = clearing,
        Message = message,
        Evidence = evidence,
        At = at,
        Witness = "sysfs",
    };
}
