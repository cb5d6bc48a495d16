using AIInfra.Aggregator.Grants;
using AIInfra.Core.Hosting;
using AIInfra.Kubernetes.Api;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Aggregator;

/// <summary>Nodes of the stand-in API server that somebody takes out of service.</summary>
public sealed class ClusterMarksTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("marks-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_node_that_a_person_cordons_weighs_on_the_budget_until_it_is_uncordoned()
    {
        await using var server = await ApiServerPeer.StartAsync();
        await using var fleet = TestFleet.Open($"Data Source={Path.Combine(_folder, "fleet.db")}", TestFleet.Armed(new Budget("fleet", "", Amount.Of(1))));
        await fleet.ReportAsync(TestFleet.Node(ApiServerPeer.Node), TestFleet.Node("other"));
        await fleet.BeatAsync();
        using var client = new ApiClient(KubeconfigReader.ReadFile(server.Kubeconfig("admin"), TimeProvider.System)!, new ApiClientOptions { Time = TimeProvider.System, Budget = new RequestBudget(50, 100, TimeProvider.System), UserAgent = "test" });
        var marks = new ClusterMarks(client, fleet.Database, new WorkerBoard(), TimeProvider.System, () => 0.01);
        Assert.NotNull(marks.Gap);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var running = marks.RunAsync(ended.Token);

        await server.PatchAsync($"/api/v1/nodes/{ApiServerPeer.Node}", """{"spec":{"unschedulable":true}}""");
        await UntilAsync(fleet, "cordoned");
        Assert.Null(marks.Gap);
        Assert.StartsWith("2 of 2 nodes of the fleet would be out of service", (await fleet.AskAsync("other")).Why, StringComparison.Ordinal);

        await server.PatchAsync($"/api/v1/nodes/{ApiServerPeer.Node}", """{"spec":{"unschedulable":null}}""");
        await UntilAsync(fleet, "");
        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("other")).Outcome);
        await ended.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Theory]
    [InlineData("True", false, null, "")]
    [InlineData("True", true, null, "cordoned")]
    [InlineData("Unknown", false, "aiinfra.io/unhealthy", "tainted aiinfra.io/unhealthy, not ready")]
    [InlineData("True", false, "example.com/dedicated", "")]
    public void What_takes_a_node_out_of_service(string ready, bool isCordoned, string? taint, string marks) => Assert.Equal(marks, ClusterMarks.Of(new NodeObject
    {
        Metadata = new ObjectMeta { Name = "n" },
        Spec = new NodeSpec { Unschedulable = isCordoned, Taints = taint is null ? [] : [new NodeTaint { Key = taint, Effect = "NoSchedule" }] },
        Status = new NodeStatus { Conditions = [new NodeCondition { Type = "Ready", Status = ready }] },
    }));

    private static async Task UntilAsync(TestFleet fleet, string holds)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(Deadline);
        while (true)
        {
            var marks = await fleet.Database.ReadAsync(session => session.AllAsync("SELECT marks FROM node_marks WHERE node = $1", row => row.GetString(0), ApiServerPeer.Node), patience.Token);
            if (holds.Length == 0 ? marks.TrueForAll(mark => !mark.Contains("cordoned", StringComparison.Ordinal)) : marks.Exists(mark => mark.Contains(holds, StringComparison.Ordinal)))
                return;
            await Task.Delay(50, patience.Token);
        }
    }
}
