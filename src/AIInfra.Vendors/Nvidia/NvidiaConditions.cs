using System.Globalization;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Nvidia;

/// <summary>The conditions that one round of readings of one board shows.</summary>
/// <remarks>Corrected errors are in none of them: by themselves they never touch health.</remarks>
internal static class NvidiaConditions
{
    /// <summary>A flicker of one round is no fault of the fabric.</summary>
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    /// <summary>Of 64 pages that a board before Ampere can retire.</summary>
    private const int MostRetiredPages = 60;

    public static (NvidiaCondition Condition, Func<Reading[], NvidiaVerdict> Look)[] All { get; } =
    [
        (new()
        {
            Id = "nvidia.row-remap-failed",
            Severity = Severity.Fatal,
            Cause = Cause.Hardware,
            Action = SuggestedAction.Replace,
            Message = "The GPU could not replace a faulty row of its memory: no spare rows are left, and the board wants replacing.",
        }, IsSet("row_remap_failed", "NVML: row remapping failed")),
        (new()
        {
            Id = "nvidia.row-remap-pending",
            Severity = Severity.Info,
            Cause = Cause.Hardware,
            Action = SuggestedAction.ResetDevice,
            Message = "A faulty row of the GPU's memory is replaced at its next reset: reset it when no process uses it.",
            WorseAfter = TimeSpan.FromHours(24),
            WorseSeverity = Severity.Degraded,
        }, IsSet("row_remap_pending", "NVML: a row remapping is pending")),
        (new()
        {
            Id = "nvidia.row-remap-spares",
            Severity = Severity.Degraded,
            Cause = Cause.Hardware,
            Action = SuggestedAction.Observe,
            Message = "Banks of the GPU's memory have few or no spare rows left: the next faulty row there cannot be replaced.",
        }, FewSpares),
        (new()
        {
            Id = "nvidia.sram-threshold",
            Severity = Severity.Fatal,
            Cause = Cause.Hardware,
            Action = SuggestedAction.Replace,
            Message = "The GPU's on-chip memory has had more uncorrectable errors than NVIDIA allows: run the field diagnostic, the board wants replacing.",
        }, IsSet("sram_threshold_exceeded", "NVML: the SRAM error threshold is exceeded")),
        (new()
        {
            Id = "nvidia.ecc-uncorrected",
            Severity = Severity.Degraded,
            Cause = Cause.Hardware,
            Action = SuggestedAction.Observe,
            Message = "The GPU's memory has had errors since its driver was loaded that could not be corrected; its Xid says whether they were contained.",
        }, IsAbove("ecc_volatile_uncorrected_total", 0, "uncorrected ECC errors since the driver was loaded")),
        (new()
        {
            Id = "nvidia.retired-pages-pending",
            Severity = Severity.Info,
            Cause = Cause.Hardware,
            Action = SuggestedAction.ResetDevice,
            Message = "Pages of the GPU's memory are retired at its next reset: reset it when no process uses it.",
        }, IsAbove("retired_pages_pending", 0, "pages wait to be retired")),
        (new()
        {
            Id = "nvidia.retired-pages",
            Severity = Severity.Degraded,
            Cause = Cause.Hardware,
            Action = SuggestedAction.Replace,
            Message = "The GPU has retired nearly as many pages of its memory as it can (64): the board wants replacing.",
        }, ManyRetired),
        (new()
        {
            Id = "nvidia.inforom-corrupted",
            Severity = Severity.Degraded,
            Cause = Cause.Hardware,
            Action = SuggestedAction.Replace,
            Message = "The GPU's configuration memory (InfoROM) is damaged: counts and settings kept there are not to be trusted; it must be written anew by the vendor's tool, or the board replaced.",
        }, IsSet("inforom_corrupted", "nvmlDeviceValidateInforom: corrupted")),
        (new()
        {
            Id = "nvidia.persistence-off",
            Severity = Severity.Info,
            Cause = Cause.Host,
            Action = SuggestedAction.RestartService,
            Message = "Persistence mode is off: the driver drops the GPU's state when no process uses it and the next one waits; run nvidia-persistenced.",
            RaiseAfter = Minute,
        }, IsClear("persistence_mode", "NVML: persistence mode 0")),
        (new()
        {
            Id = "nvidia.fabric-not-ready",
            Severity = Severity.Fatal,
            Cause = Cause.Fabric,
            Action = SuggestedAction.RestartService,
            Message = "The GPU has not joined its NVLink fabric: programs on it fail to start (CUDA error 802); look at nvidia-fabricmanager, or at the NVSwitch trays.",
            RaiseAfter = Minute,
            ClearAfter = Minute,
            SettlesAfterBoot = TimeSpan.FromMinutes(10),
        }, FabricNotReady),
        (new()
        {
            Id = "nvidia.fabric-unhealthy",
            Severity = Severity.Degraded,
            Cause = Cause.Fabric,
            Action = SuggestedAction.Observe,
            Message = "The GPU's NVLink fabric is not well: jobs over several GPUs may be slow or fail.",
            RaiseAfter = Minute,
            ClearAfter = Minute,
        }, FabricUnhealthy),
    ];

