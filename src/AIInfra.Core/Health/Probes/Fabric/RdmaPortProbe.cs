using System.Globalization;

namespace AIInfra.Core.Health.Probes.Fabric;

/// <summary>Ports of RDMA devices: down, flapping, slower than their kind, or with errors that grow.</summary>
/// <remarks>A port that was never up since the agent was started may have no cable; it counts only where all others of its kind are up, or where
/// <c>expectedPorts</c> says how many there should be. Counters are compared with the look before: they may be old, and start anew with the driver.</remarks>
internal sealed class RdmaPortProbe(ProbeParts parts) : Probe
{
    private const string Down = "rdma.link-down", Flapping = "rdma.link-flapping", Slow = "rdma.rate-degraded", Errors = "rdma.port-errors", Missing = "rdma.ports-missing";
    private const int FlapsToRaise = 3;
    private static readonly TimeSpan FlapWindow = TimeSpan.FromHours(12), FatalAfter = TimeSpan.FromMinutes(4);

    private readonly Dictionary<string, Memory> _seen = new(StringComparer.Ordinal);

    private sealed class Memory
    {
        public bool WasActive { get; set; }
        public double MostRate { get; set; }
        public long? DownSince { get; set; }
        public RdmaPort? Last { get; set; }
        public long LastAt { get; set; }
        public List<long> Drops { get; } = [];
    }

    public static ProbeDefinition Definition { get; } = new(
        "rdmaPorts", "Ports of RDMA devices that are down, came and went, run slower than their kind, or count errors.", TimeSpan.FromSeconds(30), parts => new RdmaPortProbe(parts))
    {
        Problems = [Down, Flapping, Slow, Errors, Missing],
        GoodToClear = 3,
        Limits =
        [
            new ProbeLimit("expectedPorts", 0, 256, 0, "Ports that should be active; 0: those that were."),
            new ProbeLimit("expectedGigabits", 0, 3200, 0, "Gigabits a second that each active port should have; 0: as its kind has."),
        ],
    };

