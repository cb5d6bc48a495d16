using System.Net;
using System.Text.Json;
using AIInfra.Aggregator.Api;
using AIInfra.Aggregator.Identity;
using AIInfra.Fleet.V1;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.FunctionalTests.Fleet;

public sealed class FleetApiTests
{
    [Fact]
    public async Task Health_answers_anybody_and_the_API_only_those_with_a_token_and_the_role()
    {
        await using var fleet = await TestFleet.StartAsync();
        using var nobody = fleet.Client(null);
        using var viewer = fleet.Client(TokenRole.Viewer);
        using var joiner = fleet.Client(TokenRole.Join);
        using var admin = fleet.Client(TokenRole.Admin);

        Assert.Equal("ok\n", await nobody.GetStringAsync(new Uri("/healthz", UriKind.Relative), TestContext.Current.CancellationToken));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(nobody, HttpMethod.Get, "/api/v1/fleet"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(joiner, HttpMethod.Get, "/api/v1/fleet"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(viewer, HttpMethod.Get, "/api/v1/fleet"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(viewer, HttpMethod.Delete, "/api/v1/nodes/gpu-1"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(admin, HttpMethod.Delete, "/api/v1/nodes/gpu-1"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, await StatusAsync(viewer, HttpMethod.Post, "/api/v1/fleet"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(viewer, HttpMethod.Get, "/api/v1/unicorns"));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(viewer, HttpMethod.Get, "/api/v1/nodes?colour=red"));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(viewer, HttpMethod.Get, "/api/v1/nodes?limit=0"));
    }

    [Fact]
    public async Task Old_HTTP_is_answered_too()
    {
        await using var fleet = await TestFleet.StartAsync();
        using var viewer = fleet.Client();
        viewer.DefaultRequestVersion = HttpVersion.Version11;

        using var answer = await viewer.GetAsync(new Uri("/api/v1/fleet", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.OK, HttpVersion.Version11), (answer.StatusCode, answer.Version));
    }

    [Fact]
    public async Task Nodes_devices_and_problems_come_filtered_and_in_pages_that_miss_nothing()
    {
        await using var fleet = await TestFleet.StartAsync();
        var agents = new List<RawAgent>();
        for (var number = 0; number < 7; number++)
            agents.Add(await ReportAsync(fleet, $"gpu-{number}", devices: 3, faulty: number == 4));

        Assert.Equal(["gpu-0", "gpu-1", "gpu-2", "gpu-3", "gpu-4", "gpu-5", "gpu-6"], await AllAsync(fleet, "/api/v1/nodes?limit=3", "name"));
        Assert.Equal(21, (await AllAsync(fleet, "/api/v1/devices?limit=4", "id")).Count);
        Assert.Equal(["gpu-4"], await AllAsync(fleet, "/api/v1/nodes?problem=nvidia.xid", "name"));
        Assert.Equal(["gpu-4"], await AllAsync(fleet, "/api/v1/nodes?severity=fatal", "name"));
        Assert.Equal(["gpu-4"], await AllAsync(fleet, "/api/v1/problems", "node"));
        Assert.Equal(["gpu-2"], await AllAsync(fleet, "/api/v1/nodes?label=number=2", "name"));
        Assert.Equal(["GPU-0"], await AllAsync(fleet, "/api/v1/devices?healthy=false", "id"));
        Assert.Empty(await AllAsync(fleet, "/api/v1/nodes?state=lost", "name"));

        var summary = await fleet.GetAsync("/api/v1/fleet");
        Assert.Equal((7, 21, 1), (summary.GetProperty("nodes").GetProperty("connected").GetInt32(), summary.GetProperty("devices").GetInt32(), summary.GetProperty("unhealthyDevices").GetInt32()));
        var node = await fleet.GetAsync("/api/v1/nodes/gpu-4");
        Assert.Equal("nvidia.xid.79", node.GetProperty("problems")[0].GetProperty("id").GetString());

        foreach (var agent in agents)
            await agent.DisposeAsync();
    }

    [Fact]
    public async Task Events_tell_what_changed_and_go_on_after_the_last_one_seen()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var agent = await TestAgent.StartConnectedAsync(fleet, "gpu-1");
        using var client = fleet.Client();
        using var first = await OpenEventsAsync(client, null);

        agent.Report("nvidia.xid.79", 2);
        var (id, raised) = await NextAsync(first, data => data.GetProperty("raised").GetArrayLength() > 0);
        Assert.Equal("nvidia.xid.79", raised.GetProperty("raised")[0].GetProperty("id").GetString());
        Assert.Equal("GPU-2", raised.GetProperty("devicesChanged")[0].GetString());

        agent.Clear("nvidia.xid.79", 2);
        await TestFleet.UntilAsync(() => fleet.View.Find("gpu-1")!.Problems.IsEmpty, "it is cleared");
        using var second = await OpenEventsAsync(client, id);
        var (_, cleared) = await NextAsync(second, data => data.GetProperty("cleared").GetArrayLength() > 0);
        Assert.Equal("nvidia.xid.79", cleared.GetProperty("cleared")[0].GetProperty("id").GetString());

        using var stale = await OpenEventsAsync(client, "999999");
        Assert.Equal("event: reset", await LineAsync(stale, line => line.StartsWith("event:", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_OpenAPI_document_names_every_route_with_its_query_and_its_answer()
    {
        await using var fleet = await TestFleet.StartAsync();
        var document = await fleet.GetAsync("/api/openapi.json");
        var paths = document.GetProperty("paths");

        foreach (var route in fleet.Running.Services.GetRequiredService<ApiServer>().Routes)
        {
            var operation = paths.GetProperty(route.Template).GetProperty(route.Method.ToLowerInvariant());
            var named = operation.GetProperty("parameters").EnumerateArray().Where(parameter => parameter.GetProperty("in").GetString() == "query").Select(parameter => parameter.GetProperty("name").GetString());
            Assert.Equal(route.Query.Select(query => query.Name), named);
            if (route.Returns is not null)
                Assert.Contains("properties", operation.GetProperty("responses").GetProperty("200").GetRawText(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_node_that_was_removed_is_gone_from_view_and_store_and_in_the_audit()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using (await ReportAsync(fleet, "gpu-1", devices: 1, faulty: false))
        {
            await TestFleet.UntilAsync(() => fleet.Store.Nodes.Count == 1, "it is stored");
        }
        using var admin = fleet.Client(TokenRole.Admin);

        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(admin, HttpMethod.Delete, "/api/v1/nodes/gpu-1"));

        await TestFleet.UntilAsync(() => fleet.Store.Nodes.Count == 0 && fleet.View.Nodes.IsEmpty, "it is gone");
        var trail = await fleet.GetAsync("/api/v1/audit?node=gpu-1");
        Assert.Equal("node.removed", trail.GetProperty("items")[0].GetProperty("what").GetString());
    }

    [Fact]
    public async Task While_the_store_is_away_the_audit_says_so_and_the_fleet_is_still_shown()
    {
        await using var fleet = await TestFleet.StartAsync();
        fleet.Store.Away = "The database does not answer.";
        using var viewer = fleet.Client();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(viewer, HttpMethod.Get, "/api/v1/audit"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(viewer, HttpMethod.Get, "/api/v1/nodes"));
    }

    [Fact]
    public async Task The_port_is_opened_when_the_stored_nodes_are_known_and_not_before()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using (await ReportAsync(fleet, "gpu-1", devices: 1, faulty: false))
            await TestFleet.UntilAsync(() => fleet.Store.Nodes.Count == 1, "it is stored");
        await fleet.StopAsync();
        var (readable, reads) = (new TaskCompletionSource(), fleet.Store.Reads);
        fleet.Store.Readable = readable.Task;

        var starting = fleet.StartAgainAsync();
        await TestFleet.UntilAsync(() => fleet.Store.Reads > reads, "the store is asked");
        using (var early = new HttpClient { BaseAddress = fleet.Address })
            await Assert.ThrowsAsync<HttpRequestException>(() => early.GetAsync(new Uri("/healthz", UriKind.Relative), TestContext.Current.CancellationToken));
        readable.SetResult();
        await starting;

        var summary = await fleet.GetAsync("/api/v1/fleet");
        Assert.Equal((true, 1), (summary.GetProperty("complete").GetBoolean(), summary.GetProperty("nodes").GetProperty("all").GetInt32()));
    }

    [Fact]
    public async Task A_store_that_is_away_at_the_start_keeps_nobody_out_and_the_fleet_is_said_to_be_incomplete()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using (await ReportAsync(fleet, "gpu-1", devices: 1, faulty: false))
            await TestFleet.UntilAsync(() => fleet.Store.Nodes.Count == 1, "it is stored");
        await fleet.StopAsync();
        fleet.Store.Away = "The database does not answer.";
        await fleet.StartAgainAsync();

        await using var other = RawAgent.Open(fleet, "gpu-2");
        other.Send(RawAgent.Hello("gpu-2"));
        other.Send(new FromAgent { Snapshot = RawAgent.Snapshot(1) });
        await TestFleet.UntilAsync(() => fleet.View.Find("gpu-2") is not null, "it is let in");
        var summary = await fleet.GetAsync("/api/v1/fleet");
        Assert.Equal((false, 1), (summary.GetProperty("complete").GetBoolean(), summary.GetProperty("nodes").GetProperty("all").GetInt32()));

        fleet.Store.Away = null;
        await TestFleet.UntilAsync(() => fleet.View.Find("gpu-1") is not null, "the stored node is shown too");
        Assert.True((await fleet.GetAsync("/api/v1/fleet")).GetProperty("complete").GetBoolean());
    }

    [Fact]
    public async Task A_reader_whose_token_was_revoked_hears_no_more()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var agent = await TestAgent.StartConnectedAsync(fleet, "gpu-1");
        using var client = fleet.Client();
        using var events = await OpenEventsAsync(client, null);
        agent.Report("nvidia.xid.79", 2);
        await NextAsync(events, data => data.GetProperty("raised").GetArrayLength() > 0);

        Assert.True(fleet.Tokens.Revoke(client.DefaultRequestHeaders.Authorization!.Parameter!.Split('.')[1]));
        agent.Report("nvidia.xid.48", 3);
        await TestFleet.UntilAsync(() => fleet.View.Find("gpu-1")!.Problems.Any(problem => problem.Key.Id == "nvidia.xid.48"), "it is known");

        Assert.DoesNotContain("nvidia.xid.48", await events.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static async Task<RawAgent> ReportAsync(TestFleet fleet, string name, int devices, bool faulty)
    {
        var agent = RawAgent.Open(fleet, name);
        agent.Send(RawAgent.Hello(name));
        var snapshot = RawAgent.Snapshot(1, [.. Enumerable.Range(0, devices).Select(index => new Device { Id = $"GPU-{index}", Vendor = "nvidia", Model = "H100", Healthy = !(faulty && index == 0) })]);
        snapshot.State.Facts.Labels["number"] = name[^1..];
        if (faulty)
            snapshot.State.Problems.Add(new Problem { Key = new ProblemKey { Id = "nvidia.xid.79", SubjectKind = "device", Subject = "GPU-0" }, Severity = "fatal" });
        agent.Send(new FromAgent { Snapshot = snapshot });
        await agent.NextAsync(FromAggregator.MessageOneofCase.Acknowledgement);
        return agent;
    }

    /// <summary>Reads every page.</summary>
    private static async Task<List<string>> AllAsync(TestFleet fleet, string path, string property)
    {
        var (all, next) = (new List<string>(), (string?)null);
        do
        {
            var page = await fleet.GetAsync(next is null ? path : $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}after={Uri.EscapeDataString(next)}");
            all.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty(property).GetString()!));
            next = page.GetProperty("next").GetString();
        }
        while (next is not null);
        return all;
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    private static async Task<StreamReader> OpenEventsAsync(HttpClient client, string? after)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/api/v1/events", UriKind.Relative));
        if (after is not null)
            request.Headers.Add("Last-Event-ID", after);
        var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
        var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        Assert.Equal(": connected", await LineAsync(reader, _ => true));
        return reader;
    }

    private static async Task<(string Id, JsonElement Data)> NextAsync(StreamReader events, Func<JsonElement, bool> isWanted)
    {
        while (true)
        {
            var id = (await LineAsync(events, line => line.StartsWith("id: ", StringComparison.Ordinal)))[4..];
            var data = JsonDocument.Parse((await LineAsync(events, line => line.StartsWith("data: ", StringComparison.Ordinal)))[6..]).RootElement;
            if (isWanted(data))
                return (id, data);
        }
    }

    private static async Task<string> LineAsync(StreamReader events, Func<string, bool> isWanted)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (await events.ReadLineAsync(patience.Token) is { } line)
        {
            if (isWanted(line))
                return line;
        }
        throw new InvalidOperationException("The events ended.");
    }
}
