using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using AIInfra.Kubernetes.Api;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Kubernetes;

public sealed class ApiClientTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    internal static ApiClient Client(ApiServerPeer server, string kubeconfig = "admin", TimeProvider? time = null) => new(
        KubeconfigReader.ReadFile(server.Kubeconfig(kubeconfig), time ?? TimeProvider.System),
        new ApiClientOptions { Time = time ?? TimeProvider.System, Budget = new RequestBudget(1000, 1000, time ?? TimeProvider.System), UserAgent = "aiinfra-agent/test" });

    /// <summary>A patch as it is written.</summary>
    internal static ApiPatch Patch(string contentType, string body) => ApiPatch.Raw(contentType, Encoding.UTF8.GetBytes(body));

    [Fact]
    public async Task A_list_of_many_pages_is_whole_and_one_that_expired_on_the_way_is_begun_anew()
    {
        await using var server = await ApiServerPeer.StartAsync("--nodes", "1");
        for (var number = 0; number < 520; number++)
            await server.AskAsync($$$$"""{"command":"put","object":{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"namespace":"default","name":"l-{{{{number}}}}"}}}""");
        await server.AskAsync("""{"command":"fault","match":{"query":"continue="},"times":1,"then":{"status":410}}""");
        using var client = Client(server);

        var all = await client.ListAsync(ApiResources.Leases, "default", null, Token);

        Assert.Equal(520, all.Items.Select(lease => lease.Metadata.Name).Distinct().Count());
        Assert.Equal(4, await server.CountAsync("""{"verb":"list","resource":"leases"}"""));
        Assert.Equal(4, await server.CountAsync("""{"verb":"list","http":"2"}"""));
    }

    [Fact]
    public async Task A_watch_tells_every_change_and_its_bookmarks()
    {
        await using var server = await ApiServerPeer.StartAsync("--bookmark-seconds", "1");
        using var client = Client(server);
        var version = (await client.ListAsync(ApiResources.Nodes, null, "metadata.name=node-1", Token)).Metadata.ResourceVersion!;
        await server.PatchAsync("/api/v1/nodes/node-1", """{"metadata":{"labels":{"a":"1"}}}""");
        await server.PatchAsync("/api/v1/nodes/node-2", """{"metadata":{"labels":{"a":"1"}}}""");
        await server.AskAsync("""{"command":"request","method":"DELETE","path":"/api/v1/nodes/node-1"}""");

        var seen = new List<WatchKind>();
        await foreach (var change in client.WatchAsync(ApiResources.Nodes, null, "metadata.name=node-1", version, Token))
        {
            seen.Add(change.Kind);
            if (change.Kind == WatchKind.Bookmark)
                break;
        }

        Assert.Equal([WatchKind.Modified, WatchKind.Deleted, WatchKind.Bookmark], seen);
    }

    [Fact]
    public async Task Of_two_that_want_a_lease_one_has_it_and_the_other_takes_it_when_it_was_not_renewed()
    {
        var time = new ManualTime(DateTimeOffset.UtcNow + TimeSpan.FromMinutes(1)); // after the certificates were made
        await using var server = await ApiServerPeer.StartAsync();
        using var client = Client(server, time: time);
        var (one, other) = (Lock("one"), Lock("other"));

        Assert.True(await one.TryHoldAsync(Token));
        Assert.False(await other.TryHoldAsync(Token));
        time.Advance(TimeSpan.FromSeconds(8));
        Assert.True(await one.TryHoldAsync(Token)); // renewed
        Assert.False(await other.TryHoldAsync(Token));
        time.Advance(TimeSpan.FromSeconds(11));
        Assert.Null(one.HeldFor); // it must stop before another may start
        Assert.False(await other.TryHoldAsync(Token));
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(await other.TryHoldAsync(Token));
        Assert.False(await one.TryHoldAsync(Token));
        await other.ReleaseAsync(Token);
        Assert.True(await one.TryHoldAsync(Token));

        var spec = (await server.GetAsync("/apis/coordination.k8s.io/v1/namespaces/default/leases/l")).GetProperty("spec");
        Assert.Equal(("one", 2), (spec.GetProperty("holderIdentity").GetString(), spec.GetProperty("leaseTransitions").GetInt32()));

        LeaseLock Lock(string holder) => new(client, "default", "l", holder, TimeSpan.FromSeconds(15), time);
    }

    [Fact]
    public async Task A_pod_is_evicted_only_if_it_is_the_one_that_is_meant_and_its_budget_allows_it()
    {
        await using var server = await ApiServerPeer.StartAsync();
        using var client = Client(server);
        var pod = await client.GetAsync(ApiResources.Pods, "aiinfra-system", "aiinfra-agent-node-2", Token);
        await server.AskAsync("""
            {"command":"put","object":{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"namespace":"aiinfra-system","name":"all"},
             "spec":{"minAvailable":"100%","selector":{"matchLabels":{"app":"aiinfra-agent"}}}}}
            """);

        Assert.Equal(ApiFault.Conflict, (await Refused("11111111-2222-3333-4444-555555555555")).Fault);
        var refusal = await Refused(pod.Metadata.Uid!);
        Assert.Equal(ApiFault.TooMany, refusal.Fault);
        Assert.Contains("DisruptionBudget", refusal.Causes);
        await server.AskAsync("""{"command":"request","method":"DELETE","path":"/apis/policy/v1/namespaces/aiinfra-system/poddisruptionbudgets/all"}""");
        await client.EvictAsync("aiinfra-system", "aiinfra-agent-node-2", pod.Metadata.Uid!, 0, Token);

        Task<ApiException> Refused(string uid) => Assert.ThrowsAsync<ApiException>(() => client.EvictAsync("aiinfra-system", "aiinfra-agent-node-2", uid, null, Token));
    }

    [Fact]
    public async Task Deleting_asks_for_the_object_that_was_read()
    {
        await using var server = await ApiServerPeer.StartAsync();
        using var client = Client(server);
        var node = await client.GetAsync(ApiResources.Nodes, null, "node-3", Token);

        var refusal = await Assert.ThrowsAsync<ApiException>(() => Delete("11111111-2222-3333-4444-555555555555"));
        await Delete(node.Metadata.Uid!);

        Assert.Equal(ApiFault.Conflict, refusal.Fault);
        Assert.Equal(ApiFault.NotFound, (await Assert.ThrowsAsync<ApiException>(() => client.GetAsync(ApiResources.Nodes, null, "node-3", Token))).Fault);

        Task Delete(string uid) => client.DeleteAsync(ApiResources.Nodes, null, "node-3", new DeleteOptions { Preconditions = new Preconditions { Uid = uid } }, Token);
    }

    [Fact]
    public async Task A_token_is_reviewed_and_the_agent_learns_who_it_is()
    {
        await using var server = await ApiServerPeer.StartAsync();
        using var admin = Client(server);
        using var agent = Client(server, "agent-file");
        var token = await File.ReadAllTextAsync(Path.Combine(server.Folder, "agents", "node-2", "token"), Token);

        var good = await admin.ReviewTokenAsync(token, null, Token);
        var bad = await admin.ReviewTokenAsync("nonsense", null, Token);

        Assert.Equal((true, "node-2"), (good.Authenticated, good.User!.BoundNode));
        Assert.NotEqual(true, bad.Authenticated);
        Assert.Equal("node-1", (await agent.ReviewSelfAsync(Token))!.BoundNode);
    }

    [Fact]
    public async Task Patches_of_all_four_forms_are_taken_and_a_stale_version_is_a_conflict()
    {
        await using var server = await ApiServerPeer.StartAsync();
        using var client = Client(server);
        var before = await client.GetAsync(ApiResources.Nodes, null, "node-1", Token);

        await Apply(Patch("application/merge-patch+json", """{"metadata":{"labels":{"a":"1","b":"1"}}}"""));
        await Apply(Patch("application/strategic-merge-patch+json", """{"metadata":{"labels":{"b":null}}}"""));
        await Apply(ApiPatch.Json([new JsonPatchStep("add", "/metadata/labels/c", System.Text.Json.JsonDocument.Parse("\"1\"").RootElement)]));
        var last = await Apply(Patch("application/apply-patch+yaml", """{"apiVersion":"v1","kind":"Node","metadata":{"name":"node-1","labels":{"d":"1"}}}"""));
        var stale = await Assert.ThrowsAsync<ApiException>(() => Apply(Patch("application/merge-patch+json", $$$$"""{"metadata":{"resourceVersion":"{{{{before.Metadata.ResourceVersion}}}}","labels":{"e":"1"}}}""")));

        Assert.Equal(["a", "c", "d"], last.Metadata.Labels!.Keys.Where(key => key.Length == 1));
        Assert.Equal(ApiFault.Conflict, stale.Fault);

        Task<NodeObject> Apply(ApiPatch patch) => client.PatchAsync(ApiResources.Nodes, null, "node-1", null, patch, Token);
    }

    [Fact]
    public async Task Each_request_is_a_trace_of_its_own()
    {
        await using var server = await ApiServerPeer.StartAsync();
        using var client = Client(server);
        var traces = ImmutableList<Activity>.Empty;
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "AIInfra.Kubernetes",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity => ImmutableInterlocked.Update(ref traces, (list, one) => list.Add(one), activity),
        };
        ActivitySource.AddActivityListener(listener);

        await Assert.ThrowsAsync<ApiException>(() => client.GetAsync(ApiResources.Nodes, null, "trace-me", Token));

        var trace = Assert.Single(traces, one => one.DisplayName == "GET nodes trace-me");
        Assert.Equal((404, ActivityStatusCode.Error), (trace.GetTagItem("http.response.status_code"), trace.Status));
    }
}
