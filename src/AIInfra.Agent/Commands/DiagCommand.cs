using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using AIInfra.Agent.Configuration;
using AIInfra.Agent.Control;
using AIInfra.Agent.Diag;
using AIInfra.Core.Configuration;
using AIInfra.Core.Health.Logs;

namespace AIInfra.Agent.Commands;

/// <summary><c>diag</c>: is this node fit for a job? Passive checks before, during and after one; tools that load the devices only when they are asked for.</summary>
internal static class DiagCommand
{
    public static Command Create(Option<string?> configFile, Option<string> output)
    {
        var level = new Option<string>("--level") { Description = "quick (each check once), medium (twice, 10 s apart) or long (a minute)", DefaultValueFactory = _ => "quick" };
        level.AcceptOnlyFromAmong("quick", "medium", "long");
        var tools = new Option<string[]>("--tool") { Description = $"Also run this tool, which loads the devices: {string.Join(", ", DiagTool.All.Select(tool => tool.Name))}, or all; not while a job runs", HelpName = "NAME", AllowMultipleArgumentsPerToken = false };
        tools.AcceptOnlyFromAmong([.. DiagTool.All.Select(tool => tool.Name), "all"]);
        var compare = new Option<string?>("--compare") { Description = "An earlier report (diag -o json), for example from before the job: says what is new and what is gone", HelpName = "FILE" };
        var alone = new Option<bool>("--alone") { Description = "Do not ask the daemon, also where one runs" };
        var command = new Command("diag", "Say whether this node is fit for a job; exits 0 when it is, 1 when not, 2 when that is not known") { level, tools, compare, alone, configFile, output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (config, rules, errors) = AgentConfig.LoadWithRules(parsed.GetValue(configFile));
            if (!AgentConfig.Report(errors, Console.Error))
                return ExitStatus.Config;
            var earlier = parsed.GetValue(compare) is { } file ? Read(file) : null;
            if (parsed.GetValue(compare) is not null && earlier is null)
                return ExitStatus.NoInput;
            var wanted = parsed.GetValue(tools) ?? [];
            var run = new Run(config, rules, Enum.Parse<DiagLevel>(parsed.GetValue(level)!, ignoreCase: true),
                [.. DiagTool.All.Where(tool => wanted.Contains("all") || wanted.Contains(tool.Name))], parsed.GetValue(alone));
            var report = await run.ReportAsync(cancellationToken);
            if (earlier is not null)
                report = report.ComparedWith(earlier);
            if (parsed.GetValue(output) == "json")
                Console.WriteLine(JsonSerializer.Serialize(report, DiagJson.Default.DiagReport));
            else
                new DiagLines(Terminal.Open()).Show(report);
            return !report.IsWhole && cancellationToken.IsCancellationRequested ? ExitStatus.BrokenOff : report.Verdict switch
            {
                DiagVerdict.Fit => ExitStatus.Ok,
                DiagVerdict.Unfit => ExitStatus.Unfit,
                _ => ExitStatus.NotKnown,
            };
        });
        return command;
    }

    private static DiagReport? Read(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            if (JsonSerializer.Deserialize(stream, DiagJson.Default.DiagReport) is { Checks: not null } report)
                return report;
            Console.Error.WriteLine($"{file} is no report of `aiinfra-agent diag -o json`.");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"{file} cannot be read: {fault.Message}");
        }
        catch (JsonException fault)
        {
            Console.Error.WriteLine($"{file} is no report of `aiinfra-agent diag -o json`: {fault.Message}");
        }
        return null;
    }

    /// <summary>One run, whose checks are shown as they end.</summary>
    private sealed class Run(Config config, ImmutableArray<LogRule> rules, DiagLevel level, IReadOnlyList<DiagTool> tools, bool isAlone)
    {
        private readonly List<DiagCheck> _checks = [];
        private readonly DiagProgress _progress = new(level, AgentProbes.All.Length + tools.Count);

        public async Task<DiagReport> ReportAsync(CancellationToken cancellationToken)
        {
            var time = TimeProvider.System;
            var (started, at, isWhole, hasDaemon) = (time.GetUtcNow(), time.GetTimestamp(), false, false);
            using var beat = time.CreateTimer(_ => _progress.Show(), null, TimeSpan.Zero, TimeSpan.FromMilliseconds(500));
            try
            {
                hasDaemon = !isAlone && await AskDaemonAsync(cancellationToken);
                if (!hasDaemon)
                    await new LocalDiag(config, rules, time).RunAsync(level, Take, cancellationToken);
                using var runner = new DiagTools(AgentConfig.HostPaths(config), time);
                foreach (var tool in tools)
                {
                    _progress.Doing(tool.Name);
                    Take(await runner.RunAsync(tool, level, cancellationToken));
                }
                isWhole = true;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // What was found until then is told.
            }
            catch (NoDaemonException fault)
            {
                Take(new DiagCheck("daemon", DiagOutcome.Unknown, fault.Message, 0, []));
            }
            await beat.DisposeAsync();
            _progress.Hide();
            lock (_checks)
            {
                return new DiagReport(AgentConfig.NodeName(config), ProgramInfo.Version, started, time.GetElapsedTime(at).TotalSeconds, level, hasDaemon, isWhole,
                    DiagReport.VerdictOf(_checks, isWhole), [.. _checks]);
            }
        }

        /// <returns>False where no daemon runs.</returns>
        private async Task<bool> AskDaemonAsync(CancellationToken cancellationToken)
        {
            var socket = ControlServer.SocketPath(config);
            if (!File.Exists(socket))
                return false;
            using var client = new ControlClient(socket);
            await foreach (var check in client.StreamAsync($"/v1/diag?level={level}", DiagJson.Default.DiagCheck, cancellationToken))
                Take(check);
            return true;
        }

        private void Take(DiagCheck check)
        {
            lock (_checks)
                _checks.Add(check);
            _progress.Done(check);
        }
    }
}
