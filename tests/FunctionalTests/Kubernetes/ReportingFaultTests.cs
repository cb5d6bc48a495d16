using AIInfra.Core.Health;
using AIInfra.Kubernetes.Reporting;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Kubernetes;

/// <summary>Whatever the API server and the way to it do: it is said once, tried again, and what stands is told in the end.</summary>
public sealed class ReportingFaultTests
{
    [Fact]
    public async Task Hours_without_an_API_server_lose_nothing_and_tell_nothing_twice()
    {
        var time = new ManualTime(DateTimeOffset.UtcNow);
        await using var rig = await ReportingRig.StartAsync(time);
        rig.Run();
        await rig.WaitForConditionAsync("AcceleratorHealthy", "True");
        rig.Report("nvidia.xid.48", 1);
        await rig.WaitForEventAsync("NvidiaXid48");
        await rig.Server.AskAsync("""{"command":"wire","do":"down"}""");

        rig.Report("nvidia.xid.79", 3);
        var fell = time.GetUtcNow();
        for (var minute = 0; minute < 120; minute++)
        {
            rig.Report("nvidia.xid.79", 3);
            if (minute == 60)
            {
                rig.Report("acme.gone", 5);
                rig.Health.ReportHealthy("acme.gone", Subject.Device(TestGpus.Id(5)), "reads well");
            }
            time.Advance(TimeSpan.FromMinutes(1));
            await Task.Yield();
        }
        rig.Health.ReportHealthy("nvidia.xid.48", Subject.Device(TestGpus.Id(1)), "reads well");
        await rig.WaitForPartAsync("kubernetes conditions", false);
        await rig.Server.AskAsync("""{"command":"wire","do":"up"}""");

        await rig.WaitForConditionAsync("AcceleratorHealthy", "False", "NvidiaXid79");
        var told = await rig.WaitForEventAsync("NvidiaXid79");
        await rig.WaitForEventAsync("NvidiaXid48Cleared");
        await rig.WaitForEventAsync("AcmeGone");
        await rig.WaitForPartAsync("kubernetes events", true);
        var reasons = (await rig.EventsAsync()).Select(one => one.GetProperty("reason").GetString()).ToList();
        Assert.Equal(reasons.Distinct().Count(), reasons.Count);
        Assert.Equal(fell.ToUnixTimeSeconds(), told.GetProperty("eventTime").GetDateTimeOffset().ToUnixTimeSeconds());
        Assert.Equal(121, told.GetProperty("series").GetProperty("count").GetInt32());
        var said = rig.Log.All.Where(line => line.StartsWith("kubernetes conditions: PATCH", StringComparison.Ordinal)).ToList();
        Assert.InRange(said.Count, 1, 2); // once for each kind: a call that ran out of time, and the refusals
        Assert.Equal(said.Distinct().Count(), said.Count);
    }

    [Theory]
    [InlineData("""{"command":"watches","do":"expire"}""")]
    [InlineData("""{"command":"watches","do":"cut"}""")]
    [InlineData("""{"command":"watches","do":"end"}""")]
    [InlineData("""{"command":"compact"}""", """{"command":"watches","do":"cut"}""")]
    [InlineData("""{"command":"wire","do":"goaway"}""")]
    [InlineData("""{"command":"wire","do":"reset"}""")]
    public async Task A_node_that_is_made_anew_after_the_watch_broke_gets_everything_again(params string[] breaks)
    {
        await using var rig = await ReportingRig.StartAsync();
        rig.Run();
        rig.Report("nvidia.xid.79", 3);
        await rig.WaitForEventAsync("NvidiaXid79");
        await rig.WaitForConditionAsync("AcceleratorHealthy", "False");
        foreach (var command in breaks)
            await rig.Server.AskAsync(command);

        await rig.Server.AskAsync("""{"command":"request","method":"DELETE","path":"/api/v1/nodes/node-1"}""");
        await rig.WaitForPartAsync("kubernetes", false, "node-1");
        await rig.Server.AskAsync("""{"command":"put","object":{"apiVersion":"v1","kind":"Node","metadata":{"name":"node-1"}}}""");

        await rig.WaitForConditionAsync("AcceleratorHealthy", "False", "NvidiaXid79");
        var uid = (await rig.NodeAsync()).GetProperty("metadata").GetProperty("uid").GetString();
        await rig.WaitForPartAsync("kubernetes", true);
        Assert.NotNull(uid);
    }

