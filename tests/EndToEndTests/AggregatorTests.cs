using System.Text.Json;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>The two programs together: <c>aiinfra-aggregator</c> and the real daemon of a simulated node.</summary>
public sealed class AggregatorTests
{
    [Fact]
    public async Task A_fault_of_a_simulated_node_is_in_the_API_within_a_second_of_being_raised()
    {
        await using var aggregator = await AggregatorRun.StartAsync();
        await using var node = await SimulatedNodeRun.StartAsync("node dgx-h100\n", settings:
        [
            ("AIINFRA_NODE__NAME", "gpu-17"), ("AIINFRA_FLEET__AGGREGATOR", $"127.0.0.1:{aggregator.Port}"),
            ("AIINFRA_FLEET__CREDENTIALS", await aggregator.WriteJoinTokenAsync()), ("AIINFRA_FLEET__LABELS", "rack=r1,switch=s1"),
        ]);
        string Story() => aggregator.Process.Transcript + node.Node.Transcript;
        JsonElement page = default;
        await Eventually.AsyncTrue(async () => await FindAsync("gpu-17") is { } found && (page = found).GetProperty("devices").GetArrayLength() == 8, Story);
        Assert.Equal("r1", page.GetProperty("node").GetProperty("labels").GetProperty("rack").GetString());
        Assert.True(page.GetProperty("node").GetProperty("simulated").GetBoolean());

        await node.InjectAsync("gpu 3 xid 79");
        await Eventually.AsyncTrue(async () => (page = (await FindAsync("gpu-17"))!.Value).GetProperty("problems").EnumerateArray().Any(one => one.GetProperty("id").GetString() == "nvidia.xid.79"), Story);

        // Both times are of this machine: raised by the node, come in at the aggregator.
        var problem = page.GetProperty("problems").EnumerateArray().First(one => one.GetProperty("id").GetString() == "nvidia.xid.79");
        var delay = problem.GetProperty("arrived").GetDateTimeOffset() - problem.GetProperty("firstSeen").GetDateTimeOffset();
        Assert.True(delay < TimeSpan.FromSeconds(1), $"It took {delay.TotalMilliseconds:0} ms.");
        Assert.Equal("fatal", problem.GetProperty("severity").GetString());
        await Eventually.AsyncTrue(async () => (await FindAsync("gpu-17"))!.Value.GetProperty("node").GetProperty("unhealthyDevices").GetInt32() == 1, Story);

        async Task<JsonElement?> FindAsync(string name)
        {
            try
            {
                return await aggregator.GetAsync($"/api/v1/nodes/{name}");
            }
            catch (HttpRequestException)
            {
                return null; // not known yet
            }
        }
    }

    [Fact]
    public async Task A_second_start_a_taken_port_and_a_wrong_file_are_said_in_one_sentence_each()
    {
        await using var aggregator = await AggregatorRun.StartAsync();

        var second = await AggregatorRun.CommandAsync("run", "--config", aggregator.Config);
        Assert.Equal(75, second.Status);
        Assert.Contains("runs on", second.Output, StringComparison.Ordinal);

        var other = aggregator.Write("other.yaml", $$"""
            listen: { address: "127.0.0.1:{{aggregator.Port}}" }
            state: { path: {{Path.GetDirectoryName(aggregator.Config)}}/other }
            store: { connection: "Data Source={{Path.GetDirectoryName(aggregator.Config)}}/other.db" }
            """);
        var taken = await AggregatorRun.CommandAsync("run", "--config", other);
        Assert.Equal(69, taken.Status);
        Assert.Contains("listen.address", taken.Output, StringComparison.Ordinal);

        var wrong = aggregator.Write("wrong.yaml", "listen: { adress: here }\nfleet: { silence: 5 }\n");
        var refused = await AggregatorRun.CommandAsync("run", "--config", wrong);
        Assert.Equal(78, refused.Status);
        Assert.Contains("wrong.yaml:1:11", refused.Output, StringComparison.Ordinal);
        Assert.Contains("Did you mean listen.address?", refused.Output, StringComparison.Ordinal);
        Assert.Contains("fleet.silence", refused.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await AggregatorRun.CommandAsync("check-config", aggregator.Config)).Status);
        Assert.Equal(64, (await AggregatorRun.CommandAsync("token", "create", "--role", "king")).Status);
    }

    [Fact]
    public async Task A_token_is_shown_once_listed_without_its_secret_and_ends_when_it_is_revoked()
    {
        await using var aggregator = await AggregatorRun.StartAsync();
        var token = await aggregator.TokenAsync("viewer");
        var (id, secret) = (token.Split('.')[1], token.Split('.')[2]);

        var list = await AggregatorRun.CommandAsync("token", "list", "--config", aggregator.Config);
        Assert.Contains(id, list.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, list.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, aggregator.Process.Transcript, StringComparison.Ordinal);
        Assert.Equal(0, (await AggregatorRun.CommandAsync("token", "revoke", id, "--config", aggregator.Config)).Status);
        Assert.Equal(65, (await AggregatorRun.CommandAsync("token", "revoke", "00000000", "--config", aggregator.Config)).Status);
    }

    [Fact]
    public async Task The_reference_page_of_the_settings_is_what_the_program_prints()
    {
        const string Head = "# Settings of the aggregator\n\nMade by `aiinfra-aggregator config-reference`. They stand in `/etc/aiinfra/aggregator.yaml`; each also as `AIINFRA_SECTION__KEY`. How to use it: [aggregator.md](aggregator.md).\n\n";
        var path = RepositoryRoot.Combine("docs", "aggregator-configuration.md");
        var page = Head + (await AggregatorRun.CommandAsync("config-reference")).Output.TrimEnd() + "\n";
        if (Environment.GetEnvironmentVariable("AIINFRA_UPDATE_DOCS") == "1")
            await File.WriteAllTextAsync(path, page, TestContext.Current.CancellationToken);

        Assert.Equal(page, await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task It_stops_in_order_when_it_is_told_to()
    {
        await using var aggregator = await AggregatorRun.StartAsync();

        await AgentProgram.SignalAsync(aggregator.Process.Id, 15);

        Assert.Equal(0, await aggregator.Process.WaitForExitAsync(TestContext.Current.CancellationToken));
        Assert.Contains("Stopping", aggregator.Process.Transcript, StringComparison.Ordinal);
    }
}
