using AIInfra.Testing;
using AIInfra.Vendors.Simulation;

namespace AIInfra.Bench;

/// <summary>All vendors on one node, and nothing stored of them: from the start of the published agent until the kubelet has registered the last of their resources.</summary>
internal static class FirstStartCost
{
    private const int Rounds = 5;
    private const string Files = "mi300x-2+max1550-2+ib-hdr-2+edgetpu-2";

    private static readonly string[] Resources = ["nvidia.com/gpu", "huawei.com/", "cambricon.com/mlu", "amd.com/gpu", "gpu.intel.com/i915", "rdma/hca", "google.com/edgetpu"];

    public static async Task RunAsync(TextWriter output)
    {
        var (program, native) = (RepositoryRoot.Combine("out", "publish", "aiinfra-agent"), RepositoryRoot.Combine("out", "native"));
        if (!File.Exists(program) || !File.Exists(Path.Combine(native, "aiinfra-simnode")))
        {
            output.Note($"all vendors: {program} or the simulators are not built; run make publish");
            return;
        }
        output.Note($"all vendors on one node ({string.Join(", ", Resources)}), no stored inventory; best of {Rounds}, published agent, stand-in kubelet");
        var (times, used) = (new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            var (milliseconds, seconds) = await StartAsync(program, native);
            times.Add(milliseconds);
            used.Add(seconds);
        }
        output.Row("all vendors: first start until all are registered, ms", times.Min(), null, "1500");
        output.Row("all vendors: the same, median, ms", times.At(0.5));
        output.Row("all vendors: processor time of agent and children until then, s", used.Min());
    }

    private static async Task<(double Milliseconds, double ProcessorSeconds)> StartAsync(string program, string native)
    {
        var folder = Directory.CreateTempSubdirectory("aiinfra-bench-").FullName;
        try
        {
            string Here(string name) => Path.Combine(folder, name);
            string Library(string name) => Path.Combine(native, name);
            var kubeletRoot = Here("kubelet");
            Directory.CreateDirectory(Path.Combine(kubeletRoot, "device-plugins"));
            var host = new SimulatedFiles(Here("host"));
            SimulatedBoards.Write(host, SimulatedBoards.Of(host, Files).Boards!.Value);
            await File.WriteAllTextAsync(Here("scenario.txt"), "node mixed\n");
            await using (var tool = PeerProcess.Start(Library("aiinfra-simnode"), ["tree", "--scenario", Here("scenario.txt"), "--state", folder, "--root", Here("host")]))
                await tool.WaitForExitAsync();
            await File.WriteAllTextAsync(Here("agent.yaml"), $$"""
                node: { name: bench }
                host: { root: {{Here("host")}} }
                state: { path: {{Here("state")}} }
                run: { path: {{Here("run")}} }
                kubelet: { root: {{kubeletRoot}} }
                metrics: { address: "127.0.0.1:0" }
                health: { kernelLog: { path: {{Here("kmsg")}} } }
                vendors:
                  nvidia: { library: {{Library("libnvidia-ml.so.1")}} }
                  ascend: { library: {{Library("libdcmi.so")}} }
                  cambricon: { library: {{Library("libcndev.so")}} }
                """);
            await File.WriteAllTextAsync(Here("kmsg"), "");
            await using var kubelet = PeerProcess.Node("kubelet.mjs", "--root", kubeletRoot);
            await kubelet.WaitForLineAsync("{\"event\":\"listening\"");
            var started = TimeProvider.System.GetTimestamp();
            await using var daemon = PeerProcess.Start(program, ["run", "--config", Here("agent.yaml")], new Dictionary<string, string> { ["AIINFRA_SIM_SCENARIO"] = Here("scenario.txt"), ["AIINFRA_SIM_STATE"] = folder });
            for (var missing = Resources; missing.Length > 0;)
            {
                var registered = await kubelet.WaitForLineAsync("{\"event\":\"registered\",\"resource\":\"");
                missing = [.. missing.Where(resource => !registered.StartsWith(resource, StringComparison.Ordinal))];
            }
            return (TimeProvider.System.GetElapsedTime(started).TotalMilliseconds, ProcessTree.ProcessorSeconds(ProcessTree.Of(daemon.Id)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
