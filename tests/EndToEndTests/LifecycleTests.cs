using System.Diagnostics;
using System.Text.Json;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>What a node sees of a restart and a reload of its agent. What is measured is printed.</summary>
public sealed class LifecycleTests
{
    private const string Resource = "nvidia.com/gpu";

    private readonly Stopwatch _clock = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_pod_keeps_its_devices_while_the_agent_is_drained_and_started_again()
    {
        await using var run = await StartAsync();
        var devices = await run.AskAsync("devices");
        var held = devices[0].GetProperty("id").GetString()!;
        var (answer, _) = await run.AllocateAsync(Resource, held);
        var given = answer.GetProperty("devices").EnumerateArray().Select(device => device.GetProperty("host_path").GetString()!).ToList();
        await run.InjectAsync("gpu 5 xid 79"); // stands over the restart
        await run.WaitForListAsync(healthy: 7, of: 8);

        _clock.Restart();
        await AgentProgram.SignalAsync(run.Node.Id, 15);
        await run.WaitForEventAsync("ended");
        Say("SIGTERM to the kubelet's stream closed: the devices are not allocatable from here on, running pods keep theirs");
        Assert.Equal(0, await run.Node.WaitForExitAsync(Stop));
        Say("SIGTERM to the process gone");
        Assert.Empty(Directory.GetFiles(Path.Combine(run.KubeletRoot, "device-plugins"), "aiinfra-*.sock"));

        _clock.Restart();
        run.StartDaemonAlone();
        Assert.Single(await run.WaitForListAsync(healthy: 7, of: 8)); // never eight: what was wrong before is wrong in the first list
        Say("start to all devices listed again, the sick one Unhealthy (budget 1 s)");
        var (again, refusal) = await run.AllocateAsync(Resource, held);
        Assert.True(refusal is null, refusal);
        Assert.Equal(given, again.GetProperty("devices").EnumerateArray().Select(device => device.GetProperty("host_path").GetString()!));
    }

    [Fact]
    public async Task SIGHUP_takes_over_a_changed_configuration_in_the_same_process_and_refuses_a_wrong_one()
    {
        await using var run = await StartAloneAsync();
        var (pid, good) = (run.Node.Id, await File.ReadAllTextAsync(run.Config, Stop));

        await File.WriteAllTextAsync(run.Config, good + "\nremediation: { mood: off }\n", Stop);
        await AgentProgram.SignalAsync(pid, 1);
        await Eventually.AsyncTrue(() => Task.FromResult(run.Node.Transcript.Contains("SIGHUP: the configuration is wrong", StringComparison.Ordinal)), () => run.Node.Transcript);
        Assert.Contains("remediation.mood", run.Node.Transcript, StringComparison.Ordinal);
        await File.WriteAllTextAsync(run.Config, good, Stop); // the command that asks reads it too
        Assert.Equal("dry-run", await ModeAsync(run));

        await File.WriteAllTextAsync(run.Config, good + "\nremediation: { mode: \"off\" }\n", Stop);
        _clock.Restart();
        await AgentProgram.SignalAsync(pid, 1);
        await run.WaitForEventAsync("ended");
        await run.WaitForListAsync(healthy: 8, of: 8);
        Say("SIGHUP to all devices listed again (budget 1 s)");

        await Eventually.AsyncTrue(async () => await ModeAsync(run) == "off", () => run.Node.Transcript);
        Assert.Equal($"{pid}\n", await File.ReadAllTextAsync(Path.Combine(run.NodeFolder, "run", "agent.pid"), Stop));
        Assert.Empty(Zombies(pid));
    }

