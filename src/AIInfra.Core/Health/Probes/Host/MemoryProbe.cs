using System.Globalization;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Health.Probes.Host;

/// <summary>Memory that is short: by the time that all programs wait for it (pressure stall information), or by what is left.</summary>
internal sealed class MemoryProbe(ProbeParts parts) : Probe
{
    private readonly FileBytes _files = new();

    public static ProbeDefinition Definition { get; } = new(
        "memory", "Short memory: the time that programs stand still for it (PSI), and what is available.", TimeSpan.FromSeconds(30), parts => new MemoryProbe(parts))
    {
        Problems = ["memory.pressure"],
        BadToRaise = 2,
        GoodToClear = 4,
        Limits =
        [
            new ProbeLimit("stalledPercent", 1, 100, 10, "Share of the last minute, in percent, in which all programs waited for memory (full avg60), from which the node is degraded."),
            new ProbeLimit("availablePercent", 0, 50, 2, "Memory that must be available, in percent."),
        ],
    };

    public override Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        var (stalled, available) = (Stalled(), Available());
        if (stalled is null && available is null)
            return Task.FromResult(ProbeRound.Nothing("the kernel tells neither memory pressure nor available memory"));
        var evidence = string.Join(", ", new[]
        {
            stalled is { } share ? string.Create(CultureInfo.InvariantCulture, $"all programs waited for memory in {share:0.##} % of the last minute") : null,
            available is { } left ? string.Create(CultureInfo.InvariantCulture, $"{left:0.#} % of the memory is available") : null,
        }.Where(text => text is not null));
        var isShort = stalled >= parts.Limits["stalledPercent"] || available < parts.Limits["availablePercent"];
        return Task.FromResult(ProbeRound.Of([isShort
            ? ProbeResult.Problem("memory.pressure", Subject.Node, Severity.Degraded, Cause.Host, SuggestedAction.Observe, "The node is short of memory; programs wait for it or are about to be killed.", evidence)
            : ProbeResult.Healthy("memory.pressure", Subject.Node, evidence)]));
    }

    /// <summary>Of <c>full avg10=0.00 avg60=0.00 avg300=0.00 total=0</c>.</summary>
    private double? Stalled()
    {
        foreach (var line in _files.Text(Path.Combine(parts.Host.Proc, "pressure/memory")).Split('\n'))
        {
            if (line.Split(' ') is ["full", _, ['a', 'v', 'g', '6', '0', '=', .. var average], ..]
                && double.TryParse(average, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent))
                return percent;
        }
        return null;
    }

    private double? Available()
    {
        long? total = null, available = null;
        foreach (var line in _files.Text(Path.Combine(parts.Host.Proc, "meminfo")).Split('\n'))
        {
            if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [var name, var value, ..] || !long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var kilobytes))
                continue;
            if (name == "MemTotal:")
                total = kilobytes;
            else if (name == "MemAvailable:")
                available = kilobytes;
        }
        return total > 0 && available is not null ? 100.0 * available / total : null;
    }
}
