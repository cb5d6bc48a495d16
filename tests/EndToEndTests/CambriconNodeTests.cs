using System.Text.Json;

namespace AIInfra.EndToEndTests;

/// <summary>Eight MLUs in two rings, as a user starts them, through a timeline of faults.</summary>
public sealed class CambriconNodeTests
{
    private const string Resource = "cambricon.com/mlu";

    [Fact]
    public async Task Eight_MLUs_are_registered_allocated_lost_to_faults_and_given_back()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node mlu370-8\n", settings:
            [("AIINFRA_METRICS__PROFILE", "native,neutral"), ("AIINFRA_VENDORS__CAMBRICON__SAMPLEINTERVAL", "1s"), ("AIINFRA_VENDORS__CAMBRICON__MLULINKPOLICY", "guaranteed")]);
        await run.WaitForListAsync(Resource, devices => devices.Count == 8 && devices.All(device => device.IsHealthy));
        var devices = (await run.AskAsync("devices")).EnumerateArray().ToDictionary(device => device.GetProperty("index").GetInt32(), device => device.GetProperty("id").GetString()!);

        var (answer, _) = await run.AllocateAsync(Resource, devices[0], devices[1], devices[2], devices[3]);
        Assert.Equal(["/dev/cambricon_ctl", "/dev/cambricon_dev0", "/dev/cambricon_dev1", "/dev/cambricon_dev2", "/dev/cambricon_dev3"],
            Nodes(answer).Where(node => node.Contains("_dev", StringComparison.Ordinal) || node.EndsWith("ctl", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.All(Nodes(answer), node => Assert.True(File.Exists(Path.Combine(run.NodeFolder, "host") + node), node));
        var (_, refusal) = await run.AllocateAsync(Resource, devices[2], devices[3], devices[4], devices[5]);
        Assert.Contains("the 4 MLUs form 0 MLU-Link rings", refusal, StringComparison.Ordinal);

        await run.WaitForMetricsAsync(page => page.Contains("mlu_last_xid_error{", StringComparison.Ordinal)); // it is listened to
        await run.InjectAsync("mlu 6 xid 43");
        var page = await run.WaitForMetricsAsync(page => page.Contains("mlu_utilization{", StringComparison.Ordinal) && page.Contains("mlu_xid_error_count{", StringComparison.Ordinal));
        Assert.Contains("type=\"mlu370\"", page, StringComparison.Ordinal);
        Assert.Contains("xid=\"0x000000000000002b\"", page, StringComparison.Ordinal);
        Assert.Contains("hw_gpu_interconnect_links{", page, StringComparison.Ordinal);

        foreach (var (fault, problem, cure) in new[]
        {
            ("incident MLULINK_DOWN fail", "cambricon.mlulink-down", "incident MLULINK_DOWN over"),
            ("lost", "cambricon.lost", "reset"),
            ("driver-state 6", "cambricon.driver-state", "driver-state 4"),
            ("ecc uncorrected 1", "cambricon.double-bit-error", "reset"),
        })
        {
            await run.InjectAsync($"mlu 5 {fault}");
            await run.WaitForListAsync(Resource, list => list.Where(device => !device.IsHealthy).Select(device => device.Id).SequenceEqual([devices[5]]));
            Assert.Contains(problem, await run.ProblemsAsync());
            await run.InjectAsync($"mlu 5 {cure}");
            await run.WaitForListAsync(Resource, list => list.Count == 8 && list.All(device => device.IsHealthy));
        }

        await run.InjectAsync("mlu 7 remove");
        await run.WaitForListAsync(Resource, list => list.Any(device => device.Id == devices[7] && !device.IsHealthy));
        await run.InjectAsync("mlu 7 add");
        await run.WaitForListAsync(Resource, list => list.Count == 8 && list.All(device => device.IsHealthy));
        await run.InjectAsync("mlu 1 health bad");
        await run.WaitForListAsync(Resource, list => list.Any(device => device.Id == devices[1] && !device.IsHealthy));
        await run.InjectAsync("boot");
        await run.WaitForListAsync(Resource, list => list.Count == 8 && list.All(device => device.IsHealthy));
    }

    private static IEnumerable<string> Nodes(JsonElement answer) => answer.GetProperty("devices").EnumerateArray().Select(device => device.GetProperty("host_path").GetString()!);
}
