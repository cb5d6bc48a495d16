using System.Globalization;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Health.Probes.Host;

/// <summary>The kernel's counters of memory errors, by module where it knows the module.</summary>
/// <remarks>What they held at the first look is not news: lines of the kernel log tell of that. A smaller value is a fresh start.</remarks>
internal sealed class EdacProbe(ProbeParts parts) : Probe
{
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);

    private readonly FileBytes _files = new();
    private readonly Dictionary<string, long> _last = new(StringComparer.Ordinal);
    private readonly List<(long At, string Module, long Count)> _corrected = [];

    public static ProbeDefinition Definition { get; } = new(
        "edac", "Memory errors that the hardware counts (EDAC): uncorrected ones, and corrected ones when they are many.", TimeSpan.FromMinutes(1), parts => new EdacProbe(parts))
    {
        Problems = ["memory.ce", "memory.ue"],
        Limits = [new ProbeLimit("correctedPerDay", 1, 1_000_000, 100, "Corrected errors of one module in 24 hours from which the node is degraded.")],
    };

    public override Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        var root = Path.Combine(parts.Host.Sys, "devices/system/edac/mc");
        var controllers = Folders(root, "mc").ToList();
        if (controllers.Count == 0)
            return Task.FromResult(ProbeRound.Nothing("the kernel has no EDAC driver for this memory"));
        var results = new List<ProbeResult>();
        var uncorrected = new List<string>();
        foreach (var controller in controllers)
        {
            var modules = Folders(controller, "dimm").Concat(Folders(controller, "rank")).ToList();
            foreach (var module in modules)
                Count(module, NameOf(module), "dimm_ce_count", "dimm_ue_count", uncorrected);
            Count(controller, Path.GetFileName(controller), modules.Count > 0 ? "ce_noinfo_count" : "ce_count", modules.Count > 0 ? "ue_noinfo_count" : "ue_count", uncorrected);
        }
        results.Add(Corrected());
        results.Add(uncorrected.Count > 0
            ? ProbeResult.Problem("memory.ue", Subject.Node, Severity.Fatal, Cause.Hardware, SuggestedAction.Replace,
                "The host's memory had an error that could not be corrected; data was lost.", $"EDAC: {string.Join(", ", uncorrected)}") with
            { Clearing = Clearing.ByHand }
            : ProbeResult.Healthy("memory.ue", Subject.Node, "no new uncorrected error") with { IsOwnOnly = true });
        return Task.FromResult(ProbeRound.Of(results));
    }

    private void Count(string folder, string name, string corrected, string uncorrected, List<string> found)
    {
        if (New(Path.Combine(folder, corrected)) is > 0 and var ce)
            _corrected.Add((parts.Time.GetTimestamp(), name, ce));
        if (New(Path.Combine(folder, uncorrected)) is > 0 and var ue)
            found.Add($"{ue} uncorrected on {name}");
    }

    /// <summary>What came since the last look.</summary>
    private long New(string file)
    {
        if (_files.Number(file) is not { } now)
            return 0;
        var isKnown = _last.TryGetValue(file, out var before);
        _last[file] = now;
        return !isKnown ? 0 : now >= before ? now - before : now;
    }

    private ProbeResult Corrected()
    {
        _corrected.RemoveAll(entry => parts.Time.GetElapsedTime(entry.At) > Day);
        var worst = _corrected.GroupBy(entry => entry.Module).Select(group => (Module: group.Key, Count: group.Sum(entry => entry.Count))).OrderByDescending(module => module.Count).ToList();
        var evidence = worst.Count == 0 ? "no corrected error was counted"
            : $"EDAC, in the last 24 h: {string.Join(", ", worst.Take(5).Select(module => $"{module.Count.ToString(CultureInfo.InvariantCulture)} corrected on {module.Module}"))}";
        return worst.Count > 0 && worst[0].Count > parts.Limits["correctedPerDay"]
            ? ProbeResult.Problem("memory.ce", Subject.Node, Severity.Degraded, Cause.Hardware, SuggestedAction.Observe,
                $"The memory module {worst[0].Module} had {worst[0].Count} corrected errors in a day; it wears out.", evidence)
            : ProbeResult.Healthy("memory.ce", Subject.Node, evidence) with { IsOwnOnly = true };
    }

    private string NameOf(string module)
    {
        var label = _files.Text(Path.Combine(module, "dimm_label"));
        var place = $"{Path.GetFileName(Path.GetDirectoryName(module))}/{Path.GetFileName(module)}";
        return label.Length > 0 ? $"{label} ({place})" : place;
    }

    private static IEnumerable<string> Folders(string folder, string prefix)
    {
        try
        {
            return [.. Directory.EnumerateDirectories(folder, $"{prefix}*").Where(path => Path.GetFileName(path).Length > prefix.Length && char.IsAsciiDigit(Path.GetFileName(path)[prefix.Length])).Order(StringComparer.Ordinal)];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
