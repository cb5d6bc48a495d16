using System.CommandLine;
using System.Text.Json;
using AIInfra.Agent.Configuration;
using AIInfra.Agent.Control;
using Spectre.Console;

namespace AIInfra.Agent.Commands;

/// <summary><c>explain allocation [RESOURCE] [COUNT]</c>: which devices a container would be given now, and why.</summary>
internal static class ExplainAllocationCommand
{
    public static Command Create(Option<string?> configFile, Option<string> output)
    {
        var resource = new Argument<string?>("RESOURCE") { Description = "For example nvidia.com/gpu; may be left out where there is only one", Arity = ArgumentArity.ZeroOrOne };
        var count = new Argument<string?>("COUNT") { Description = "How many (default: 1)", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("allocation", "Explain which of the free devices a container would be given now, and why") { resource, count, configFile, output };
        command.SetAction((parsed, cancellationToken) =>
        {
            var (config, errors) = AgentConfig.Load(parsed.GetValue(configFile));
            if (!AgentConfig.Report(errors, Console.Error))
                return Task.FromResult(ExitStatus.Config);
            var (name, number) = (parsed.GetValue(resource), parsed.GetValue(count));
            if (number is null && name is { Length: > 0 } && name.All(char.IsAsciiDigit))
                (name, number) = (null, name); // `explain allocation 4`
            return RunAsync(ControlServer.SocketPath(config), name, number, parsed.GetValue(output) == "json", cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(string socket, string? resource, string? count, bool asJson, CancellationToken cancellationToken)
    {
        using var client = new ControlClient(socket);
        try
        {
            var path = $"/v1/allocation?resource={Uri.EscapeDataString(resource ?? "")}&count={Uri.EscapeDataString(count ?? "")}";
            var answer = await client.GetAsync(path, ControlJson.Default.AllocationExplanation, cancellationToken);
            if (asJson)
                Console.WriteLine(JsonSerializer.Serialize(answer, ControlJson.Default.AllocationExplanation));
            else if (answer.Refusal is { } refusal)
                Console.Error.WriteLine(Terminal.Show(refusal));
            else
                Show(answer);
            return answer.Refusal is null ? ExitStatus.Ok : ExitStatus.NotDone;
        }
        catch (NoDaemonException fault)
        {
            Console.Error.WriteLine(fault.Message);
            return ExitStatus.Unavailable;
        }
    }

    private static void Show(AllocationExplanation answer)
    {
        var console = Terminal.Open();
        console.WriteLine($"{answer.Count} of {Terminal.Show(answer.Resource)}, out of {answer.Free} free ({Held(answer)}, {answer.Unhealthy} unhealthy)");
        console.WriteLine(Terminal.Show(answer.Says));
        var table = Terminal.Columns("", "ID", "PCI", "NUMA", "NETWORK CARD", "LINKS INSIDE", "LINKS BROKEN", "NETWORK");
        Add(table, "chosen", answer.Chosen);
        Add(table, "runner-up", answer.RunnerUp);
        console.Write(table);
    }

    private static string Held(AllocationExplanation answer) =>
        answer.Held is { } held ? $"{held} held by pods" : "who holds what is not known, so every healthy one counts as free";

    private static void Add(Table table, string what, AllocationChoice? choice)
    {
        foreach (var (unit, place) in (choice?.Units ?? []).Select((unit, place) => (unit, place)))
        {
            string[] cells =
            [
                place == 0 ? what : "", Terminal.Show(unit.Id), Terminal.Show(unit.PciAddress), unit.NumaNode?.ToString() ?? "-",
                unit.Nic is { } nic ? JsonNamingPolicy.KebabCaseLower.ConvertName(nic.ToString()) : "-",
                .. place == 0 ? [$"{choice!.Links}", $"{choice.Broken}", $"{choice.Nics}"] : new[] { "", "", "" },
            ];
            table.AddRow(cells.Select(cell => new Text(cell)));
        }
    }
}
