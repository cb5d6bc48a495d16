using System.CommandLine;
using System.Runtime.InteropServices;
using AIInfra.Aggregator.Configuration;
using AIInfra.Aggregator.Hosting;
using AIInfra.Core.Configuration;

namespace AIInfra.Aggregator.Commands;

/// <summary>The commands, what each takes, and what runs it.</summary>
internal static class AggregatorCommandLine
{
    private static readonly Option<string?> ConfigFile = new("--config") { Description = $"The configuration file (default: {AggregatorConfig.DefaultFile} if it is there)", HelpName = "FILE" };

    /// <summary>Parses and runs. Usage errors give <see cref="ExitStatus.Usage"/>.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var root = new RootCommand("The coordinator of a fleet of AI nodes: state, budgets and incidents of all of them.")
        {
            Run(), TokenCommands.Create(ConfigFile), CertificateCommands.Create(ConfigFile), CertificateCommands.Authority(ConfigFile), CheckConfig(), ConfigReferencePage(), Version(),
        };
        foreach (var builtIn in root.Options.Where(option => option is VersionOption).ToList())
            root.Options.Remove(builtIn); // `version` is a command here

        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count == 0)
            return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
        foreach (var error in parsed.Errors)
            await Console.Error.WriteLineAsync(error.Message);
        await Console.Error.WriteLineAsync("`aiinfra-aggregator --help` lists the commands.");
        return ExitStatus.Usage;
    }

    /// <summary>Runs with the configuration, or says what is wrong with it.</summary>
    public static Task<int> WithConfigAsync(string? file, Func<Config, Task<int>> run)
    {
        var (config, errors) = AggregatorConfig.Load(file);
        return AggregatorConfig.Report(errors, Console.Error) ? run(config) : Task.FromResult(ExitStatus.Config);
    }

    private static Command Run()
    {
        var command = new Command("run", "Run the aggregator in the foreground until it is told to stop") { ConfigFile };
        command.SetAction((parsed, cancellationToken) => WithConfigAsync(parsed.GetValue(ConfigFile), config => AggregatorHost.RunAsync(config, cancellationToken)));
        return command;
    }

    private static Command CheckConfig()
    {
        var file = new Argument<string>("FILE") { Description = "The configuration file" };
        var command = new Command("check-config", "Check a configuration file and the environment, without starting anything") { file };
        command.SetAction(parsed =>
        {
            var (_, errors) = AggregatorConfig.Load(parsed.GetValue(file));
            if (!AggregatorConfig.Report(errors, Console.Error))
                return ExitStatus.Config;
            Console.WriteLine($"{parsed.GetValue(file)} is good.");
            return ExitStatus.Ok;
        });
        return command;
    }

    private static Command ConfigReferencePage()
    {
        var command = new Command("config-reference", "Print the table of all settings (docs/aggregator-configuration.md is made from it)") { Hidden = true };
        command.SetAction(_ => ConfigReference.Write(AggregatorKeys.Schema, Console.Out));
        return command;
    }

    private static Command Version()
    {
        var command = new Command("version", "Print the version");
        command.SetAction(_ => Console.WriteLine($"aiinfra-aggregator {ProgramInfo.Version} ({RuntimeInformation.FrameworkDescription})"));
        return command;
    }
}
