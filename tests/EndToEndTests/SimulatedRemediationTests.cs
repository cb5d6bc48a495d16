using System.Text.Json;

namespace AIInfra.EndToEndTests;

/// <summary>A GPU of a simulated node that needs a reset: a dry run says so, and with mode on it is done.</summary>
public sealed class SimulatedRemediationTests
{
    private const string Problem = "nvidia.xid.95";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static async Task<JsonElement?> PlanAsync(SimulatedNodeRun run) =>
        (await run.AskAsync("actions")).GetProperty("planned").EnumerateArray().Where(plan => plan.GetProperty("problem").GetString() == Problem).Cast<JsonElement?>().FirstOrDefault();

    [Fact]
    public async Task A_dry_run_says_what_would_be_done_and_whom_it_would_hit_and_leaves_the_device_alone()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n");
        await run.WaitForListAsync(healthy: 4, of: 4);
        await run.Kubelet.SendLineAsync("""{"pods":[]}"""); // it says who holds what: nobody
        await run.InjectAsync("gpu 1 xid 95");
        await run.WaitForListAsync(healthy: 3, of: 4);

        await Eventually.AsyncTrue(async () => await PlanAsync(run) is { } plan && plan.TryGetProperty("would", out _), () => run.Node.Transcript, TimeSpan.FromSeconds(60));

        var plan = (await PlanAsync(run))!.Value;
        Assert.Equal(("Next", "reset-device would be done (dry run)."), (plan.GetProperty("state").GetString(), plan.GetProperty("why").GetString()));
        Assert.Contains("not there on the host", plan.GetProperty("would").GetString(), StringComparison.Ordinal); // a simulated host has no nvidia-smi, and that is said
        var (_, status) = await AgentProgram.RunAsync("status", "--config", run.Config);
        Assert.Contains("remediation: dry run (nothing is done), 1 problem to mend", status, StringComparison.Ordinal);
        Assert.Contains("  mend  next: reset-device would be done (dry run).", status, StringComparison.Ordinal);
        Assert.Empty((await run.AskAsync("actions")).GetProperty("steps").EnumerateArray());
        await run.WaitForMetricsAsync(page => page.Contains("aiinfra_agent_remediation_steps_total{action=\"reset-device\",outcome=\"dry_run\"} 1", StringComparison.Ordinal));
        Assert.Contains("Remediation, dry run: nvidia.xid.95 on device GPU-", run.Node.Transcript, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_mode_on_the_vendor_host_lets_go_the_device_is_reset_and_is_healthy_again()
    {
        using var policy = new TestFolder();
        var file = policy.Write("policy.yaml", $$"""
            ladders:
              - { name: by-the-bus, problems: [{{Problem}}], rungs: [{ do: reset-pci, drain: device, verify: device-answers, stable: 1s, verifyWithin: 2m }] }
            """);
        await using var run = await SimulatedNodeRun.StartAsync(
            "node l4\n", settings: [("AIINFRA_REMEDIATION__MODE", "on"), ("AIINFRA_REMEDIATION__POLICY", file)]);
        await run.WaitForListAsync(healthy: 4, of: 4);
        await run.Kubelet.SendLineAsync("""{"pods":[]}""");
        var gpu = (await run.AskAsync("devices"))[1];
        var reset = Path.Combine(run.NodeFolder, "host/sys/bus/pci/devices", gpu.GetProperty("pciAddress").GetString()!, "reset");
        await File.WriteAllTextAsync(reset, "", Stop); // the kernel's
        await run.InjectAsync("gpu 1 xid 95");
        await run.WaitForListAsync(healthy: 3, of: 4);

        await Eventually.AsyncTrue(async () => await File.ReadAllTextAsync(reset, Stop) == "1", () => run.Node.Transcript, TimeSpan.FromSeconds(60));
        Assert.Contains("released", run.Node.Transcript, StringComparison.Ordinal); // before it was written
        await run.InjectAsync("gpu 1 reset"); // what the kernel does then

        await Eventually.AsyncTrue(async () => (await run.AskAsync("actions")).GetProperty("steps").EnumerateArray().Any(step =>
            step.GetProperty("action").GetString() == "reset-pci" && step.TryGetProperty("helped", out var helped) && helped.GetBoolean()), () => run.Node.Transcript, TimeSpan.FromSeconds(120));

        var step = (await run.AskAsync("actions")).GetProperty("steps").EnumerateArray().Single();
        Assert.Equal("Done", step.GetProperty("outcome").GetString());
        Assert.True(File.Exists(Path.Combine(step.GetProperty("evidence").GetString()!, "problems.json")));
        await Eventually.AsyncTrue(async () => (await run.AskAsync("devices")).EnumerateArray().All(device => device.GetProperty("isHealthy").GetBoolean()), () => run.Node.Transcript);
        Assert.DoesNotContain(Problem, await run.ProblemsAsync());
    }

    [Fact]
    public async Task A_policy_that_is_wrong_is_refused_with_its_place_by_check_config_and_by_the_start()
    {
        using var folder = new TestFolder();
        var policy = folder.Write("policy.yaml", "ladders:\n  - name: a\n    problems: [x]\n    rungs:\n      - { do: restart-unit, arguments: [dbus.service] }\n");
        var config = folder.WriteConfig(AgentProgram.FreePort(), $"remediation: {{ mode: \"on\", policy: {policy} }}");

        var (status, output) = await AgentProgram.RunAsync("check-config", config);
        Assert.Equal(78, status);
        Assert.Contains($"{policy}:5:", output, StringComparison.Ordinal);
        Assert.Contains("dbus.service is never touched", output, StringComparison.Ordinal);
        Assert.Equal(78, (await AgentProgram.RunAsync("run", "--config", config)).Status);

        await File.WriteAllTextAsync(policy, "ladders:\n  - name: a\n    problems: [x]\n    rungs:\n      - { do: restart-unit, arguments: [web.service] }\n", Stop);
        Assert.Equal(0, (await AgentProgram.RunAsync("check-config", config)).Status);
    }
}
