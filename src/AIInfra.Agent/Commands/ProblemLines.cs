using System.Text.Json;
using AIInfra.Agent.Control;
using AIInfra.Core.Health;
using Spectre.Console;

namespace AIInfra.Agent.Commands;

/// <summary>Problems as an engineer on call reads them: what is wrong, since when, the evidence, who is hit, what happens next.</summary>
internal static class ProblemLines
{
    private const int MostDevices = 4, MostPods = 4;

    public static void Show(IAnsiConsole console, IReadOnlyList<ProblemStatus> problems)
    {
        var now = TimeProvider.System.GetUtcNow();
        foreach (var problem in problems)
        {
            if (problem.IsHeadline)
                ShowHeadline(console, problem, now);
            else
                ShowFollower(console, problem, now);
        }
    }

    /// <param name="steps">Oldest first.</param>
    public static void ShowHistory(IAnsiConsole console, IReadOnlyList<HistoryStep> steps)
    {
        if (steps.Count == 0)
            console.WriteLine("No problem was raised in this boot or the ones before it.");
        string? boot = null;
        foreach (var step in steps)
        {
            if (step.Boot != boot)
                console.WriteLine($"boot {Terminal.Show(boot = step.Boot)}{(step.IsThisBoot ? " (this one)" : "")}");
            console.WriteLine($"  {step.At.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z {Word(step.Step),-8} {Word(step.Severity),-8} {Terminal.Show(step.Problem)} on {Terminal.Show(step.Subject)}: {Terminal.Show(step.Why)}");
        }
    }

    private static void ShowHeadline(IAnsiConsole console, ProblemStatus problem, DateTimeOffset now)
    {
        var colour = problem.Severity switch { Severity.Fatal => "red", Severity.Degraded => "yellow", _ => "default" };
        console.MarkupLineInterpolated($"[{colour}]{problem.Severity.ToString().ToUpperInvariant()}[/] [bold]{Terminal.Show(problem.Id)}[/] on {Terminal.Show(problem.Subject)}");
        console.WriteLine($"  {Terminal.Show(problem.Message)}");
        console.WriteLine($"  since {problem.FirstSeen.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z ({Terminal.Ago(problem.FirstSeen, now)}), {Count(problem)}, last {Terminal.Ago(problem.LastSeen, now)}; cause {Word(problem.Cause)}; suggested: {Word(problem.Action)}");
        if (problem.Evidence.Count > 0)
            console.WriteLine($"  evidence: {Terminal.Show(problem.Evidence[^1])}");
        if (problem.Devices.Count > 0)
            console.WriteLine($"  hit: {Hit(problem.Devices)}{(problem.PodsUnknown is { } why ? $"; which pods is not known: {Terminal.Show(why)}" : "")}");
        console.WriteLine($"  next: {Terminal.Show(problem.Next)}");
    }

    private static void ShowFollower(IAnsiConsole console, ProblemStatus problem, DateTimeOffset now)
    {
        console.WriteLine($"    with it: {Word(problem.Severity)} {Terminal.Show(problem.Id)}, {Count(problem)}, last {Terminal.Ago(problem.LastSeen, now)}; clears {Terminal.Show(problem.Clears)}");
        if (problem.Evidence.Count > 0)
            console.WriteLine($"      evidence: {Terminal.Show(problem.Evidence[^1])}");
    }

    private static string Hit(IReadOnlyList<HitDevice> devices)
    {
        var shown = devices.Take(MostDevices).Select(device =>
            $"{device.Vendor} {device.Index} at {Terminal.Show(device.PciAddress)} ({Terminal.Show(device.Id)}, {(device.IsHealthy ? "healthy" : "UNHEALTHY")}){Held(device.Pods)}");
        return string.Join(", ", shown) + (devices.Count > MostDevices ? $" and {devices.Count - MostDevices} more" : "");
    }

    /// <summary>Empty when nobody holds it, or when that is not known.</summary>
    public static string Held(IReadOnlyList<PodStatus>? pods) => pods is not { Count: > 0 } ? ""
        : $" held by {string.Join(", ", pods.Take(MostPods).Select(pod => Terminal.Show($"{pod.Namespace}/{pod.Pod}/{pod.Container}")))}{(pods.Count > MostPods ? $" and {pods.Count - MostPods} more" : "")}";

    private static string Count(ProblemStatus problem) => problem.Count == 1 ? "seen once" : $"seen {problem.Count} times";

    /// <summary>As the vocabulary writes it: <c>reset-device</c>.</summary>
    private static string Word<T>(T value) where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
