using System.Collections.Immutable;
using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using AIInfra.Agent.Configuration;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Logs.Scan;
using AIInfra.Vendors;

namespace AIInfra.Agent.Commands;

/// <summary><c>scan-log FILE|-</c>: the daemon's rules on a saved log. Needs no daemon, no root and no device.</summary>
internal static class ScanLogCommand
{
    private static readonly TimeSpan QuietStart = TimeSpan.FromSeconds(1), BetweenLooks = TimeSpan.FromMilliseconds(500);

    public static Command Create(Option<string?> configFile, Option<string> output)
    {
        var file = new Argument<string>("FILE") { Description = "A saved log of any kind: dmesg, syslog, journal export, /dev/kmsg records, bare messages; - for standard input" };
        var trust = new Option<bool>("--trust-userspace") { Description = "Believe records that a process wrote into the kernel's log" };
        var command = new Command("scan-log", "Find the problems that a saved log tells of") { file, trust, configFile, output };
        command.SetAction((parsed, cancellationToken) =>
        {
            var (_, rules, errors) = AgentConfig.LoadWithRules(parsed.GetValue(configFile));
            return Task.FromResult(AgentConfig.Report(errors, Console.Error)
                ? Run(parsed.GetValue(file)!, rules, parsed.GetValue(trust), parsed.GetValue(output) == "json", cancellationToken)
                : ExitStatus.Config);
        });
        return command;
    }

    private static int Run(string file, ImmutableArray<LogRule> rules, bool trustUserspace, bool asJson, CancellationToken cancellationToken)
    {
        try
        {
            using var stream = file == "-" ? Console.OpenStandardInput() : File.OpenRead(file);
            using var results = new BufferedStream(Console.OpenStandardOutput(), 32 * 1024);
            var matcher = new LogMatcher(VendorLogs.Decoders(), [.. VendorLogs.Rules, .. rules], new SlowPatterns());
            var progress = new ProgressLine();
            var scanned = new LogScanner(matcher, trustUserspace).Scan(stream, finding =>
            {
                if (finding.IsClear)
                    return;
                progress.Hide();
                Write(results, finding, asJson);
            }, so =>
            {
                results.Flush();
                progress.Show(so);
            }, cancellationToken);
            progress.Hide();
            results.Flush();
            if (!asJson && scanned.Findings == 0)
                Console.Error.WriteLine($"{scanned.Lines:N0} lines, no problem found.");
            return ExitStatus.Ok;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"{(file == "-" ? "Standard input" : file)} cannot be read: {fault.Message}");
            return ExitStatus.NoInput;
        }
        catch (OperationCanceledException)
        {
            return ExitStatus.Ok;
        }
    }

    private static void Write(Stream results, LogFinding finding, bool asJson)
    {
        var verdict = finding.Verdict;
        var subject = finding.PciAddress is { } address ? Subject.Device(address) : Subject.Node;
        if (asJson)
        {
            using (var json = new Utf8JsonWriter(results, new JsonWriterOptions { SkipValidation = true }))
            {
                json.WriteStartObject();
                json.WriteNumber("line", finding.Number);
                json.WriteString("problem", verdict.ProblemId);
                json.WriteString("subject", subject.ToString());
                json.WriteString("severity", Word(verdict.Severity));
                json.WriteString("action", Word(verdict.Action));
                json.WriteEndObject();
            }
            results.Write("\n"u8);
            return;
        }
        var line = $"line {finding.Number}: {verdict.Severity.ToString().ToUpperInvariant()} {verdict.ProblemId} on {subject}: {verdict.Message} Suggested: {Word(verdict.Action)}.\n";
        results.Write(System.Text.Encoding.UTF8.GetBytes(Terminal.Show(line[..^1]) + "\n"));
    }

    /// <summary>As the vocabulary writes it: <c>reset-device</c>.</summary>
    private static string Word<T>(T value) where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());

    /// <summary>How far a long scan is, on a terminal only, on one line that is wiped before anything else is printed.</summary>
    private sealed class ProgressLine
    {
        private readonly long _started = Stopwatch.GetTimestamp();
        private readonly bool _isTerminal = !Console.IsErrorRedirected;
        private long _shown;
        private bool _isOnScreen;

        public void Show(ScanProgress so)
        {
            if (!_isTerminal || Stopwatch.GetElapsedTime(_started) < QuietStart || (_shown != 0 && Stopwatch.GetElapsedTime(_shown) < BetweenLooks))
                return;
            _shown = Stopwatch.GetTimestamp();
            _isOnScreen = true;
            Console.Error.Write($"\r{so.Lines:N0} lines, {so.Bytes / 1_000_000:N0} MB, {so.Findings:N0} problems …\x1b[K");
        }

        public void Hide()
        {
            if (_isOnScreen)
                Console.Error.Write("\r\x1b[K");
            _isOnScreen = false;
        }
    }
}
