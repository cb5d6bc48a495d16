using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AIInfra.Agent.Configuration;
using AIInfra.Agent.Control;

namespace AIInfra.Agent.Commands;

/// <summary>The commands that make a running daemon change something: <c>clear</c>, <c>release</c>; and <c>problems</c> with its history.</summary>
internal sealed class ActCommands(Option<string?> configFile, Option<string> output)
{
    public Command Problems()
    {
        var history = new Option<bool>("--history") { Description = "What came and went in this boot and the four before it instead" };
        var command = new Command("problems", "The problems that stand, worst first") { history, configFile, output };
        command.SetAction((parsed, cancellationToken) => WithDaemonAsync(parsed, socket =>
        {
            var show = new ShowCommands(socket, parsed.GetValue(output) == "json", cancellationToken);
            return parsed.GetValue(history) ? show.HistoryAsync() : show.ProblemsAsync();
        }));
        return command;
    }

    public Command Clear()
    {
        var problem = new Argument<string>("PROBLEM") { Description = "Its id, for example nvidia.xid.79" };
        var on = new Option<string?>("--on") { Description = "What it is on, where it stands on several: a device's id, PCI address or node name", HelpName = "SUBJECT" };
        var command = new Command("clear", "Say that a problem is over") { problem, on, configFile, output };
        command.SetAction((parsed, cancellationToken) =>
            ActAsync(parsed, "/v1/clear", new ClearRequest(parsed.GetValue(problem)!, parsed.GetValue(on)), ControlJson.Default.ClearRequest, cancellationToken));
        return command;
    }

    public Command Release() => ForVendor("release", "/v1/release",
        "Let go of a vendor's devices, so that its driver can be changed; they get no new work until they are resumed");

    private Command ForVendor(string name, string path, string description)
    {
        var vendor = new Argument<string>("VENDOR") { Description = "Its key in the configuration, for example nvidia" };
        var command = new Command(name, description) { vendor, configFile, output };
        command.SetAction((parsed, cancellationToken) =>
            ActAsync(parsed, path, new VendorRequest(parsed.GetValue(vendor)!), ControlJson.Default.VendorRequest, cancellationToken));
        return command;
    }

    public Task<int> ActAsync<T>(ParseResult parsed, string path, T request, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        WithDaemonAsync(parsed, async socket =>
        {
            using var client = new ControlClient(socket);
            try
            {
                var answer = await client.PostAsync(path, request, type, cancellationToken);
                if (parsed.GetValue(output) == "json")
                    Console.WriteLine(JsonSerializer.Serialize(answer, ControlJson.Default.CommandAnswer));
                else
                    Tell(answer);
                return answer.IsDone ? ExitStatus.Ok : ExitStatus.NotDone;
            }
            catch (NoDaemonException fault)
            {
                await Console.Error.WriteLineAsync(fault.Message);
                return ExitStatus.Unavailable;
            }
        });

    private static void Tell(CommandAnswer answer)
    {
        var writer = answer.IsDone ? Console.Out : Console.Error;
        writer.WriteLine(Terminal.Show(answer.Says));
        foreach (var line in answer.Details)
            writer.WriteLine($"  {Terminal.Show(line)}");
    }

    private async Task<int> WithDaemonAsync(ParseResult parsed, Func<string, Task<int>> act)
    {
        var (config, errors) = AgentConfig.Load(parsed.GetValue(configFile));
        return AgentConfig.Report(errors, Console.Error) ? await act(ControlServer.SocketPath(config)) : ExitStatus.Config;
    }
}
