using System.Globalization;
using System.Text.Json;
using AIInfra.Agent.Control;
using AIInfra.Core.Health;
using Spectre.Console;

namespace AIInfra.Agent.Commands;

/// <summary>Problems as an engineer on call reads them: what is wrong, since when, the evidence, who is hit, what happens next.</summary>
internal sealed class ProblemLines(IAnsiConsole console, DateTimeOffset now)
{
    private const int MostPlaces = 8, MostProcesses = 6, MostInFull = 6, MostInBrief = 30, MostFollowers = 8, MostEvidence = 240, MostPods = 4;

    /// <summary>Every problem in full.</summary>
    public void ShowAll(IReadOnlyList<ProblemStatus> problems)
    {
        foreach (var (place, incident) in ProblemGroup.Of(problems, isJoined: false).Index())
        {
            if (place > 0)
                console.WriteLine();
            ShowHead(incident, int.MaxValue);
            foreach (var follower in incident.Followers)
            {
                Line("with", $"{Word(follower.Head.Severity)} {follower.Head.Id}, {Seen(follower)}; clears {follower.Head.Clears}");
                Line("", Evidence(follower.Head, int.MaxValue));
            }
        }
    }

    /// <summary>For a screen: alike ones joined, the worst in full, the others a line each.</summary>
    public void ShowSummary(IReadOnlyList<ProblemStatus> problems)
    {
        var groups = ProblemGroup.Of(problems, isJoined: true);
        var inFull = groups.Where(group => group.Head.Severity > Severity.Info).Take(MostInFull).ToList();
        foreach (var group in inFull)
        {
            console.WriteLine();
            ShowHead(group, MostEvidence);
            if (group.Followers.Count > 0)
                Line("with", Names(group));
        }
        var others = groups.Except(inFull).ToList();
        if (others.Count > 0)
            console.WriteLine();
        foreach (var group in others.Take(MostInBrief))
            ShowInBrief(group);
        if (others.Count > MostInBrief)
            console.WriteLine($"and {others.Count - MostInBrief} more");
        console.WriteLine();
        Terminal.WriteParagraph(console, "", $"{(others.Count > 0 ? "`aiinfra-agent problems` shows all of it, " : "")}`aiinfra-agent explain {Terminal.Show(groups[0].Head.Id)}` says what it means.");
    }

    /// <param name="steps">Oldest first.</param>
    public void ShowHistory(IReadOnlyList<HistoryStep> steps)
    {
        if (steps.Count == 0)
            console.WriteLine("No problem was raised in this boot or the ones before it.");
        string? boot = null;
        foreach (var step in steps)
        {
            if (step.Boot != boot)
                console.WriteLine($"boot {Terminal.Show(boot = step.Boot)}{(step.IsThisBoot ? " (this one)" : "")}");
            Terminal.WriteParagraph(console, $"  {step.At.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z ", $"{Word(step.Step),-8} {Word(step.Severity),-8} {Terminal.Show(step.Problem)} on {Terminal.Show(step.Subject)}: {Terminal.Show(step.Why)}");
        }
    }

    private void ShowHead(ProblemGroup group, int mostEvidence)
    {
        var head = group.Head;
        console.MarkupLineInterpolated($"[{Colour(head.Severity)}]{Word(head.Severity).ToUpperInvariant()}[/] [bold]{Terminal.Show(head.Id)}[/] on {Places(group)}");
        Line("what", head.Message);
        Line("since", $"{group.FirstSeen.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z{(group.Count == 1 ? "" : $" ({Terminal.Ago(group.FirstSeen, now)})")}, {Seen(group)}");
        Line("line", Evidence(head, mostEvidence));
        Line("hit", Hit(group));
        if (group.Heads.Any(head => head.Devices.Count > 0))
            Line("pods", Pods(group));
        if (head.Plan is { } plan)
            Line("mend", plan);
        Line("next", $"{head.Next} Suggested: {Word(head.Action)} (cause: {Word(head.Cause)}).");
    }

    private void ShowInBrief(ProblemGroup group) =>
        Terminal.WriteParagraph(console, $"{Word(group.Head.Severity).ToUpperInvariant(),-9}", $"{Terminal.Show(group.Head.Id)} on {Places(group)}, {Seen(group)}");

    /// <summary>Words that stand in a column of their own, and a text beside them.</summary>
    private void Line(string name, string text) => Terminal.WriteParagraph(console, $"  {name,-6}", Terminal.Show(text));

    private static string Places(ProblemGroup group) => group.Heads.Count == 1 ? Place(group.Head) : $"{group.Heads.Count} devices";

