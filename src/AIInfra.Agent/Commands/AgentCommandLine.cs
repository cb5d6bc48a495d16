using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using AIInfra.Agent.Configuration;
using AIInfra.Agent.Control;
using AIInfra.Agent.Daemon;
using AIInfra.Agent.Simulation;
using AIInfra.Core.Configuration;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Npd.Configuration;

namespace AIInfra.Agent.Commands;

/// <summary>The commands, what each takes, and what runs it.</summary>
internal static class AgentCommandLine
{
    private static readonly Option<string?> ConfigFile = new("--config") { Description = $"The configuration file (default: {AgentConfig.DefaultFile} if it is there)", HelpName = "FILE" };
    private static readonly Option<string> Output = OutputOption();
    private static readonly ActCommands Acts = new(ConfigFile, Output);
    private static readonly RemediationCommands Remediation = new(Acts, ConfigFile, Output);
    /// <summary>How long a command may take to end in order after Ctrl-C; longer than the daemon's own limit.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(30);

    /// <summary>Parses and runs. Usage errors give <see cref="ExitStatus.Usage"/>.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var root = new RootCommand("Node agent for AI clusters: device plugin, metrics and health in one daemon.")
        {
            Run(), Show("status", "What is wrong on this node, since when, and what happens next", (show, _) => show.StatusAsync()),
            Devices(),
            Acts.Problems(), Acts.Clear(), Acts.Release(),
            Show("actions", "What is mended or would be, what was done, and what waits for a person", (show, _) => show.ActionsAsync()), Remediation.Approve(), Remediation.Pause(), Remediation.Resume(),
            DiagCommand.Create(ConfigFile, Output), ScanLogCommand.Create(ConfigFile, Output), ExplainCommand.Create(ConfigFile, Output),
            CheckConfig(), ConfigReferencePage(), Simulate(), Version(),
        };
        foreach (var builtIn in root.Options.Where(option => option is VersionOption).ToList())
            root.Options.Remove(builtIn); // `version` is a command here

        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count == 0)
            return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = Farewell });
        foreach (var error in parsed.Errors)
            await Console.Error.WriteLineAsync(error.Message);
        await Console.Error.WriteLineAsync("`aiinfra-agent --help` lists the commands.");
        return ExitStatus.Usage;
    }

    private static Command Run()
    {
        var command = new Command("run", "Run the daemon in the foreground until it is told to stop") { ConfigFile };
        command.SetAction((parsed, cancellationToken) =>
        {
            var file = parsed.GetValue(ConfigFile);
            var (config, files, errors) = AgentConfig.LoadWithFiles(file);
            return AgentConfig.Report(errors, Console.Error) ? DaemonHost.RunAsync(config, files, () => AgentConfig.LoadWithFiles(file).Errors, cancellationToken) : Task.FromResult(ExitStatus.Config);
        });
        return command;
    }

    private static Command Devices()
    {
        var labels = new Option<bool>("--labels") { Description = "The labels that tell what they are, for schedulers, instead" };
        var node = new Option<string?>("--simulate") { Description = "Of a simulated node instead, without a daemon: a name as of simulate --node", HelpName = "NODE" };
        var simulators = new Option<string?>("--simulators") { Description = "Folder of the simulators (default: beside the program)", HelpName = "DIR" };
        var command = new Command("devices", "The devices and their health") { ConfigFile, Output, labels, node, simulators };
        command.SetAction((parsed, cancellationToken) =>
        {
            if (parsed.GetValue(node) is { } simulated)
                return SimulatedDevices.ShowAsync(new SimulatedNodeOptions { Node = simulated, Simulators = parsed.GetValue(simulators) }, parsed.GetValue(labels), parsed.GetValue(Output) == "json", cancellationToken);
            return ShowAsync(parsed, show => parsed.GetValue(labels) ? show.LabelsAsync() : show.DevicesAsync(), cancellationToken);
        });
        return command;
    }

    private static Command Show(string name, string description, Func<ShowCommands, ParseResult, Task<int>> show)
    {
        var command = new Command(name, description) { ConfigFile, Output };
        command.SetAction((parsed, cancellationToken) => ShowAsync(parsed, shown => show(shown, parsed), cancellationToken));
        return command;
    }

    private static Task<int> ShowAsync(ParseResult parsed, Func<ShowCommands, Task<int>> show, CancellationToken cancellationToken)
    {
        var (config, errors) = AgentConfig.Load(parsed.GetValue(ConfigFile));
        return AgentConfig.Report(errors, Console.Error)
            ? show(new ShowCommands(ControlServer.SocketPath(config), parsed.GetValue(Output) == "json", cancellationToken))
            : Task.FromResult(ExitStatus.Config);
    }

    private static Command CheckConfig()
    {
        var file = new Argument<string>("FILE") { Description = "The configuration file" };
        var command = new Command("check-config", "Check a configuration file and the environment, without starting anything") { file, Output };
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(file)!;
            var (config, files, errors) = AgentConfig.LoadWithFiles(path);
            var npd = errors.IsEmpty ? AgentConfig.Npd(config) : NpdConfiguration.Empty;
            errors = errors.AddRange(npd.Errors);
            if (parsed.GetValue(Output) == "json")
                Console.WriteLine(JsonSerializer.Serialize(new ConfigCheck(path, errors.Length == 0, [.. errors.Select(error => error.ToString())]), ControlJson.Default.ConfigCheck));
            else if (AgentConfig.Report(errors, Console.Error))
            {
                Console.WriteLine($"{path} is good.");
                foreach (var note in files.Notes.Concat(npd.Notes.Select(note => note.ToString())))
                    Console.WriteLine(note);
                foreach (var example in RuleExampleCheck.Find(files.Rules))
                    Console.WriteLine(example);
                foreach (var rule in SlowRules.Find(files.Rules))
                    Console.WriteLine($"{rule.Source}: the pattern of {rule.Id} takes longer than 5 ms on some lines; the daemon will run it without backtracking. Make it simpler.");
            }
            return errors.Length == 0 ? ExitStatus.Ok : ExitStatus.Config;
        });
        return command;
    }

    private static Command ConfigReferencePage()
    {
        var command = new Command("config-reference", "Print the table of all settings (docs/configuration.md is made from it)") { Hidden = true };
        command.SetAction(_ => ConfigReference.Write(AgentKeys.Schema, Console.Out));
        return command;
    }

    private static Command Simulate()
    {
        var node = new Option<string>("--node") { Description = "The model: dgx-a100, dgx-h100, l4 and others; boards that are files as KIND-COUNT, as in mi300x-8, ib-hdr-8 or tpu-v5e-8; joined by a plus", DefaultValueFactory = _ => "dgx-h100" };
        var scenario = new Option<string?>("--scenario") { Description = "A scenario file: node, overrides and a timeline of faults", HelpName = "FILE" };
        var timeline = new Option<string?>("--timeline") { Description = "A file of what happens to boards that are files: at 5s nic 3 down", HelpName = "FILE" };
        var folder = new Option<string?>("--dir") { Description = "Folder of the simulated host, kept at the end (default: one of its own, removed)", HelpName = "DIR" };
        var kubelet = new Option<string?>("--kubelet-root") { Description = "A kubelet's folder (default: inside the simulated host)", HelpName = "DIR" };
        var metrics = new Option<string>("--metrics") { Description = "Where the metrics page is served", DefaultValueFactory = _ => "127.0.0.1:9400" };
        var simulators = new Option<string?>("--simulators") { Description = "Folder of the simulators (default: beside the program)", HelpName = "DIR" };
        var command = new Command("simulate", "Run the real daemon on a simulated node, without hardware and without root") { node, scenario, timeline, folder, kubelet, metrics, simulators };
        command.SetAction((parsed, cancellationToken) => new SimulatedNode(new SimulatedNodeOptions
        {
            Node = parsed.GetValue(node)!,
            Scenario = parsed.GetValue(scenario),
            Timeline = parsed.GetValue(timeline),
            Folder = parsed.GetValue(folder),
            KubeletRoot = parsed.GetValue(kubelet),
            MetricsAddress = parsed.GetValue(metrics)!,
            Simulators = parsed.GetValue(simulators),
        }, Console.Out).RunAsync(cancellationToken));
        return command;
    }

    private static Command Version()
    {
        var command = new Command("version", "Print the version") { Output };
        command.SetAction(parsed => Console.WriteLine(parsed.GetValue(Output) == "json"
            ? JsonSerializer.Serialize(new ProgramVersion(ProgramInfo.Version, RuntimeInformation.FrameworkDescription), ControlJson.Default.ProgramVersion)
            : $"aiinfra-agent {ProgramInfo.Version} ({RuntimeInformation.FrameworkDescription})"));
        return command;
    }

    private static Option<string> OutputOption()
    {
        var option = new Option<string>("--output", "-o") { Description = "text or json", DefaultValueFactory = _ => "text" };
        option.AcceptOnlyFromAmong("text", "json");
        return option;
    }
}