    public override Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        var ports = RdmaPort.ReadAll(parts.Host);
        if (ports.Count == 0 && parts.Limits["expectedPorts"] == 0)
            return Task.FromResult(ProbeRound.Nothing("there is no RDMA device"));
        var results = ports.SelectMany(port => Judge(port, ports)).ToList();
        if (parts.Limits["expectedPorts"] is > 0 and var expected)
            results.Add(Count(ports.Count(port => port.IsActive), expected));
        return Task.FromResult(ProbeRound.Of(results));
    }

    private IEnumerable<ProbeResult> Judge(RdmaPort port, List<RdmaPort> all)
    {
        if (!_seen.TryGetValue(port.Name, out var memory))
            _seen[port.Name] = memory = new Memory();
        var (subject, now) = (new Subject(SubjectKind.Port, port.Name), parts.Time.GetTimestamp());
        var siblings = all.Where(other => other != port && other.Board == port.Board && port.Board.Length > 0).ToList();
        yield return JudgeState(port, memory, siblings, subject, now);
        NoteDrops(port, memory, now);
        yield return memory.Drops.Count >= FlapsToRaise
            ? Bad(Flapping, subject, $"The port {port.Name} lost its link {memory.Drops.Count} times in the last 12 hours; jobs over it stall or fail.", $"{port.Name}: link_downed {port.Counters.GetValueOrDefault(RdmaPort.LinkDowned)}")
            : ProbeResult.Healthy(Flapping, subject, $"{port.Name}: {memory.Drops.Count} drops in 12 h");
        if (port.IsActive && port.RateGbits is { } rate)
            yield return JudgeRate(port, rate, memory, siblings, subject);
        if (memory.Last is { } before && JudgeErrors(port, before, parts.Time.GetElapsedTime(memory.LastAt, now), subject) is { } errors)
            yield return errors;
        (memory.Last, memory.LastAt, memory.WasActive) = (port, now, memory.WasActive || port.IsActive);
    }

    private ProbeResult JudgeState(RdmaPort port, Memory memory, List<RdmaPort> siblings, Subject subject, long now)
    {
        var evidence = $"{port.Name}: state {port.State}, physical state {port.Physical}";
        if (port.IsActive)
        {
            memory.DownSince = null;
            return ProbeResult.Healthy(Down, subject, evidence);
        }
        if (port.State == 0)
            return ProbeResult.Unknown(Down, subject, $"{port.Name}: its state cannot be read");
        if (port.Physical == RdmaPort.Disabled)
            return ProbeResult.Healthy(Down, subject, $"{evidence}: a person has disabled it");
        if (!memory.WasActive && (siblings.Count == 0 || !siblings.All(other => other.IsActive)))
            return ProbeResult.Unknown(Down, subject, $"{evidence}: it was not up since the agent was started, and may have no cable");
        memory.DownSince ??= now;
        var lasts = parts.Time.GetElapsedTime(memory.DownSince.Value, now);
        return Bad(Down, subject, $"The port {port.Name} is down{(memory.WasActive ? "" : ", while all others of its kind are up")}: RDMA over it is not possible.", evidence)
            with
        { Severity = lasts >= FatalAfter ? Severity.Fatal : Severity.Degraded };
    }

    /// <summary>A drop is the counter's growth, or, where there is none, a look that found the port down after one that found it up.</summary>
    private void NoteDrops(RdmaPort port, Memory memory, long now)
    {
        memory.Drops.RemoveAll(at => parts.Time.GetElapsedTime(at, now) > FlapWindow);
        if (memory.Last is not { } before)
            return;
        var drops = port.Counters.TryGetValue(RdmaPort.LinkDowned, out var count) && before.Counters.TryGetValue(RdmaPort.LinkDowned, out var was) ? count - was
            : before.IsActive && !port.IsActive ? 1 : 0;
        for (var drop = 0L; drop < Math.Min(drops, FlapsToRaise); drop++)
            memory.Drops.Add(now);
    }

    private ProbeResult JudgeRate(RdmaPort port, double rate, Memory memory, List<RdmaPort> siblings, Subject subject)
    {
        memory.MostRate = Math.Max(memory.MostRate, rate);
        var wanted = parts.Limits["expectedGigabits"] is > 0 and var set ? set : Math.Max(memory.MostRate, siblings.Where(other => other.IsActive).Max(other => other.RateGbits) ?? 0);
        var evidence = string.Create(CultureInfo.InvariantCulture, $"{port.Name}: {rate} Gb/s, {wanted} wanted");
        return rate >= wanted ? ProbeResult.Healthy(Slow, subject, evidence)
            : Bad(Slow, subject, string.Create(CultureInfo.InvariantCulture, $"The port {port.Name} runs at {rate} Gb/s instead of {wanted}: it slows every job that it takes part in."), evidence);
    }

    private static ProbeResult? JudgeErrors(RdmaPort port, RdmaPort before, TimeSpan between, Subject subject)
    {
        if (between <= TimeSpan.Zero)
            return null;
        List<string> tooMany = [];
        foreach (var (counter, most) in RdmaPort.MostAMinute)
        {
            if (port.Counters.TryGetValue(counter, out var now) && before.Counters.TryGetValue(counter, out var was) && now > was && (now - was) / between.TotalMinutes > most)
                tooMany.Add(string.Create(CultureInfo.InvariantCulture, $"{counter} +{now - was} in {between.TotalSeconds:0} s"));
        }
        return tooMany.Count == 0 ? ProbeResult.Healthy(Errors, subject, $"{port.Name}: no counter grows too fast")
            : Bad(Errors, subject, $"The port {port.Name} counts errors: the cable, its plugs or the other side are bad.", $"{port.Name}: {string.Join(", ", tooMany)}");
    }

    private static ProbeResult Count(int active, int expected) => active >= expected
        ? ProbeResult.Healthy(Missing, Subject.Node, $"{active} RDMA ports are active")
        : ProbeResult.Problem(Missing, Subject.Node, Severity.Fatal, Cause.Fabric, SuggestedAction.Drain, $"{active} of {expected} RDMA ports are active: jobs over several nodes are slow or fail.", $"{active} of {expected} ports in state ACTIVE");

    private static ProbeResult Bad(string id, Subject subject, string message, string evidence) =>
        ProbeResult.Problem(id, subject, Severity.Degraded, Cause.Fabric, SuggestedAction.Observe, message, evidence);
}