    /// <summary>What came with it: <c>fatal nvidia.xid.48, info nvidia.xid.45</c>.</summary>
    private static string Names(ProblemGroup group)
    {
        var names = group.Followers.OrderByDescending(follower => follower.Head.Severity)
            .Select(follower => $"{Word(follower.Head.Severity)} {follower.Head.Id}{(follower.Heads.Count < group.Heads.Count ? $" on {follower.Heads.Count} of them" : "")}").ToList();
        return string.Join(", ", names.Take(MostFollowers)) + (names.Count > MostFollowers ? $" and {names.Count - MostFollowers} more" : "");
    }

    /// <summary>The line that says most: where several tell of one fault, the longest.</summary>
    private static string Evidence(ProblemStatus problem, int most) => problem.Evidence.MaxBy(line => line.Length) is not { } line ? "none"
        : line.Length <= most ? line : $"{line[..most]}…";

    /// <summary><c>nvidia 3 at 0000:5d:00.0</c>, or the subject where it is no device of the inventory.</summary>
    private static string Place(ProblemStatus problem) =>
        problem.Subject != "node" && problem.Devices.Count > 0 && problem.Devices[0] is var device
            ? $"{Name(device)}{(device.PciAddress is { } address ? $" at {Terminal.Show(address)}" : "")}" : Terminal.Show(problem.Subject);

    private static string Name(HitDevice device) => $"{device.Vendor} {device.Index}{(device.Partition is null ? "" : $" partition {Terminal.Show(device.Partition)}")}";

    /// <summary>Each device that gets no new work, or else that is named, with its processes.</summary>
    private static string Hit(ProblemGroup group)
    {
        var devices = group.Heads.SelectMany(head => head.Devices).DistinctBy(device => device.Id).ToList();
        if (devices.Count == 0)
            return "no device";
        var processes = devices.SelectMany(device => device.Processes).DistinctBy(process => process.Id).ToList();
        var unhealthy = devices.Count(device => !device.IsHealthy);
        var who = devices.Count == 1 ? $"{Name(devices[0])} ({Terminal.Show(devices[0].Id)}), {(unhealthy == 1 ? "UNHEALTHY" : "healthy")}"
            : $"{List(devices)}, {(unhealthy == 0 ? "all healthy" : unhealthy == devices.Count ? "all UNHEALTHY" : $"{unhealthy} UNHEALTHY")}";
        return processes.Count == 0 ? $"{who}; no process was seen on {(devices.Count == 1 ? "it" : "them")}"
            : $"{who}; processes {string.Join(", ", processes.Take(MostProcesses).Select(process => $"{process.Id} ({process.Name ?? "ended"}{(process.MemoryBytes is { } bytes ? $", {Terminal.Bytes(bytes)}" : "")})"))}{(processes.Count > MostProcesses ? $" and {processes.Count - MostProcesses} more" : "")}";
    }

    private static string List(List<HitDevice> devices) =>
        $"{string.Join(", ", devices.Take(MostPlaces).Select(Name))}{(devices.Count > MostPlaces ? $" and {devices.Count - MostPlaces} more" : "")}";

    private static string Colour(Severity severity) => severity switch { Severity.Fatal => "red", Severity.Degraded => "yellow", _ => "default" };

    private string Seen(ProblemGroup group) => group.Count == 1 ? $"seen once, {Terminal.Ago(group.LastSeen, now)}"
        : string.Create(CultureInfo.InvariantCulture, $"seen {group.Count} times, last {Terminal.Ago(group.LastSeen, now)}");

    private static string Pods(ProblemGroup group)
    {
        var pods = group.Heads.SelectMany(head => head.Devices).SelectMany(device => device.Pods ?? []).Distinct().ToList();
        return pods.Count > 0 ? List(pods) : group.Head.PodsUnknown is { } why ? $"not known: {Terminal.Show(why)}" : "none holds it";
    }

    /// <summary>Empty when nobody holds it, or when that is not known.</summary>
    public static string Held(IReadOnlyList<PodStatus>? pods) => pods is not { Count: > 0 } ? "" : $" held by {List(pods)}";

    private static string List(IReadOnlyList<PodStatus> pods) =>
        string.Join(", ", pods.Take(MostPods).Select(pod => Terminal.Show($"{pod.Namespace}/{pod.Pod}/{pod.Container}"))) + (pods.Count > MostPods ? $" and {pods.Count - MostPods} more" : "");

    /// <summary>As the vocabulary writes it: <c>reset-device</c>.</summary>
    private static string Word<T>(T value) where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