    [Fact]
    public async Task A_swapped_ConfigMap_is_taken_over_by_itself_once_it_is_whole_and_a_wrong_one_is_said_in_readyz()
    {
        await using var run = await StartAloneAsync("reload: { onChange: true }");
        var text = await File.ReadAllTextAsync(run.Config, Stop);

        Swap(run, text + "\nremediation: { mode: sometimes }\n");
        await Eventually.AsyncTrue(async () => (await ReadyAsync(run)).Contains("[-] configuration: ", StringComparison.Ordinal), () => run.Node.Transcript);
        Assert.Contains("the one from the start holds", await ReadyAsync(run), StringComparison.Ordinal);

        _clock.Restart();
        Swap(run, text + "\nremediation: { mode: \"off\" }\n");
        await run.WaitForEventAsync("ended");
        Say("swap to the daemon's end");
        _clock.Restart();
        await run.WaitForListAsync(healthy: 8, of: 8);
        Say("the daemon's end to all devices listed again");
        await Eventually.AsyncTrue(async () => await ModeAsync(run) == "off", () => run.Node.Transcript);
    }

    private static async Task<SimulatedNodeRun> StartAsync()
    {
        var run = await SimulatedNodeRun.StartAsync("node dgx-h100\n");
        await run.WaitForListAsync(healthy: 8, of: 8);
        return run;
    }

    /// <summary>The daemon without the simulating process around it, as a service manager has it.</summary>
    private static async Task<SimulatedNodeRun> StartAloneAsync(string more = "")
    {
        var run = await StartAsync();
        await EndAsync(run);
        if (more.Length > 0)
            Swap(run, await File.ReadAllTextAsync(run.Config, Stop) + $"\n{more}\n");
        run.StartDaemonAlone();
        await run.WaitForListAsync(healthy: 8, of: 8);
        await Eventually.AsyncTrue(() => Task.FromResult(File.Exists(Path.Combine(run.NodeFolder, "run", "agent.sock"))), () => run.Node.Transcript);
        return run;
    }

    private static async Task EndAsync(SimulatedNodeRun run)
    {
        await AgentProgram.SignalAsync(run.Node.Id, 15);
        await run.Node.WaitForExitAsync(Stop);
        await run.WaitForEventAsync("ended");
    }

    /// <summary>Puts a text in the place of the configuration as the kubelet does with a ConfigMap: a new folder, and one link that is renamed over the old one.</summary>
    private static void Swap(SimulatedNodeRun run, string text)
    {
        var folder = Path.Combine(Path.GetDirectoryName(run.Config)!, "map");
        var version = Directory.CreateDirectory(Path.Combine(folder, $"..{Guid.NewGuid():n}"));
        File.WriteAllText(Path.Combine(version.FullName, "agent.yaml"), text);
        File.CreateSymbolicLink(Path.Combine(folder, "..new"), version.Name);
        using (var rename = Process.Start("mv", ["-T", Path.Combine(folder, "..new"), Path.Combine(folder, "..data")])) // File.Move follows the link
            rename.WaitForExit();
        if (new FileInfo(run.Config).LinkTarget is null)
        {
            File.Delete(run.Config);
            File.CreateSymbolicLink(run.Config, Path.Combine(folder, "..data", "agent.yaml"));
        }
    }

    private static async Task<string> ModeAsync(SimulatedNodeRun run)
    {
        var (status, output) = await AgentProgram.RunAsync("actions", "-o", "json", "--config", run.Config);
        if (status != 0)
            return ""; // it begins anew
        var mode = JsonDocument.Parse(output).RootElement.GetProperty("remediation").GetProperty("mode").GetString()!;
        return mode == "DryRun" ? "dry-run" : mode.ToLowerInvariant();
    }

    private static async Task<string> ReadyAsync(SimulatedNodeRun run)
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{run.Port}/readyz"), Stop);
        return await answer.Content.ReadAsStringAsync(Stop);
    }

    private static List<string> Zombies(int parent) => [.. Directory.GetDirectories("/proc").Select(folder => Path.Combine(folder, "stat")).Where(File.Exists)
        .Select(file => { try { return File.ReadAllText(file); } catch (IOException) { return ""; } }).Where(stat => stat.Contains($") Z {parent} ", StringComparison.Ordinal))];

    private void Say(string what) => TestContext.Current.TestOutputHelper?.WriteLine($"{_clock.Elapsed.TotalMilliseconds,7:0} ms  {what}");
}
