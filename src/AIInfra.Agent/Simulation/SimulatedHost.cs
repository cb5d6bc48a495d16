using System.Diagnostics;

namespace AIInfra.Agent.Simulation;

/// <summary>The folder of a simulated node: scenario, host tree, the daemon's configuration, state and sockets.</summary>
internal sealed class SimulatedHost
{
    private readonly string _folder;
    private readonly string? _simulators;
    private readonly string _scenario;

    private SimulatedHost(string folder, string? simulators, string scenario) =>
        (_folder, _simulators, _scenario) = (folder, simulators, scenario);

    /// <summary>The host's root.</summary>
    public string Root => Path.Combine(_folder, "host");

    /// <summary>Lays the folder out. A scenario that is there already is kept, so that it can be appended to.</summary>
    /// <param name="simulators">Null: the node has no board that needs a simulated library.</param>
    /// <param name="model">What of the node a simulated library is for; null for nothing.</param>
    public static SimulatedHost Write(string folder, string? simulators, SimulatedNodeOptions options, string? model)
    {
        var levelZero = SimulatedLevelZero.Of(options);
        folder = Path.GetFullPath(folder);
        var kubelet = Path.GetFullPath(options.KubeletRoot ?? Path.Combine(folder, "host/var/lib/kubelet"));
        Directory.CreateDirectory(Path.Combine(folder, "host/proc")); // a release is proved there
        Directory.CreateDirectory(Path.Combine(kubelet, "device-plugins"));
        File.Delete(Path.Combine(folder, "epoch")); // a new start is a new time zero
        LinkUevents(folder);
        File.WriteAllText(Path.Combine(folder, "kmsg"), ""); // and a new kernel log, which the player writes

        var scenario = options.Scenario is { } given ? Path.GetFullPath(given) : Path.Combine(folder, "scenario.txt");
        if (options.Scenario is null)
            File.WriteAllLines(scenario, [$"node {model ?? (levelZero is null ? "" : SimulatedLevelZero.Bare)}", .. levelZero?.Scenario ?? []]);

        File.WriteAllText(Path.Combine(folder, "agent.yaml"), $"""
            # Written by `aiinfra-agent simulate`.
            node: {"{"} name: simulated {"}"}
            host: {"{"} root: {Quote(Path.Combine(folder, "host"))} {"}"}
            state: {"{"} path: {Quote(Path.Combine(folder, "state"))} {"}"}
            run: {"{"} path: {Quote(Path.Combine(folder, "run"))} {"}"}
            kubelet: {"{"} root: {Quote(kubelet)} {"}"}
            metrics: {"{"} address: {Quote(options.MetricsAddress)} {"}"}
            health: {"{"} kernelLog: {"{"} path: {Quote(Path.Combine(folder, "kmsg"))} {"}"} {"}"}
            vendors:
              {string.Join("\n  ", SimulatedLibraries.Lines(simulators is null ? null : SimulatedLibraries.NodeOf(scenario), simulators ?? "", levelZero?.Library, Quote))}

            """);
        return new SimulatedHost(folder, simulators, scenario);
    }

    /// <summary>The player keeps its uevents beside the host; a host that is a folder has them in run/uevents.</summary>
    private static void LinkUevents(string folder)
    {
        var link = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "host/run")).FullName, "uevents");
        File.Delete(link);
        File.CreateSymbolicLink(link, "../../uevents");
    }

    /// <summary>Runs a command of the player's to its end. Its complaints go to this process's standard error.</summary>
    public async Task<int> RunToolAsync(string command, CancellationToken cancellationToken)
    {
        using var tool = StartTool(command);
        tool.StandardInput.Close();
        await tool.StandardOutput.ReadToEndAsync(cancellationToken);
        await tool.WaitForExitAsync(cancellationToken);
        return tool.ExitCode;
    }

    public Process StartTool(string command)
    {
        var start = new ProcessStartInfo(Path.Combine(_simulators!, "aiinfra-simnode"),
            [command, "--scenario", _scenario, "--root", Path.Combine(_folder, "host"), "--state", _folder])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        return Start(start);
    }

    /// <summary>Starts this very program as the node's daemon.</summary>
    public Process StartDaemon() =>
        Start(new ProcessStartInfo(Environment.ProcessPath!, ["run", "--config", Path.Combine(_folder, "agent.yaml")]));

    /// <summary>What the simulated libraries go by; children that this process starts inherit it.</summary>
    public void SetEnvironment()
    {
        Environment.SetEnvironmentVariable("AIINFRA_SIM_SCENARIO", _scenario);
        Environment.SetEnvironmentVariable("AIINFRA_SIM_STATE", _folder);
    }

    private Process Start(ProcessStartInfo start)
    {
        start.Environment["AIINFRA_SIM_SCENARIO"] = _scenario;
        start.Environment["AIINFRA_SIM_STATE"] = _folder;
        return Process.Start(start)!;
    }

    /// <summary>A YAML double-quoted scalar (YAML 1.2, section 7.3.1).</summary>
    private static string Quote(string text) => $"\"{text.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"";
}
