using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Health.Npd.Logs;
using AIInfra.Core.Health.Npd.Patterns;
using AIInfra.Core.Hosting;
using AIInfra.Linux.Journal;

namespace AIInfra.Core.Health.Npd.Plugins;

/// <summary>Does what node-problem-detector's helper <c>log-counter</c> does: counts the lines of a journal that match, less those that take one back.</summary>
internal sealed class LogCounter(HostPaths host, BootClock clock, TimeProvider time)
{
    private static readonly string[] Flags = ["journald-source", "log-path", "lookback", "delay", "pattern", "revert-pattern", "count"];

    /// <summary>Blocks on the disk.</summary>
    public PluginOutcome Run(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var flags = new PluginFlags(arguments, Flags, out var wrong);
        var (lookback, delay) = (flags.Duration("lookback", TimeSpan.Zero, ref wrong), flags.Duration("delay", TimeSpan.Zero, ref wrong));
        var least = flags.Count("count", 1, ref wrong);
        if (wrong is not null)
            return PluginOutcome.Unknown($"log-counter: {wrong}");
        try
        {
            var (pattern, revert) = (Build(flags.Text("pattern")), Build(flags.Text("revert-pattern")));
            if (pattern is null)
                return PluginOutcome.Unknown("log-counter: --pattern is missing.");
            var found = Count(flags, Later(clock.Booted() + delay, time.GetUtcNow() - lookback), pattern, revert, cancellationToken);
            return found >= least
                ? PluginOutcome.Problem($"{found} matching log lines in {lookback}, the limit is {least}")
                : PluginOutcome.Well($"{found} matching log lines");
        }
        catch (Re2Exception fault)
        {
            return PluginOutcome.Unknown($"log-counter: a pattern is no regular expression of RE2: {fault.Message} (at character {fault.Position + 1})");
        }
        catch (IOException fault)
        {
            return PluginOutcome.Unknown($"log-counter: {fault.Message}");
        }
    }

    private long Count(PluginFlags flags, DateTimeOffset from, NpdRegex pattern, NpdRegex? revert, CancellationToken cancellationToken)
    {
        using var reader = JournalReader.Open(JournalFolder.Of(flags.Text("log-path"), host), [$"SYSLOG_IDENTIFIER={flags.Text("journald-source")}"]);
        reader.Seek((long)(from - DateTimeOffset.UnixEpoch).TotalMicroseconds);
        var end = (long)(time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalMicroseconds;
        var found = 0L;
        while (!cancellationToken.IsCancellationRequested && reader.TryRead(out var entry) && entry.Microseconds <= end)
        {
            var text = Ascii.Trim(entry.Message);
            var line = LogMatcher.Show(text);
            found += (pattern.IsMatch(line) ? 1 : 0) - (revert?.IsMatch(line) is true ? 1 : 0);
        }
        return found;
    }

    private static NpdRegex? Build(string pattern) => pattern.Length == 0 ? null
        : new NpdRegex(new NpdLogRule(null, "log-counter", default, Re2Pattern.EndingAtEnd(pattern), ""), new SlowPatterns());

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}
