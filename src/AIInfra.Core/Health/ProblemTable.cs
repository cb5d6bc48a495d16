using System.Collections.Immutable;

namespace AIInfra.Core.Health;

/// <summary>The standing problems by (id, subject), in the order they were first seen. Bounded. Not thread-safe: the board holds its lock.</summary>
internal sealed class ProblemTable
{
    /// <summary>Fatal problems of devices alone may go beyond it: a node has few devices, and forgetting one would give it away as healthy.</summary>
    public const int Limit = 1000;
    public const int EvidenceLines = 5, EvidenceLength = 512;

    private readonly Dictionary<(string Id, Subject Subject), Entry> _byKey = [];
    private readonly List<Entry> _inOrder = [];

    /// <summary>A problem with what the board alone needs to know of it.</summary>
    /// <param name="seen"><see cref="TimeProvider.GetTimestamp"/> of the last sighting: immune to a stepped clock.</param>
    internal sealed class Entry(Problem problem, long seen, Sightings sightings)
    {
        public Sightings Sightings { get; } = sightings;
        public Problem Problem { get; set; } = problem;
        public long Seen { get; set; } = seen;
    }

    public IReadOnlyList<Entry> Entries => _inOrder;

    public Entry? Find(string id, Subject subject) => _byKey.GetValueOrDefault((id, subject));

    public ImmutableArray<Problem> ToImmutable() => [.. _inOrder.Select(entry => entry.Problem)];

    /// <summary>Adds a problem that is not in the table yet.</summary>
    /// <returns>What had to go: null, an older problem, or the given one itself when all others are worth more.</returns>
    public Problem? Add(Problem problem, long seen, Sightings sightings)
    {
        Entry? victim = null;
        if (_inOrder.Count >= Limit)
        {
            victim = Weakest(atMost: problem.Severity);
            if (victim is null && problem is not { Severity: Severity.Fatal, Subject.Kind: SubjectKind.Device })
                return problem;
            if (victim is not null)
                Remove(victim);
        }
        var entry = new Entry(problem, seen, sightings);
        _byKey.Add((problem.Id, problem.Subject), entry);
        _inOrder.Add(entry);
        return victim?.Problem;
    }

    public void Remove(Entry entry)
    {
        _byKey.Remove((entry.Problem.Id, entry.Problem.Subject));
        _inOrder.Remove(entry);
    }

    /// <summary>The line, cut to <see cref="EvidenceLength"/> characters without splitting one in two.</summary>
    public static string Cap(string line)
    {
        if (line.Length <= EvidenceLength)
            return line;
        var end = EvidenceLength - 1;
        return string.Concat(line.AsSpan(0, char.IsHighSurrogate(line[end - 1]) ? end - 1 : end), "…");
    }

    public static ImmutableArray<string> AppendEvidence(ImmutableArray<string> lines, string line) =>
        lines.Length < EvidenceLines ? lines.Add(Cap(line)) : [.. lines.AsSpan()[^(EvidenceLines - 1)..], Cap(line)];

    /// <summary>The oldest info, else the oldest degraded; never a fatal one, nor one of a higher severity than asked.</summary>
    private Entry? Weakest(Severity atMost)
    {
        Entry? degraded = null;
        foreach (var entry in _inOrder)
        {
            if (entry.Problem.Severity == Severity.Info)
                return entry;
            if (entry.Problem.Severity == Severity.Degraded && atMost >= Severity.Degraded)
                degraded ??= entry;
        }
        return degraded;
    }
}