    [Fact]
    public async Task A_node_that_was_replaced_under_its_name_gets_everything_again()
    {
        await using var rig = await ReportingRig.StartAsync();
        rig.Run();
        await rig.WaitForConditionAsync("AcceleratorHealthy", "True");
        await rig.Server.AskAsync("""{"command":"request","method":"DELETE","path":"/api/v1/nodes/node-1"}""");
        await rig.Server.AskAsync("""{"command":"put","object":{"apiVersion":"v1","kind":"Node","metadata":{"name":"node-1"}}}""");

        await rig.WaitForConditionAsync("AcceleratorHealthy", "True");
        await rig.WaitForPartAsync("kubernetes", true);
    }

    [Fact]
    public async Task A_token_that_was_revoked_is_read_again_from_its_file()
    {
        await using var rig = await ReportingRig.StartAsync();
        rig.Run();
        await rig.WaitForConditionAsync("AcceleratorHealthy", "True");
        var file = Path.Combine(rig.Server.Folder, "agents", ApiServerPeer.Node, "token");
        var old = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        await rig.Server.AskAsync($$"""{"command":"revoke","token":"{{old.Trim()}}"}""");
        rig.Report("nvidia.xid.79", 3);
        await rig.WaitForPartAsync("kubernetes conditions", false, "expired, were revoked");
        Assert.DoesNotContain(old.Trim(), string.Join("\n", rig.Log.All), StringComparison.Ordinal);

        await rig.Server.AskAsync("""{"command":"token","namespace":"aiinfra-system","account":"aiinfra-agent","pod":"aiinfra-agent-node-1","lifetime":3600,"folder":"agents/node-1"}""");

        await rig.WaitForConditionAsync("AcceleratorHealthy", "False");
        await rig.WaitForPartAsync("kubernetes conditions", true);
    }

