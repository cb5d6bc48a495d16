using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Testing;
using AIInfra.Vendors.Ascend;
using AIInfra.Vendors.Cambricon;
using AIInfra.Vendors.Intel;

namespace AIInfra.Bench;

/// <summary>What a vendor with a library costs, on simulated libraries with the published agent as vendor host: the memory that its child adds to a daemon of the same file, the time to
/// describe 32 boards, and one round over them.</summary>
internal static class LibraryVendorCost
{
    private const int Boards = 32, Rounds = 100;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30), Settling = TimeSpan.FromSeconds(5);

    public static async Task RunAsync(TextWriter output)
    {
        var agent = RepositoryRoot.Combine("out", "publish", "aiinfra-agent");
        if (!File.Exists(agent))
        {
            output.Note($"vendors with a library: {agent} is not built; run make publish");
            return;
        }
        output.Note("vendors with a library, simulated; processor time of child and parent together, one round over 32 boards; memory is what the child adds to the published daemon, whose file both map");
        try
        {
            await MeasureAllAsync(output, agent);
        }
        catch (VendorHostException fault)
        {
            output.Note($"vendors with a library: {agent} is not of this build; run make publish ({fault.Message})");
        }
    }

    private static async Task MeasureAllAsync(TextWriter output, string agent)
    {
        await MeasureAsync(output, agent, "cambricon", "libcndev.so", $"node mlu590-8\nmlus {Boards}\n", CambriconFields.Table);
        await MeasureAsync(output, agent, "ascend", "libdcmi.so", $"node ascend910b-8\nnpus {Boards}\n", AscendFields.Table);
        await MeasureAsync(output, agent, "intel-levelzero", "libze_loader.so.1", $"node max1550-4\nintels {Boards}\n", IntelFields.Table);
    }

    private static async Task MeasureAsync(TextWriter output, string agent, string vendor, string file, string scenario, FieldTable fields)
    {
        var library = RepositoryRoot.Combine("out", "native", file);
        if (!File.Exists(library))
        {
            output.Note($"{vendor}: {library} is not built");
            return;
        }
        var folder = Directory.CreateTempSubdirectory("aiinfra-bench-");
        var path = Path.Combine(folder.FullName, "scenario.txt");
        await File.WriteAllTextAsync(path, scenario);
        await using (var daemon = await DaemonAsync(agent, folder.FullName))
        {
            var before = ProcessTree.Megabytes([daemon.Id], "Pss");
            var launcher = new VendorHostLauncher(agent, []) { Environment = new Dictionary<string, string> { ["AIINFRA_SIM_SCENARIO"] = path, ["AIINFRA_SIM_STATE"] = folder.FullName } };
            using var client = await VendorHostClient.StartAsync(launcher, vendor, Deadline, TimeProvider.System, CancellationToken.None);
            var started = TimeProvider.System.GetTimestamp();
            var info = (await client.OpenAsync(library, Deadline, CancellationToken.None)).Info;
            var readings = new Reading[fields.Count];
            for (var index = 0; index < info.DeviceCount; index++)
                await client.DescribeAsync(index, Deadline, CancellationToken.None);
            output.Row($"{vendor}: opened and {info.DeviceCount} boards described, ms", TimeProvider.System.GetElapsedTime(started).TotalMilliseconds, null, "1500 for all vendors");
            await RoundsAsync(client, info.DeviceCount, readings); // compiled by then
            var (ours, childs, allocated) = (Environment.CpuUsage.TotalTime, ProcessTree.ProcessorSeconds([client.ProcessId]), GC.GetTotalAllocatedBytes(precise: true));
            await RoundsAsync(client, info.DeviceCount, readings);
            output.Row($"{vendor}: one round over {info.DeviceCount} boards, CPU ms", ((Environment.CpuUsage.TotalTime - ours).TotalMilliseconds + 1e3 * (ProcessTree.ProcessorSeconds([client.ProcessId]) - childs)) / Rounds, null, "20");
            output.Row($"{vendor}: allocated by the parent a round, KB", (GC.GetTotalAllocatedBytes(precise: true) - allocated) / 1e3 / Rounds);
            output.Row($"{vendor}: memory that it adds, PSS, MB", ProcessTree.Megabytes([daemon.Id, client.ProcessId], "Pss") - before, null, "12");
            output.Row($"{vendor}: child's private dirty memory, MB", ProcessTree.Megabytes([client.ProcessId], "Private_Dirty"));
        }
        folder.Delete(recursive: true);
    }

    /// <summary>The published daemon on a host without devices.</summary>
    private static async Task<PeerProcess> DaemonAsync(string agent, string folder)
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "kmsg"), "");
        Directory.CreateDirectory(Path.Combine(folder, "host"));
        await File.WriteAllTextAsync(Path.Combine(folder, "agent.yaml"), $$"""
            host: { root: {{folder}}/host }
            state: { path: {{folder}}/state }
            run: { path: {{folder}}/run }
            kubelet: { root: {{folder}}/kubelet }
            metrics: { address: "127.0.0.1:0" }
            health: { kernelLog: { path: {{folder}}/kmsg } }
            vendors: { nvidia: { enabled: false }, ascend: { enabled: false }, cambricon: { enabled: false } }
            """);
        var daemon = PeerProcess.Start(agent, ["run", "--config", Path.Combine(folder, "agent.yaml")], new Dictionary<string, string>());
        await Task.Delay(Settling);
        return daemon;
    }

    private static async Task RoundsAsync(VendorHostClient client, int boards, Reading[] readings)
    {
        for (var round = 0; round < Rounds; round++)
        {
            for (var index = 0; index < boards; index++)
                await client.SampleAsync(index, readings, Deadline, CancellationToken.None);
        }
    }
}
