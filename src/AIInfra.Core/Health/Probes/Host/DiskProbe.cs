using AIInfra.Linux.Files;

namespace AIInfra.Core.Health.Probes.Host;

/// <summary>What disks say of themselves (SMART, NVMe health log), asked through smartctl and nvme where they are installed.</summary>
internal sealed class DiskProbe(ProbeParts parts) : Probe
{
    private const int MostDisks = 128, ManySectors = 100;
    private static readonly TimeSpan ToolTime = TimeSpan.FromSeconds(20);

    private static readonly (int Bit, string Says, Severity Severity, SuggestedAction Action)[] Warnings =
    [
        (0x01, "its spare blocks are used up", Severity.Degraded, SuggestedAction.Replace),
        (0x02, "it is too hot or too cold", Severity.Degraded, SuggestedAction.Observe),
        (0x04, "it is no longer reliable", Severity.Fatal, SuggestedAction.Replace),
        (0x08, "it has gone read-only", Severity.Fatal, SuggestedAction.Replace),
        (0x10, "its backup of volatile memory failed", Severity.Degraded, SuggestedAction.Replace),
        (0x20, "its persistent memory region is unreliable", Severity.Degraded, SuggestedAction.Replace),
    ];

    private readonly Dictionary<string, long> _mediaErrors = new(StringComparer.Ordinal);

    public static ProbeDefinition Definition { get; } = new(
        "disks", "The health that disks report of themselves, where smartctl or nvme is installed.", TimeSpan.FromMinutes(30), parts => new DiskProbe(parts))
    {
        Problems = ["disk.bad-sectors", "disk.nvme.health"],
        Deadline = TimeSpan.FromMinutes(5),
        GoodToClear = 1,
    };

    public override async Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        var (smartctl, nvme) = (parts.FindTool("smartctl"), parts.FindTool("nvme"));
        if (smartctl is null && nvme is null)
            return ProbeRound.Nothing("neither smartctl nor nvme is installed");
        var results = new List<ProbeResult>();
        foreach (var disk in Disks().Take(MostDisks))
        {
            var isNvme = disk.StartsWith("nvme", StringComparison.Ordinal);
            var path = Path.Combine(parts.Host.Dev, disk);
            if (isNvme && nvme is not null)
                results.AddRange(await AskAsync(nvme, ["smart-log", path, "--output-format=json"], disk, DiskHealth.OfNvme, cancellationToken));
            else if (smartctl is not null)
                results.AddRange(await AskAsync(smartctl, ["--json", "--health", "--attributes", "--nocheck=standby", path], disk, DiskHealth.OfSmartctl, cancellationToken));
        }
        return ProbeRound.Of(results);
    }

    private async Task<IEnumerable<ProbeResult>> AskAsync(
        string program, string[] arguments, string disk, Func<string, DiskHealth?> read, CancellationToken cancellationToken)
    {
        var id = disk.StartsWith("nvme", StringComparison.Ordinal) ? "disk.nvme.health" : "disk.bad-sectors";
        var (reply, _) = await parts.Children.RunToolAsync(program, arguments, disk, ToolTime, cancellationToken);
        return reply.Answer != ChildAnswer.Answered ? [ProbeResult.Unknown(id, Subject.Device(disk), $"{Path.GetFileName(program)}: {reply.Text}")]
            : read(reply.Text) is not { } health ? [ProbeResult.Unknown(id, Subject.Device(disk), $"{Path.GetFileName(program)} says nothing of its health")]
            : [Judge(id, disk, health), .. NewErrors(disk, health)];
    }

    private static ProbeResult Judge(string id, string disk, DiskHealth health)
    {
        var evidence = string.Join(", ", new[]
        {
            health.HasPassed is { } passed ? $"self-assessment {(passed ? "passed" : "FAILED")}" : null,
            health.BadSectors is { } bad ? $"{bad} sectors unreadable" : null,
            health.Warnings is { } bits ? $"critical warning 0x{bits:x2}" : null,
            health.SparePercent is { } left ? $"{left} % spare" : null,
            health.UsedPercent is { } used ? $"{used} % of its life used" : null,
            health.MediaErrors is { } errors ? $"{errors} media errors in its life" : null,
        }.Where(text => text is not null));
        var worst = Warnings.Where(warning => (health.Warnings & warning.Bit) > 0).OrderByDescending(warning => warning.Severity).ThenByDescending(warning => warning.Action).FirstOrDefault();
        var (severity, action, says) =
            worst.Bit != 0 ? (worst.Severity, worst.Action, worst.Says)
            : health.HasPassed == false ? (Severity.Fatal, SuggestedAction.Replace, "it expects to fail soon")
            : health.BadSectors >= ManySectors ? (Severity.Degraded, SuggestedAction.Observe, "it has a hundred or more sectors that it cannot read")
            : health.SparePercent < health.SpareThreshold ? (Severity.Degraded, SuggestedAction.Replace, "its spare blocks are nearly used up")
            : health.UsedPercent >= 100 ? (Severity.Info, SuggestedAction.Observe, "it has been written as often as it was made for")
            : (Severity.Info, SuggestedAction.None, "");
        return says.Length == 0 ? ProbeResult.Healthy(id, Subject.Device(disk), evidence) with { IsOwnOnly = true }
            : ProbeResult.Problem(id, Subject.Device(disk), severity, Cause.Hardware, action, $"The disk {disk} says of itself: {says}.", evidence);
    }

    /// <summary>Errors since the last look; those of its life before are not news.</summary>
    private IEnumerable<ProbeResult> NewErrors(string disk, DiskHealth health)
    {
        if (health.MediaErrors is not { } now)
            yield break;
        var isKnown = _mediaErrors.TryGetValue(disk, out var before);
        _mediaErrors[disk] = now;
        if (isKnown && now > before)
        {
            yield return ProbeResult.Problem("disk.nvme.health", Subject.Device(disk), Severity.Degraded, Cause.Hardware, SuggestedAction.Observe,
                $"The disk {disk} could not read or write what it was asked to.", $"{now - before} new media errors, {now} in its life") with
            { Clearing = Clearing.AfterQuiet(TimeSpan.FromHours(24)) };
        }
    }

    /// <summary>By sysfs: whole SCSI, ATA and NVMe disks; of NVMe the controllers, as the kernel's log names them.</summary>
    private IEnumerable<string> Disks()
    {
        var files = new RootedFiles(parts.Host.Sys);
        return files.Names("/block", "sd*").Concat(files.Names("/class/nvme", "nvme*").Where(name => name.Length > 4 && name.AsSpan(4).ContainsAnyExceptInRange('0', '9') == false));
    }
}