    private static Func<Reading[], NvidiaVerdict> IsSet(string field, string evidence) => Of(field, value => NvidiaVerdict.BadIf(value != 0, evidence));

    private static Func<Reading[], NvidiaVerdict> IsClear(string field, string evidence) => Of(field, value => NvidiaVerdict.BadIf(value == 0, evidence));

    private static Func<Reading[], NvidiaVerdict> IsAbove(string field, double most, string what) =>
        Of(field, value => NvidiaVerdict.BadIf(value > most, string.Create(CultureInfo.InvariantCulture, $"NVML: {value} {what}")));

    private static Func<Reading[], NvidiaVerdict> Of(string field, Func<double, NvidiaVerdict> look)
    {
        var place = NvidiaFields.Table[field];
        return now => now[place].IsPresent ? look(now[place].Value) : NvidiaVerdict.Silent;
    }

    private static Reading At(Reading[] now, string field) => now[NvidiaFields.Table[field]];

    private static NvidiaVerdict FewSpares(Reading[] now)
    {
        var (low, none) = (At(now, "row_remap_banks_low"), At(now, "row_remap_banks_none"));
        return low.IsPresent && none.IsPresent
            ? NvidiaVerdict.BadIf(low.Value + none.Value > 0, string.Create(CultureInfo.InvariantCulture, $"NVML: {low.Value} banks with few spare rows, {none.Value} with none"))
            : NvidiaVerdict.Silent;
    }

    private static NvidiaVerdict ManyRetired(Reading[] now)
    {
        var (single, twice) = (At(now, "retired_pages_single_bit_total"), At(now, "retired_pages_double_bit_total"));
        return single.IsPresent && twice.IsPresent
            ? NvidiaVerdict.BadIf(single.Value + twice.Value >= MostRetiredPages, string.Create(CultureInfo.InvariantCulture, $"NVML: {single.Value + twice.Value} retired pages"))
            : NvidiaVerdict.Silent;
    }

    /// <summary>A state that no header has tells nothing.</summary>
    private static NvidiaVerdict FabricNotReady(Reading[] now)
    {
        const int notStarted = 1, inProgress = 2, completed = 3;
        var (state, status) = (At(now, "fabric_state"), At(now, "fabric_status"));
        return state.IsPresent ? (int)state.Value switch
        {
            notStarted => NvidiaVerdict.Bad("NVML: fabric registration not started"),
            inProgress => NvidiaVerdict.Bad("NVML: fabric registration in progress"),
            completed => NvidiaVerdict.BadIf(status is { IsPresent: true, Value: not 0 },
                string.Create(CultureInfo.InvariantCulture, $"NVML: fabric registration completed with status {status.Value}")),
            _ => NvidiaVerdict.Silent,
        } : NvidiaVerdict.Silent;
    }

    private static NvidiaVerdict FabricUnhealthy(Reading[] now)
    {
        const int unhealthy = 2, limited = 3;
        var (mask, summary) = (At(now, "fabric_health_mask"), At(now, "fabric_health_summary"));
        if (!mask.IsPresent && !summary.IsPresent)
            return NvidiaVerdict.Silent;
        List<string> faults = mask.IsPresent ? [.. NvidiaFabricHealth.Faults((uint)mask.Value)] : [];
        if (summary is { IsPresent: true, Value: unhealthy or limited })
            faults.Add(summary.Value == unhealthy ? "summary: unhealthy" : "summary: limited capacity");
        return NvidiaVerdict.BadIf(faults.Count > 0, $"NVML: fabric health: {string.Join(", ", faults)}");
    }
}
