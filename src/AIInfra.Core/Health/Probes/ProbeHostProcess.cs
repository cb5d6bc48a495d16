using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace AIInfra.Core.Health.Probes;

/// <summary>The child that may hang: <c>aiinfra-agent probe-host CHECK TARGET...</c>. A thread for each target, a line for each answer.</summary>
/// <remarks>It touches no host, no logging framework and no command-line type. Its parent kills it at its deadline; without a parent it ends itself.</remarks>
public static class ProbeHostProcess
{
    private const string Command = "probe-host";
    private const int UsageError = 64; // EX_USAGE, sysexits.h
    private const int StackBytes = 128 * 1024;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    /// <summary>To be asked on the first lines of a program, before any other type is touched.</summary>
    public static bool IsAsked(string[] args) => args is [Command, ..];

    internal static string[] ArgumentsFor(string check, IEnumerable<string> targets) => [Command, check, .. targets];

    /// <summary>Answers each target and returns; with a target that hangs, only when that has answered or its longest time is over.</summary>
    public static int Run(string[] args)
    {
        if (args is not [_, var name, _, ..] || ProbeChecks.Find(name) is not { } check)
        {
            Console.Error.WriteLine($"{Command} is started by the agent itself, as {Command} CHECK TARGET... with one of the checks {string.Join(", ", ProbeChecks.Names)}.");
            return UsageError;
        }
        using var output = Console.OpenStandardOutput();
        var gate = new Lock();
        var threads = args.Skip(2).Select((target, at) => new Thread(() => Answer(check, target, at, output, gate), StackBytes) { IsBackground = true }).ToList();
        threads.ForEach(thread => thread.Start());
        var started = Stopwatch.GetTimestamp();
        foreach (var thread in threads)
        {
            var left = Longest - Stopwatch.GetElapsedTime(started);
            if (left <= TimeSpan.Zero || !thread.Join(left))
                break;
        }
        return 0;
    }

    private static void Answer(Func<string, string> check, string target, int at, Stream output, Lock gate)
    {
        var started = Stopwatch.GetTimestamp();
        string says;
        try
        {
            says = check(target);
        }
#pragma warning disable CA1031 // the answer is then why there is none
        catch (Exception fault)
#pragma warning restore CA1031
        {
            says = $"failed {fault.GetType().Name}: {fault.Message}";
        }
        var took = (long)Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        var line = string.Create(CultureInfo.InvariantCulture, $"{at}\t{took}\t{says.ReplaceLineEndings(" ")}\n");
        lock (gate)
            output.Write(Encoding.UTF8.GetBytes(line));
    }
}
