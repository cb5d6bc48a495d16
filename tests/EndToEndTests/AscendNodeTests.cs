using System.Text.Json;

namespace AIInfra.EndToEndTests;

/// <summary>A simulated node with NPUs, from the driver's event to the kubelet and the page.</summary>
public sealed class AscendNodeTests
{
    private const string Resource = "huawei.com/Ascend910";

    [Fact]
    public async Task Eight_NPUs_are_registered_allocated_lost_to_faults_and_given_back()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node ascend910b-8\nat 25s npu 6 fault 0x80E0020B\nat 27s npu 6 fault 0x80E0020B cleared\n", settings: ("AIINFRA_METRICS__PROFILE", "native"));
        await run.WaitForListAsync(Resource, devices => devices.Count == 8 && devices.All(device => device.IsHealthy));

        var (answer, refusal) = await run.AllocateAsync(Resource, "Ascend910-2", "Ascend910-0");
        Assert.True(refusal is null, refusal);
        Assert.Equal("0,2", answer.GetProperty("envs").GetProperty("ASCEND_VISIBLE_DEVICES").GetString());
        Assert.Equal(["/dev/davinci0", "/dev/davinci2", "/dev/davinci_manager", "/dev/devmm_svm", "/dev/hisi_hdc"], Paths(answer, "devices").Order(StringComparer.Ordinal));

        await run.InjectAsync("npu 3 fault 0x80C78008");
        await run.WaitForListAsync(Resource, devices => Unhealthy(devices) is ["Ascend910-3"]);
        Assert.Contains("ascend.80C78008", await run.ProblemsAsync());
        var page = await run.WaitForMetricsAsync(page => page.Contains($"npu_chip_info_error_code{{id=\"3\"", StringComparison.Ordinal) && page.Contains(" 2160558088\n", StringComparison.Ordinal));
        Assert.Contains("npu_chip_info_hbm_total_memory{id=\"0\"", page, StringComparison.Ordinal);
        Assert.Contains("(simulated)", page, StringComparison.Ordinal);
        await run.InjectAsync("npu 3 fault 0x80C78008 cleared");
        await run.WaitForListAsync(Resource, devices => devices.Count == 8 && devices.All(device => device.IsHealthy));

        await run.WaitForListAsync(Resource, devices => Unhealthy(devices) is ["Ascend910-6"]); // the timeline
        await run.WaitForListAsync(Resource, devices => devices.All(device => device.IsHealthy));
    }

    [Fact]
    public async Task A_divided_NPU_is_offered_by_its_parts()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node ascend910-8\nat 0s npu 1 vnpu create vir02\nat 0s npu 1 vnpu create vir08\n");
        await run.WaitForListAsync($"{Resource}-2c", devices => devices is [{ Id: "Ascend910-2c-116-1", IsHealthy: true }]);

        var (answer, refusal) = await run.AllocateAsync($"{Resource}-2c", "Ascend910-2c-116-1");
        Assert.True(refusal is null, refusal);
        Assert.Equal(("116", "VIRTUAL"), (answer.GetProperty("envs").GetProperty("ASCEND_VISIBLE_DEVICES").GetString(), answer.GetProperty("envs").GetProperty("ASCEND_RUNTIME_OPTIONS").GetString()));
        Assert.Contains("/dev/vdavinci116", Paths(answer, "devices"));
    }

    [Fact]
    public async Task A_mixed_node_serves_the_boards_of_several_libraries_side_by_side()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node mixed\n");
        await run.WaitForListAsync("huawei.com/Ascend310P", devices => devices.Count == 2 && devices.All(device => device.IsHealthy));

        var vendors = (await run.AskAsync("devices")).EnumerateArray().Select(device => device.GetProperty("vendor").GetString()!).CountBy(vendor => vendor).ToDictionary();
        Assert.Equal((4, 2), (vendors["nvidia"], vendors["ascend"]));
    }

    private static string[] Unhealthy(IReadOnlyList<(string Id, bool IsHealthy)> devices) => [.. devices.Where(device => !device.IsHealthy).Select(device => device.Id)];

    private static IEnumerable<string> Paths(JsonElement answer, string list) => answer.GetProperty(list).EnumerateArray().Select(device => device.GetProperty("host_path").GetString()!);
}