    [Theory]
    [InlineData("""{"command":"fault","match":{"method":"PATCH"},"then":{"html":"<html><body>Please   log\nin</body></html>"}}""", "no answer of an API server (text/html: \"<html><body>Please log in")]
    [InlineData("""{"command":"fault","match":{"method":"PATCH"},"then":{"status":502,"html":"<h1>Bad gateway</h1>"}}""", "Bad gateway")]
    [InlineData("""{"command":"fault","match":{"method":"PATCH"},"then":{"text":"hello"}}""", "Check the address")]
    [InlineData("""{"command":"fault","match":{"method":"PATCH"},"then":{"status":403,"message":"nodes is forbidden"}}""", "deploy/kubernetes/rbac.yaml")]
    [InlineData("""{"command":"fault","match":{"method":"PATCH"},"then":{"reset":true}}""", "tried again")]
    [InlineData("""{"command":"fault","match":{"method":"PATCH"},"then":{"hang":true}}""", "no answer within 2 s")]
    [InlineData("""{"command":"fault","match":{"method":"PATCH"},"then":{"status":429,"retryAfter":1}}""", "tried again later")]
    public async Task Every_kind_of_refusal_is_said_once_shown_and_survived(string fault, string said)
    {
        await using var rig = await ReportingRig.StartAsync();
        rig.Tune = options => options with { Deadline = TimeSpan.FromSeconds(2) };
        await rig.Server.AskAsync(fault);
        rig.Run();
        rig.Report("nvidia.xid.79", 3);
        await rig.WaitForPartAsync("kubernetes conditions", false, said);
        await rig.WaitForEventAsync("NvidiaXid79"); // what is not refused works on
        await rig.Server.AskAsync("""{"command":"clear"}""");

        await rig.WaitForConditionAsync("AcceleratorHealthy", "False");

        await rig.WaitForPartAsync("kubernetes conditions", true);
        Assert.Single(rig.Log.All, line => line.StartsWith("kubernetes conditions: PATCH", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_server_is_left_alone_for_as_long_as_it_asks()
    {
        await using var rig = await ReportingRig.StartAsync();
        rig.Run();
        await rig.WaitForConditionAsync("AcceleratorHealthy", "True");
        await rig.WaitForPartAsync("kubernetes labels", true);
        await rig.Server.AskAsync("""{"command":"fault","match":{"resource":"events"},"times":1,"then":{"status":429,"retryAfter":3}}""");
        await rig.Server.AskAsync("""{"command":"journal","clear":true}""");

        rig.Report("acme.note", Subject.Node, Severity.Degraded);
        await rig.WaitForEventAsync("AcmeNote");

        var times = (await rig.Server.AskAsync("""{"command":"journal","where":{"userAgent":"aiinfra","method":"POST"}}""")).EnumerateArray().Select(entry => entry.GetProperty("time").GetDateTimeOffset()).Order().ToList();
        Assert.Equal(2, times.Count);
        Assert.InRange((times[1] - times[0]).TotalSeconds, 2.9, 10);
    }

    [Theory]
    [InlineData("expired", "expired at")]
    [InlineData("wrong-name", "is not for 127.0.0.1")]
    [InlineData("other-ca", "is not signed by the authority")]
    public async Task A_certificate_that_is_not_believed_is_told_by_its_fault(string show, string said)
    {
        await using var rig = await ReportingRig.StartAsync();
        await rig.Server.AskAsync($$"""{"command":"certificate","show":"{{show}}"}""");
        rig.Run();
        await rig.WaitForPartAsync("kubernetes", false, said);

        await rig.Server.AskAsync("""{"command":"certificate","show":"good"}""");

        await rig.WaitForConditionAsync("AcceleratorHealthy", "True");
    }

    [Theory]
    [InlineData("nobody", "Give the agent's account this right")]
    [InlineData("expired", "expired, were revoked")]
    [InlineData("expired-client", "the agent's own certificate")]
    public async Task Credentials_without_worth_are_told_by_what_to_do(string kubeconfig, string said)
    {
        await using var rig = await ReportingRig.StartAsync();
        rig.Kubeconfig = kubeconfig;
        rig.Run();

        await rig.WaitForPartAsync("kubernetes", false, said);

        rig.Report("nvidia.xid.79", 3);
        Assert.False(rig.Health.Current.Value.IsHealthy(TestGpus.Id(3))); // the node's own business goes on
        Assert.Null(await rig.ConditionAsync("AcceleratorHealthy"));
    }

    [Theory]
    [InlineData("agent-file", "node-2", "was given out on node node-1")]
    [InlineData("admin", "no-such-node", "set node.name or NODE_NAME")]
    public async Task A_name_that_is_not_the_nodes_is_written_to_by_nobody(string kubeconfig, string name, string said)
    {
        await using var rig = await ReportingRig.StartAsync();
        (rig.Kubeconfig, rig.NodeName) = (kubeconfig, name);
        rig.Run();

        await rig.WaitForPartAsync("kubernetes", false, said);

        Assert.Equal(0, await rig.Server.CountAsync("""{"verb":"patch"}"""));
    }

    [Fact]
    public async Task An_object_with_another_hosts_ids_is_not_written_to()
    {
        await using var rig = await ReportingRig.StartAsync();
        rig.Kubeconfig = "admin";
        rig.Run(machineId: "0123456789abcdef0123456789abcdef");

        await rig.WaitForPartAsync("kubernetes", false, "machine id and boot id are another host's");

        Assert.Equal(0, await rig.Server.CountAsync("""{"verb":"patch"}"""));
    }

    [Fact]
    public async Task A_connection_whose_other_end_is_gone_is_noticed_and_replaced()
    {
        await using var rig = await ReportingRig.StartAsync();
        rig.Tune = options => options with { Deadline = TimeSpan.FromSeconds(2), PingDelay = TimeSpan.FromSeconds(1), PingTimeout = TimeSpan.FromSeconds(1) };
        rig.Run();
        await rig.WaitForConditionAsync("AcceleratorHealthy", "True");
        await rig.Server.AskAsync("""{"command":"wire","do":"freeze"}""");

        rig.Report("nvidia.xid.79", 3);

        await rig.WaitForConditionAsync("AcceleratorHealthy", "False");
        await rig.WaitForPartAsync("kubernetes", true);
    }

    [Fact]
    public async Task A_watch_that_fell_silent_is_opened_anew()
    {
        await using var rig = await ReportingRig.StartAsync();
        rig.Tune = options => options with { Silence = TimeSpan.FromSeconds(1) };
        rig.Run();
        await rig.WaitForConditionAsync("AcceleratorHealthy", "True");
        await rig.Server.AskAsync("""{"command":"watches","do":"silence"}""");

        await rig.Server.AskAsync("""{"command":"request","method":"DELETE","path":"/api/v1/nodes/node-1"}""");

        await rig.WaitForPartAsync("kubernetes", false, "node-1");
    }

    [Fact]
    public async Task A_clock_that_differs_from_the_servers_is_said()
    {
        await using var rig = await ReportingRig.StartAsync(new ManualTime(DateTimeOffset.UtcNow + TimeSpan.FromMinutes(10)));
        rig.Kubeconfig = "admin";
        rig.Run();

        await rig.WaitForPartAsync("kubernetes clock", false, "ahead of the API server's");
        await rig.WaitForConditionAsync("AcceleratorHealthy", "True");
    }

    [Theory]
    [InlineData("exec: { command: aws }", "exec is not supported")]
    [InlineData("auth-provider: { name: gcp }", "auth-provider is not supported")]
    [InlineData("client-certificate-data: aGVsbG8=", "client-certificate and client-key belong together")]
    public async Task A_kubeconfig_that_cannot_be_used_is_refused_by_name_and_read_again(string user, string said)
    {
        await using var rig = await ReportingRig.StartAsync();
        rig.Kubeconfig = Path.Combine(rig.Server.Folder, "mine");
        await File.WriteAllTextAsync(rig.Kubeconfig, $$"""
            current-context: c
            contexts: [{ name: c, context: { cluster: k, user: u } }]
            clusters: [{ name: k, cluster: { server: "{{rig.Server.Url}}" } }]
            users: [{ name: u, user: { {{user}} } }]
            """, TestContext.Current.CancellationToken);
        rig.Run();
        await rig.WaitForPartAsync("kubernetes", false, said);

        File.Copy(rig.Server.Kubeconfig("agent-file"), rig.Kubeconfig, overwrite: true);

        await rig.WaitForConditionAsync("AcceleratorHealthy", "True");
    }

    [Fact]
    public async Task A_pod_that_cannot_be_read_still_hears_of_it_by_name()
    {
        await using var rig = await ReportingRig.StartAsync();
        await rig.Server.AskAsync("""{"command":"fault","match":{"resource":"pods"},"then":{"status":403,"message":"pods is forbidden"}}""");
        rig.Holders[TestGpus.Id(3)] = [new DeviceHolder("aiinfra-system", "aiinfra-agent-node-1")];
        rig.Run();
        rig.Report("nvidia.xid.79", 3);

        var told = await rig.WaitForEventAsync("NvidiaXid79", "aiinfra-system");

        Assert.Equal("aiinfra-agent-node-1", told.GetProperty("regarding").GetProperty("name").GetString());
    }
}
