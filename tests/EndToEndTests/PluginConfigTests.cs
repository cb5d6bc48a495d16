using System.Text.Json;

namespace AIInfra.EndToEndTests;

/// <summary>An operator takes NVIDIA's device plugin away and keeps its config: a simulated node, and a kubelet that is not ours.</summary>
public sealed class PluginConfigTests
{
    private const string Gpu = "nvidia.com/gpu", Small = "nvidia.com/mig-1g.10gb";

    [Theory]
    [InlineData("envvar", "env")]
    [InlineData("volume-mounts", "mounts")]
    [InlineData("cdi-annotations", "annotation")]
    [InlineData("cdi-cri", "field")]
    [InlineData("[envvar, volume-mounts]", "mounts")]
    [InlineData("[cdi-annotations, cdi-cri]", "annotation field")]
    public async Task Every_list_strategy_reaches_the_container(string strategy, string ways)
    {
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n", pluginConfig: $$"""
            version: v1
            flags: { gdsEnabled: true, plugin: { deviceListStrategy: {{strategy}} } }
            """, prepare: Driver);
        var id = (await run.WaitForListAsync(Gpu, list => list.Count == 4))[2].Id;
        if (ways.Contains("annotation", StringComparison.Ordinal) || ways.Contains("field", StringComparison.Ordinal))
            await Eventually.AsyncTrue(() => Task.FromResult(Directory.Exists(Path.Combine(run.NodeFolder, "host/run/cdi")) && run.Node.Transcript.Contains("CDI devices", StringComparison.Ordinal)), () => run.Node.Transcript);

        var (answer, refusal) = await run.AllocateAsync(Gpu, id);

        Assert.True(refusal is null, refusal + run.Node.Transcript);
        string[] cdi = [$"k8s.device-plugin.nvidia.com/gpu={id}", "k8s.device-plugin.nvidia.com/gds=all"];
        var mounts = answer.GetProperty("mounts").EnumerateArray().Select(mount => mount.GetProperty("container_path").GetString()).ToArray();
        Assert.Equal(ways.Contains("env", StringComparison.Ordinal) ? id : ways.Contains("mounts", StringComparison.Ordinal) ? "/var/run/nvidia-container-devices" : null, Env(answer, "NVIDIA_VISIBLE_DEVICES"));
        Assert.Equal(ways.Contains("mounts", StringComparison.Ordinal) ? [$"/var/run/nvidia-container-devices/{id}"] : [], mounts);
        Assert.Equal(ways.Contains("annotation", StringComparison.Ordinal) ? [string.Join(',', cdi)] : [], answer.GetProperty("annotations").EnumerateObject().Select(entry => entry.Value.GetString()));
        Assert.Equal(ways.Contains("field", StringComparison.Ordinal) ? cdi : [], answer.GetProperty("cdi_devices").EnumerateArray().Select(device => device.GetProperty("name").GetString()));
        Assert.Equal("enabled", Env(answer, "NVIDIA_GDS"));
        Assert.Empty(answer.GetProperty("devices").EnumerateArray());
    }

    [Fact]
    public async Task Time_slices_are_offered_given_out_and_lost_with_their_GPU()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n", pluginConfig: """
            version: v1
            sharing:
              timeSlicing:
                renameByDefault: true
                failRequestsGreaterThanOne: true
                resources: [{ name: nvidia.com/gpu, replicas: 3 }]
            """);
        var list = await run.WaitForListAsync("nvidia.com/gpu.shared", all => all.Count == 12 && all.All(device => device.IsHealthy));
        var board = list[0].Id.Split("::")[0];
        Assert.Equal([$"{board}::0", $"{board}::1", $"{board}::2"], list.Take(3).Select(device => device.Id));

        Assert.Equal(board, Env((await run.AllocateAsync("nvidia.com/gpu.shared", $"{board}::1")).Answer, "NVIDIA_VISIBLE_DEVICES"));
        Assert.Contains("at most 1 of it and this one asks for 2", (await run.AllocateAsync("nvidia.com/gpu.shared", $"{board}::0", $"{board}::1")).Refusal, StringComparison.Ordinal);

        await run.InjectAsync("gpu 0 xid 79");
        var hurt = await run.WaitForListAsync("nvidia.com/gpu.shared", all => all.Any(device => !device.IsHealthy));
        Assert.Equal([$"{board}::0", $"{board}::1", $"{board}::2"], hurt.Where(device => !device.IsHealthy).Select(device => device.Id));

        var labels = await run.AskAsync("devices", "--labels");
        Assert.Equal(("3", "time-slicing"), (labels.GetProperty("nvidia.com/gpu.replicas").GetString(), labels.GetProperty("nvidia.com/gpu.sharing-strategy").GetString()));
    }

    [Fact]
    public async Task Partitions_come_are_given_with_their_capabilities_and_go_without_a_restart()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node dgx-h100\n", pluginConfig: """
            version: v1
            flags: { migStrategy: mixed, plugin: { passDeviceSpecs: true, deviceListStrategy: envvar } }
            """);
        Assert.Equal(8, (await run.WaitForListAsync(Gpu, list => list.Count == 8)).Count);

        await run.InjectAsync("gpu 1 mig 1g.10gb,1g.10gb");
        var parts = await run.WaitForListAsync(Small, list => list.Count == 2);
        Assert.All(parts, part => Assert.StartsWith("MIG-", part.Id, StringComparison.Ordinal));
        (JsonElement Answer, string? Refusal) given = default;
        await Eventually.AsyncTrue(async () => (given = await run.AllocateAsync(Small, parts[1].Id)).Refusal is null, () => given.Refusal + run.Node.Transcript); // the capability's files follow the partition
        Assert.Equal(parts[1].Id, Env(given.Answer, "NVIDIA_VISIBLE_DEVICES"));
        var nodes = given.Answer.GetProperty("devices").EnumerateArray().Select(node => node.GetProperty("host_path").GetString()!).ToArray();
        Assert.Equal(["/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia1"], nodes[..4]);
        Assert.All(nodes[4..], node => Assert.Matches("^/dev/nvidia-caps/nvidia-cap[0-9]+$", node));
        Assert.Equal(6, nodes.Length);
        Assert.Equal("2", (await run.AskAsync("devices", "--labels")).GetProperty($"{Small}.count").GetString());

        await run.InjectAsync("gpu 1 xid 79");
        Assert.All(await run.WaitForListAsync(Small, list => list.Any(part => !part.IsHealthy)), part => Assert.False(part.IsHealthy));
    }

    [Fact]
    public async Task What_is_wrong_with_a_plugin_config_stops_the_start_and_what_has_no_effect_is_said()
    {
        using var folder = new TestFolder();
        var bad = folder.Write("bad.yaml", "version: v1\nsharing:\n  mps: { resources: [{ name: nvidia.com/gpu, replicas: 4 }] }\n");
        var good = folder.Write("good.yaml", "version: v1\nflags: { failOnInitError: false }\n");

        foreach (var command in new[] { ["check-config", folder.WriteConfig(9, $"vendors: {{ nvidia: {{ config: {bad} }} }}")], new[] { "run", "--config", folder.Combine("agent.yaml") } })
        {
            var (status, output) = await AgentProgram.RunAsync(command);
            Assert.Equal(78, status);
            Assert.Contains($"stderr: {bad}:3:3: sharing.mps: sharing by MPS is not available in this version", output, StringComparison.Ordinal);
        }
        var file = folder.WriteConfig(9, $"vendors: {{ nvidia: {{ config: {good} }} }}");
        Assert.Equal((0, $"{file} is good.\n{good}:2:10: flags.failOnInitError: has no effect here: without a driver the agent waits for one, and says so in `aiinfra-agent status`.\n"),
            await AgentProgram.RunAsync("check-config", file));

        var twice = folder.WriteConfig(9, $"vendors: {{ nvidia: {{ config: {folder.Write("shares.yaml", "sharing: { timeSlicing: { resources: [{ name: gpu, replicas: 2 }] } }")}, sharing: {{ replicas: [nvidia.com/gpu=4] }} }} }}");
        Assert.Contains("devices can be shared in one way only", (await AgentProgram.RunAsync("check-config", twice)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_daemons_own_settings_share_and_label_without_any_plugin_config()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n", settings:
            [("AIINFRA_VENDORS__NVIDIA__SHARING__REPLICAS", "nvidia.com/gpu=2"), ("AIINFRA_LABELS__FILE", Path.Combine(Path.GetTempPath(), $"aiinfra-{Guid.NewGuid():N}"))]);
        Assert.Equal(8, (await run.WaitForListAsync(Gpu, list => list.Count == 8)).Count);

        var labels = await run.AskAsync("devices", "--labels");

        Assert.Equal("2", labels.GetProperty("nvidia.com/gpu.replicas").GetString());
        Assert.Contains("simulated", labels.GetProperty("nvidia.com/gpu.product").GetString(), StringComparison.Ordinal);
    }

    /// <summary>As much of a driver as makes CDI specs possible.</summary>
    private static void Driver(string host)
    {
        foreach (var file in (string[])["usr/lib/x86_64-linux-gnu/libcuda.so.570.124.06", "usr/lib/x86_64-linux-gnu/libnvidia-ml.so.570.124.06", "usr/bin/nvidia-cdi-hook", "dev/nvidia-fs0"])
        {
            var path = Path.Combine(host, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, "create-symlinks update-ldcache enable-cuda-compat disable-device-node-modification");
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static string? Env(JsonElement answer, string name) => answer.GetProperty("envs").TryGetProperty(name, out var value) ? value.GetString() : null;
}
