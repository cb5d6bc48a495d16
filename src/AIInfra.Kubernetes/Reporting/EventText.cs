using System.Text;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;

namespace AIInfra.Kubernetes.Reporting;

/// <summary>The words of events and conditions: short, bounded, and for somebody who has never heard of an Xid.</summary>
internal static class EventText
{
    /// <summary>The API server takes no longer note (in bytes).</summary>
    public const int LongestNote = 1024;

    private const int LongestTail = 600;
    private const string Ellipsis = "...";

    /// <summary>For the node: for whoever runs it.</summary>
    public static string ForNode(Problem problem, NodeInventory inventory, IReadOnlyList<string> pods)
    {
        var held = pods.Count == 0 ? "" : $" In use by {string.Join(", ", pods.Take(4))}{(pods.Count > 4 ? $" and {pods.Count - 4} more" : "")}.";
        var tail = $"{held} To do: {ProblemPhrases.Of(problem.Action).English} [{problem.Id}; aiinfra-agent explain {problem.Id}]";
        return Join($"{Name(problem.Subject, inventory)}: {Clean(problem.Message).TrimEnd('.')}.", tail);
    }

    /// <summary>For a pod that holds the device: whose fault it is, and what to do.</summary>
    public static string ForPod(Problem problem, NodeInventory inventory)
    {
        var device = Name(problem.Subject, inventory);
        var (lead, advice) = problem.Cause == Cause.Application
            ? ("Most likely your program, not the device", "Look into the program; the device keeps its work.")
            : ($"Not your code: a fault of {ProblemPhrases.Of(problem.Cause).English}", problem.Severity == Severity.Fatal
                ? "The device gets no new work until it is mended; start the workload again and it gets another one."
                : problem.Action == SuggestedAction.TellPod ? "Start the workload again." : "The workload may go on.");
        return Join($"{lead}. Your device {device}: {Clean(problem.Message).TrimEnd('.')}.", $" {advice} [{problem.Id}]");
    }

    public static string ForCleared(HealthTransition step, NodeInventory inventory) =>
        Join($"{Name(step.Subject, inventory)}: {step.ProblemId} is over: {Clean(step.Why).TrimEnd('.')}.", "");

    /// <summary>As a person calls it: <c>nvidia 3 at 0000:3b:00.0 (GPU-…)</c>.</summary>
    public static string Name(Subject subject, NodeInventory inventory)
    {
        if (subject.Kind != SubjectKind.Device || inventory.Find(subject.Id) is not { } device)
            return Clean(subject.ToString());
        return Clean($"{device.Vendor} {device.Index}{(device.PciAddress is { } address ? $" at {address}" : "")} ({device.Id})");
    }

    /// <summary>Cut to so many bytes of UTF-8, at a whole character.</summary>
    public static string Bound(string text, int bytes)
    {
        text = Clean(text);
        if (Encoding.UTF8.GetByteCount(text) <= bytes)
            return text;
        var (length, at) = (0, 0);
        foreach (var rune in text.EnumerateRunes())
        {
            if (length + rune.Utf8SequenceLength > bytes - Ellipsis.Length)
                break;
            length += rune.Utf8SequenceLength;
            at += rune.Utf16SequenceLength;
        }
        return text[..at] + Ellipsis;
    }

    /// <summary>What must not be lost comes last and is kept whole.</summary>
    private static string Join(string head, string tail)
    {
        tail = Bound(tail, LongestTail);
        return Bound(head, LongestNote - Encoding.UTF8.GetByteCount(tail)) + tail;
    }

    /// <summary>One line: control characters and line ends of outside text become blanks.</summary>
    private static string Clean(string text) => text.AsSpan().IndexOfAnyInRange('\0', '\u001f') < 0 && !text.Contains('\u007f') ? text
        : string.Create(text.Length, text, (target, source) =>
        {
            for (var at = 0; at < source.Length; at++)
                target[at] = char.IsControl(source[at]) ? ' ' : source[at];
        });
}
