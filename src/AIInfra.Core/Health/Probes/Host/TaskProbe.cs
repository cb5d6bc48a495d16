using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Health.Probes.Host;

/// <summary>Processes that wait in the kernel for long and cannot be interrupted, and processes that have ended and nobody fetches.</summary>
internal sealed class TaskProbe(ProbeParts parts) : Probe
{
    private const int MostNamed = 5, MostFrames = 4;

    private readonly BlockedTasks _tasks = new(parts.Host);
    private readonly FileBytes _files = new();
    private Dictionary<(int Id, long Start), (int Looks, long Since)> _waiting = [];
    private int _looksWithDefunct;

    public static ProbeDefinition Definition { get; } = new(
        "tasks", "Processes that hang in the kernel (state D) for several looks, and defunct processes that pile up.", TimeSpan.FromMinutes(1), parts => new TaskProbe(parts))
    {
        Problems = ["kernel.hung-task", "kernel.zombies"],
        Limits =
        [
            new ProbeLimit("looks", 2, 60, 5, "So many looks in a row must find it."),
            new ProbeLimit("defunct", 1, 100_000, 50, "Defunct processes from which the node is degraded."),
        ],
    };

    public override Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        var found = _tasks.Find("DZ");
        return Task.FromResult(ProbeRound.Of([Hung([.. found.Where(task => task.State == 'D')]), Defunct([.. found.Where(task => task.State == 'Z')])]));
    }

    private ProbeResult Hung(ImmutableArray<ProcessState> now)
    {
        var at = parts.Time.GetTimestamp();
        _waiting = now.ToDictionary(task => (task.Id, task.Start), task => _waiting.TryGetValue((task.Id, task.Start), out var before) ? (before.Looks + 1, before.Since) : (1, at));
        var lasting = now.Where(task => _waiting[(task.Id, task.Start)].Looks >= parts.Limits["looks"]).ToImmutableArray();
        if (lasting.IsEmpty)
            return ProbeResult.Healthy("kernel.hung-task", Subject.Node, now.IsEmpty ? "no process waits in the kernel" : $"{now.Length} wait in the kernel, none for long");
        var evidence = lasting.Take(MostNamed).Select(task =>
            $"{task.Name} ({task.Id}) waits{Place(task)} for {parts.Time.GetElapsedTime(_waiting[(task.Id, task.Start)].Since, at).TotalMinutes.ToString("0", CultureInfo.InvariantCulture)} min{Stack(task.Id)}");
        var others = lasting.Length > MostNamed ? $"; and {lasting.Length - MostNamed} more" : "";
        return ProbeResult.Problem("kernel.hung-task", Subject.Node, Severity.Degraded, Cause.Host, SuggestedAction.Observe,
            $"{(lasting.Length == 1 ? "A process waits" : "Processes wait")} in the kernel for minutes and cannot be interrupted, mostly for storage or a driver.",
            $"{string.Join("; ", evidence)}{others}");
    }

    private ProbeResult Defunct(ImmutableArray<ProcessState> now)
    {
        _looksWithDefunct = now.Length >= parts.Limits["defunct"] ? _looksWithDefunct + 1 : 0;
        if (_looksWithDefunct < parts.Limits["looks"])
            return ProbeResult.Healthy("kernel.zombies", Subject.Node, $"{now.Length} defunct processes");
        var parents = now.GroupBy(task => task.Parent).OrderByDescending(group => group.Count()).Take(MostNamed)
            .Select(group => $"{group.Count()} of {_files.Text(Path.Combine(parts.Host.Proc, $"{group.Key}", "comm"))} ({group.Key})");
        return ProbeResult.Problem("kernel.zombies", Subject.Node, Severity.Degraded, Cause.Application, SuggestedAction.Observe,
            "Many processes have ended and are not fetched by those that started them; each keeps a process id.",
            $"{now.Length} defunct processes, by parent: {string.Join(", ", parents)}");
    }

    private static string Place(ProcessState task) => task.WaitsIn.Length > 0 ? $" in {task.WaitsIn}" : "";

    /// <summary>The innermost frames of <c>[&lt;0&gt;] function+0x1/0x2</c>; needs privileges, empty without.</summary>
    private string Stack(int id)
    {
        var frames = _files.Text(Path.Combine(parts.Host.Proc, $"{id}", "stack")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line[(line.IndexOf(']') + 1)..].Trim().Split('+')[0]).Take(MostFrames).ToList();
        return frames.Count > 0 ? $" ({string.Join(" < ", frames)})" : "";
    }
}
