using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AIInfra.Agent.Control;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using Spectre.Console;

namespace AIInfra.Agent.Commands;

/// <summary>Prints what a running daemon says: for a person, or as JSON for a program.</summary>
internal sealed class ShowCommands(string socketPath, bool asJson, CancellationToken cancellationToken)
{
    public Task<int> StatusAsync() => AskAsync("/v1/status", ControlJson.Default.NodeStatus, ShowStatus);

    public Task<int> DevicesAsync() => AskAsync("/v1/devices", ControlJson.Default.IReadOnlyListDeviceStatus, ShowDevices);

    public Task<int> LabelsAsync() => AskAsync("/v1/labels", ControlJson.Default.IReadOnlyDictionaryStringString, ShowLabels);

    public Task<int> ProblemsAsync() => AskAsync("/v1/problems", ControlJson.Default.IReadOnlyListProblemStatus, problems =>
    {
        if (problems.Count == 0)
            Console.WriteLine("No problem stands.");
        new ProblemLines(Terminal.Open(), TimeProvider.System.GetUtcNow()).ShowAll(problems);
    });

    public Task<int> HistoryAsync() => AskAsync("/v1/history", ControlJson.Default.IReadOnlyListHistoryStep, steps => new ProblemLines(Terminal.Open(), TimeProvider.System.GetUtcNow()).ShowHistory(steps));

    public Task<int> ActionsAsync() => AskAsync("/v1/actions", ControlJson.Default.ActionsReport, report => new ActionLines(Terminal.Open()).Show(report));

    private async Task<int> AskAsync<T>(string path, JsonTypeInfo<T> type, Action<T> show)
    {
        using var client = new ControlClient(socketPath);
        try
        {
            var answer = await client.GetAsync(path, type, cancellationToken);
            if (asJson)
                Console.WriteLine(JsonSerializer.Serialize(answer, type));
            else
                show(answer);
            return ExitStatus.Ok;
        }
        catch (NoDaemonException fault)
        {
            Console.Error.WriteLine(fault.Message);
            return ExitStatus.Unavailable;
        }
    }

    private static void ShowStatus(NodeStatus status)
    {
        var console = Terminal.Open();
        var unhealthy = status.Devices.Count(device => !device.IsHealthy);
        var missing = status.Parts.Where(part => !part.IsReady).ToList();
        var colour = unhealthy > 0 ? "red" : status.Problems.Any(problem => problem.Severity > Severity.Info) ? "yellow" : "green";
        console.MarkupLineInterpolated($"[bold]{Terminal.Show(status.Node)}[/]: [{colour}]{Summary(status, unhealthy)}[/]");
        foreach (var vendor in status.Vendors)
            Terminal.WriteParagraph(console, "  ", $"{vendor.Vendor}: {Describe(vendor)}");
        foreach (var part in missing)
            Terminal.WriteParagraph(console, "  NOT READY ", $"{part.Name}: {Terminal.Show(part.Detail)}");
        foreach (var fault in status.NotOffered)
            Terminal.WriteParagraph(console, "  NOT OFFERED ", Terminal.Show(fault));
        Terminal.WriteParagraph(console, "  ", $"agent {status.Version}, up since {status.Started:yyyy-MM-dd HH:mm:ss}Z{(missing.Count == 0 ? ", every part is ready" : "")}");
        ShowProbes(console, status.Probes);
        Terminal.WriteParagraph(console, "  ", ActionLines.Summary(status.Remediation));
        if (status.Problems.Count > 0)
            new ProblemLines(console, TimeProvider.System.GetUtcNow()).ShowSummary(status.Problems);
    }

    /// <summary>One line, and one for each probe that hangs or is broken.</summary>
    private static void ShowProbes(IAnsiConsole console, IReadOnlyList<ProbeStatus> probes)
    {
        if (probes.Count == 0)
            return;
        var bad = probes.Where(probe => probe.Problems > 0).Select(probe => $"{probe.Name} ({probe.Problems})").ToList();
        var idle = probes.Where(probe => probe.State is ProbeState.NotHere or ProbeState.Off).Select(probe => probe.Name).ToList();
        Terminal.WriteParagraph(console, "  ", $"probes: {probes.Count(probe => probe.State == ProbeState.Done)} of {probes.Count} have looked, "
            + (bad.Count == 0 ? "none found anything bad" : $"found bad: {string.Join(", ", bad)}") + (idle.Count == 0 ? "" : $"; nothing to look at for {string.Join(", ", idle)}"));
        foreach (var probe in probes.Where(probe => probe.State is ProbeState.Hung or ProbeState.Failed))
            Terminal.WriteParagraph(console, "  PROBE ", $"{probe.Name} {probe.State.ToString().ToLowerInvariant()}: {Terminal.Show(probe.Detail)}");
    }

    private static string Summary(NodeStatus status, int unhealthy) =>
        $"{(unhealthy == 0 ? $"{status.Devices.Count} devices, all healthy" : $"{unhealthy} of {status.Devices.Count} devices UNHEALTHY")}, {Problems(status.Problems)}";

    private static string Problems(IReadOnlyList<ProblemStatus> problems)
    {
        var incidents = problems.Count(problem => problem.IsHeadline);
        return problems.Count == 0 ? "no problem" : $"{incidents} {(incidents == 1 ? "incident" : "incidents")} ({problems.Count} {(problems.Count == 1 ? "problem" : "problems")})";
    }

    private static string Describe(VendorStatus vendor) => vendor.State switch
    {
        VendorState.Ready => $"{vendor.Healthy} of {vendor.Devices} healthy, driver {Terminal.Show(vendor.DriverVersion)}{(vendor.IsSimulated ? ", SIMULATED" : "")}",
        _ => $"{vendor.State.ToString().ToLowerInvariant()}, {vendor.Devices} devices known. {Terminal.Show(vendor.Reason)}",
    };

    internal static void ShowLabels(IReadOnlyDictionary<string, string> labels)
    {
        foreach (var (name, value) in labels)
            Console.WriteLine($"{name}={value}");
    }

    internal static void ShowDevices(IReadOnlyList<DeviceStatus> devices)
    {
        var console = Terminal.Open();
        var table = Terminal.Columns("DEVICE", "ID", "PCI", "NUMA", "MEMORY", "HEALTH", "MODEL", "HELD BY");
        foreach (var device in devices)
        {
            table.AddRow(
                new Text($"{device.Vendor} {device.Index}"), new Text(Terminal.Show(device.Id)), new Text(Terminal.Show(device.PciAddress)),
                new Text(device.NumaNode?.ToString() ?? "-"), new Text(Terminal.Bytes(device.MemoryBytes)),
                device.IsHealthy ? new Text("healthy") : new Text($"UNHEALTHY {string.Join(", ", device.Problems)}", new Style(Color.Red)),
                new Text(Terminal.Show(device.Model)),
                new Text(device.Pods is null ? "?" : device.Pods.Count == 0 ? "-" : ProblemLines.Held(device.Pods)[" held by ".Length..]));
        }
        if (devices.Count == 0)
            console.WriteLine("No devices. `aiinfra-agent status` says what was looked for.");
        else
            console.Write(table);
    }
}
