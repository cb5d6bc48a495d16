using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Npd;
using AIInfra.FunctionalTests.Npd;
using AIInfra.Kubernetes.Reporting;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Kubernetes;

public sealed class ReportingTests
{
    [Fact]
    public async Task A_problem_is_a_condition_and_an_event_that_kubectl_shows()
    {
        await using var rig = await ReportingRig.StartAsync();
        rig.Run();
        var before = await rig.WaitForConditionAsync("AcceleratorHealthy", "True", "NoProblem");

        rig.Report("nvidia.xid.79", 3);
        var bad = await rig.WaitForConditionAsync("AcceleratorHealthy", "False", "NvidiaXid79");
        var seen = await rig.WaitForEventAsync("NvidiaXid79");

        Assert.Contains("acme 3", bad.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("nvidia.xid.79", bad.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("Warning", seen.GetProperty("type").GetString());
        var described = await rig.Server.KubectlAsync("describe", "node", ApiServerPeer.Node);
        Assert.Contains("AcceleratorHealthy", described, StringComparison.Ordinal);
        Assert.Matches(@"Warning\s+NvidiaXid79", described);
        Assert.Equal("True", (await rig.ConditionAsync("FabricHealthy"))!.Value.GetProperty("status").GetString());

        rig.Health.ReportHealthy("nvidia.xid.79", Subject.Device(TestGpus.Id(3)), "reads well");
        var good = await rig.WaitForConditionAsync("AcceleratorHealthy", "True", "NoProblem");
        await rig.WaitForEventAsync("NvidiaXid79Cleared");
        Assert.True(good.GetProperty("lastTransitionTime").GetDateTimeOffset() >= before.GetProperty("lastTransitionTime").GetDateTimeOffset());
        Assert.Equal("True", (await rig.ConditionAsync("Ready"))!.Value.GetProperty("status").GetString());
    }

    [Fact]
    public async Task The_owner_of_a_pod_reads_in_its_own_events_whose_fault_it_is()
    {
        await using var rig = await ReportingRig.StartAsync();
        rig.Holders[TestGpus.Id(3)] = [new DeviceHolder("aiinfra-system", "aiinfra-agent-node-1"), new DeviceHolder("aiinfra-system", "aiinfra-agent-node-2"), new DeviceHolder("team", "gone")];
        rig.Run();

        rig.Report("nvidia.xid.79", 3);
        var told = await rig.WaitForEventAsync("NvidiaXid79", "aiinfra-system");
        await rig.WaitForEventAsync("NvidiaXid79");
        rig.Report("nvidia.xid.31", 3, Severity.Info, Cause.Application, SuggestedAction.TellPod, "The program touched an address that is not its own.");
        await rig.WaitForEventAsync("NvidiaXid31");

        Assert.StartsWith("Not your code: a fault of the hardware. Your device acme 3", told.GetProperty("note").GetString(), StringComparison.Ordinal);
        Assert.Equal("aiinfra-agent-node-1", told.GetProperty("regarding").GetProperty("name").GetString()); // the other pod runs elsewhere
        Assert.Single(await rig.EventsAsync("aiinfra-system"));
        Assert.Matches(@"Warning\s+NvidiaXid79.*Not your code", await rig.Server.KubectlAsync("describe", "pod", "-n", "aiinfra-system", "aiinfra-agent-node-1"));
    }

    [Fact]
    public async Task A_match_of_node_problem_detectors_files_is_an_event_as_its_own_exporter_would_make_it()
    {
        await using var rig = await ReportingRig.StartAsync();
        using var files = new NpdHost();
        var configuration = files.Load("""
            { "plugin": "kmsg", "source": "kernel-monitor", "rules": [ { "type": "temporary", "reason": "OOMKilling", "pattern": "Killed process .*" } ] }
            """);
        using var npd = new NpdBoard(configuration, rig.Health, rig.Time);
        rig.Npd = npd;
        rig.Run();

        npd.Matched(configuration.Logs[0], configuration.Logs[0].LogRules[0], "Killed process 1 (train) total-vm:5kB", rig.Time.GetUtcNow());
        var told = await rig.WaitForEventAsync("OOMKilling");

        Assert.Equal(("Warning", "aiinfra.io/agent", "Killed process 1 (train) total-vm:5kB"),
            (told.GetProperty("type").GetString(), told.GetProperty("reportingController").GetString(), told.GetProperty("note").GetString()));
        Assert.Equal("Node", told.GetProperty("regarding").GetProperty("kind").GetString());
        Assert.Single(rig.Health.Current.Value.Problems, problem => problem.Id == "npd.OOMKilling");
        Assert.DoesNotContain(await rig.EventsAsync("default"), other => other.GetProperty("reason").GetString() == "NpdOOMKilling");
    }

    [Fact]
    public async Task A_note_is_bounded_and_one_line_whatever_came_in()
    {
        await using var rig = await ReportingRig.StartAsync();
        rig.Run();

        rig.Report("acme.flood", Subject.Node, Severity.Degraded, message: "\u001b[31m" + string.Concat(Enumerable.Repeat("\u6545\u969c\n", 350_000)));
        var seen = await rig.WaitForEventAsync("AcmeFlood");

        var note = seen.GetProperty("note").GetString()!;
        Assert.InRange(Encoding.UTF8.GetByteCount(note), 500, 1024);
        Assert.DoesNotContain(note, char.IsControl);
        Assert.EndsWith("[acme.flood; aiinfra-agent explain acme.flood]", note, StringComparison.Ordinal);
        Assert.Equal("True", (await rig.WaitForConditionAsync("AcceleratorHealthy", "True")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_healthy_node_is_written_to_once_in_five_minutes_at_most()
    {
        var time = new ManualTime(DateTimeOffset.UtcNow);
        await using var rig = await ReportingRig.StartAsync(time);
        rig.Tune = options => options with { Deadline = TimeSpan.FromHours(2) }; // a call in flight shows by its timer
        rig.Run();
        await rig.WaitForConditionAsync("KernelHealthy", "True");
        await rig.EventuallyAsync(async () => (await rig.NodeAsync()).GetProperty("metadata").GetProperty("annotations").TryGetProperty("aiinfra.io/conditions", out _), () => "no annotation");
        await rig.Server.AskAsync("""{"command":"journal","clear":true}""");
        var writes = """{"verb":"patch|create|update","userAgent":"aiinfra"}""";

        for (var minute = 0; minute < 61; minute++)
        {
            time.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(20, TestContext.Current.CancellationToken); // what came due has begun
            while (time.Waits.Any(wait => wait > TimeSpan.FromMinutes(50)))
                await Task.Delay(5, TestContext.Current.CancellationToken); // the other program's time
        }

        Assert.InRange(await rig.Server.CountAsync(writes), 8, 12);
    }

    [Fact]
    public async Task A_restart_writes_nothing_that_is_there_and_keeps_the_times()
    {
        await using var rig = await ReportingRig.StartAsync();
        var first = rig.Run();
        rig.Report("nvidia.xid.79", 3);
        var before = await rig.WaitForConditionAsync("AcceleratorHealthy", "False");
        await rig.WaitForEventAsync("NvidiaXid79");
        await rig.WaitForPartAsync("kubernetes labels", true);
        await first.CancelAsync();
        await rig.Server.AskAsync("""{"command":"journal","clear":true}""");

        rig.Run();
        await rig.EventuallyAsync(async () => await rig.Server.CountAsync("""{"verb":"create","resource":"events"}""") > 0, () => "the event was not tried");

        Assert.Single(await rig.EventsAsync());
        Assert.Equal(0, await rig.Server.CountAsync("""{"verb":"patch","resource":"nodes"}"""));
        Assert.Equal(before.GetProperty("lastTransitionTime").GetString(), (await rig.ConditionAsync("AcceleratorHealthy"))!.Value.GetProperty("lastTransitionTime").GetString());
    }

    [Fact]
    public async Task Condition_types_of_an_earlier_configuration_are_taken_away_and_those_of_others_stay()
    {
        await using var rig = await ReportingRig.StartAsync();
        await rig.Server.PatchAsync("/api/v1/nodes/node-1", """{"metadata":{"annotations":{"aiinfra.io/conditions":"OldRule,AcceleratorHealthy,NeverThere"}}}""");
        await rig.Server.AskAsync("""
            {"command":"request","method":"PATCH","path":"/api/v1/nodes/node-1/status","contentType":"application/strategic-merge-patch+json",
             "body":{"status":{"conditions":[{"type":"OldRule","status":"False","reason":"X","message":"x"},{"type":"Another","status":"False","reason":"X","message":"x"}]}}}
            """);

        rig.Run();
        await rig.WaitForConditionAsync("AcceleratorHealthy", "True");
        await rig.EventuallyAsync(async () => (await rig.NodeAsync()).GetProperty("metadata").GetProperty("annotations").GetProperty("aiinfra.io/conditions").GetString() == "AcceleratorHealthy,FabricHealthy,RuntimeHealthy,StorageHealthy,KernelHealthy", () => "the list was not kept");

        Assert.Null(await rig.ConditionAsync("OldRule"));
        Assert.NotNull(await rig.ConditionAsync("Another"));
    }

    [Fact]
    public async Task A_storm_is_one_event_each_and_at_most_ten_requests_in_any_second()
    {
        await using var rig = await ReportingRig.StartAsync();
        rig.Run();
        await rig.WaitForConditionAsync("AcceleratorHealthy", "True");
        await rig.Server.AskAsync("""{"command":"journal","clear":true}""");

        for (var repeat = 0; repeat < 3; repeat++)
        {
            for (var number = 0; number < 1000; number++)
                rig.Report($"acme.storm.{number}", number % 8, number == 999 ? Severity.Fatal : Severity.Degraded);
        }
        await rig.WaitForEventAsync("AcmeStorm999"); // the worst goes first
        await Task.Delay(TimeSpan.FromSeconds(4), TestContext.Current.CancellationToken); // the storm's own time

        var times = (await rig.Server.AskAsync("""{"command":"journal","where":{"userAgent":"aiinfra"}}""")).EnumerateArray()
            .Select(entry => At(entry)).Order().ToList();
        Assert.InRange(times.Count, 15, 60);
        for (var from = 0; from < times.Count; from++)
            Assert.InRange(times.Count(at => at >= times[from] && at < times[from] + 1000), 1, 10);
        var events = await rig.EventsAsync();
        Assert.Equal(events.Count, events.Select(one => one.GetProperty("reason").GetString()).Distinct().Count());
        var series = events.Where(one => one.TryGetProperty("series", out _)).Select(one => one.GetProperty("series").GetProperty("count").GetInt32()).ToList();
        Assert.NotEmpty(series);
        Assert.All(series, count => Assert.Equal(3, count));
    }

    [Fact]
    public async Task Labels_follow_the_devices_and_what_others_wrote_is_left_alone()
    {
        await using var rig = await ReportingRig.StartAsync();
        await rig.Server.PatchAsync("/api/v1/nodes/node-1", """{"metadata":{"labels":{"nvidia.com/gpu.machine":"theirs","team":"red"},"annotations":{"nfd.node.kubernetes.io/feature-labels":"nvidia.com/gpu.machine,cpu-model.id"}}}""");
        rig.Labels.Publish(ImmutableSortedDictionary<string, string>.Empty.Add("nvidia.com/gpu.count", "8").Add("nvidia.com/gpu.product", "H100").Add("nvidia.com/gpu.machine", "ours"));
        rig.Run();
        await rig.EventuallyAsync(async () => Label(await rig.NodeAsync(), "nvidia.com/gpu.count") == "8", () => "no label");
        Assert.Equal("theirs", Label(await rig.NodeAsync(), "nvidia.com/gpu.machine"));

        rig.Labels.Publish(ImmutableSortedDictionary<string, string>.Empty.Add("nvidia.com/gpu.count", "7"));
        await rig.EventuallyAsync(async () => Label(await rig.NodeAsync(), "nvidia.com/gpu.count") == "7", () => "the label did not follow");

        var node = await rig.NodeAsync();
        Assert.Null(Label(node, "nvidia.com/gpu.product"));
        Assert.Equal(("red", "theirs"), (Label(node, "team"), Label(node, "nvidia.com/gpu.machine")));
        Assert.Contains("nvidia.com/gpu.count=7", await rig.Server.KubectlAsync("get", "node", "node-1", "--show-labels"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Operands_are_asked_to_stand_aside_while_the_vendor_is_released_and_put_back_after()
    {
        await using var rig = await ReportingRig.StartAsync();
        await rig.Server.PatchAsync("/api/v1/nodes/node-1", """{"metadata":{"labels":{"nvidia.com/gpu.deploy.dcgm":"true","nvidia.com/gpu.deploy.device-plugin":"paused-by-me","nvidia.com/gpu.deploy.driver":"true","nvidia.com/gpu.deploy.mig-manager":"false"}}}""");
        rig.Run();
        await rig.WaitForPartAsync("kubernetes", true);

        using var given = new CancellationTokenSource();
        var release = rig.Releases.ReleaseAsync("nvidia", given.Token);
        await rig.EventuallyAsync(async () => Label(await rig.NodeAsync(), "nvidia.com/gpu.deploy.dcgm") == "false", () => "not paused");
        var during = await rig.NodeAsync();
        rig.Releases.Resume("nvidia");
        await rig.EventuallyAsync(async () => Label(await rig.NodeAsync(), "nvidia.com/gpu.deploy.dcgm") == "true", () => "not restored");
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => release);

        Assert.Equal(("false", "true"), (Label(during, "nvidia.com/gpu.deploy.device-plugin"), Label(during, "nvidia.com/gpu.deploy.driver")));
        Assert.Null(Label(during, "nvidia.com/gpu.deploy.dcgm-exporter"));
        var after = await rig.NodeAsync();
        Assert.Equal(("paused-by-me", "false"), (Label(after, "nvidia.com/gpu.deploy.device-plugin"), Label(after, "nvidia.com/gpu.deploy.mig-manager")));
        Assert.False(after.GetProperty("metadata").GetProperty("annotations").TryGetProperty("aiinfra.io/paused-operands", out _));
    }

    [Fact]
    public async Task The_taint_is_set_for_the_node_and_for_too_few_devices_only_and_others_stay_as_they_are()
    {
        await using var rig = await ReportingRig.StartAsync();
        await rig.Server.PatchAsync("/api/v1/nodes/node-1", """{"spec":{"taints":[{"key":"team","value":"red","effect":"NoExecute","timeAdded":"2026-01-01T00:00:00Z"}]}}""");
        rig.SetsTaint = true;
        rig.Run();
        for (var gpu = 0; gpu < 4; gpu++)
            rig.Report("nvidia.xid.79", gpu);
        await rig.WaitForConditionAsync("AcceleratorHealthy", "False");
        Assert.Equal(["team"], await TaintsAsync(rig));

        rig.Report("nvidia.xid.79", 4);
        await rig.EventuallyAsync(async () => (await TaintsAsync(rig)).Length == 2, () => "no taint");
        Assert.Equal("2026-01-01T00:00:00Z", (await rig.NodeAsync()).GetProperty("spec").GetProperty("taints")[0].GetProperty("timeAdded").GetString());

        rig.Health.ReportHealthy("nvidia.xid.79", Subject.Device(TestGpus.Id(4)), "reads well");
        await rig.EventuallyAsync(async () => (await TaintsAsync(rig)).Length == 1, () => "the taint stayed");
        Assert.Equal(["team"], await TaintsAsync(rig));
    }

    [Fact]
    public async Task A_person_who_takes_the_taint_off_has_the_last_word()
    {
        await using var rig = await ReportingRig.StartAsync();
        rig.SetsTaint = true;
        rig.Run();
        rig.Report("acme.node", Subject.Node, Severity.Fatal);
        await rig.EventuallyAsync(async () => (await TaintsAsync(rig)) is ["aiinfra.io/unhealthy"], () => "no taint");

        await rig.Server.PatchAsync("/api/v1/nodes/node-1", """{"spec":{"taints":[]}}""");
        await rig.Log.NextAsync("is not set again before the node was well");

        Assert.Empty(await TaintsAsync(rig));
    }

    private static double At(JsonElement entry) => entry.GetProperty("time") is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : entry.GetProperty("time").GetDateTimeOffset().ToUnixTimeMilliseconds();

    private static string? Label(JsonElement node, string key) => node.GetProperty("metadata").GetProperty("labels").TryGetProperty(key, out var value) ? value.GetString() : null;

    private static async Task<string[]> TaintsAsync(ReportingRig rig) => (await rig.NodeAsync()).GetProperty("spec").TryGetProperty("taints", out var taints)
        ? [.. taints.EnumerateArray().Select(taint => taint.GetProperty("key").GetString()!)] : [];
}
