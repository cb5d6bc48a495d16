using AIInfra.Aggregator.Cluster;
using AIInfra.Aggregator.Grants;
using AIInfra.Core.Remediation;
using AIInfra.FunctionalTests.Aggregator;

namespace AIInfra.FunctionalTests.Cluster;

/// <summary>The record of the steps, the same on both databases: begun once, one replica's at a time, ended once.</summary>
public abstract class ClusterStepCases
{
    /// <summary>A new empty one.</summary>
    protected abstract Task<string> MakeAsync();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private sealed record Pair(TestFleet Fleet, TestFleet Other, ClusterStepStore One, ClusterStepStore Two, GrantDecision Grant) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Other.DisposeAsync();
            await Fleet.DisposeAsync();
        }
    }

    private async Task<Pair> StartAsync()
    {
        var place = await MakeAsync();
        var fleet = TestFleet.Open(place, TestFleet.Armed(new Budget("fleet", "", Amount.Of(5))));
        var other = fleet.Beside(place);
        await fleet.ReportAsync(TestFleet.Many(10, 5));
        await fleet.BeatAsync();
        await other.BeatAsync();
        return new Pair(fleet, other, new ClusterStepStore(fleet.Database, fleet.Replicas), new ClusterStepStore(other.Database, other.Replicas), await fleet.AskAsync("n000", ClusterRig.Operation, "cordon"));
    }

    private static StepQuestion Question(GrantDecision grant, string action = "cordon") => new(ClusterRig.Step(action), grant.Grant, grant.Fence, false);

    [Fact]
    public async Task A_step_that_is_asked_for_at_many_replicas_at_once_is_begun_once()
    {
        await using var pair = await StartAsync();

        var begun = await Task.WhenAll(Enumerable.Range(0, 20).Select(number => Task.Run(() => (number % 2 == 0 ? pair.One : pair.Two).BeginAsync("n000", Question(pair.Grant), Token), Token)));

        Assert.Single(begun, one => one.IsNew);
        Assert.All(begun, one => Assert.NotNull(one.Step));
    }

    [Fact]
    public async Task A_replica_that_is_silent_loses_its_step_and_the_outcome_is_written_once()
    {
        await using var pair = await StartAsync();
        var (step, _, why) = await pair.One.BeginAsync("n000", Question(pair.Grant), Token);
        Assert.True(step is not null, why);
        Assert.Empty(await pair.Two.TakeOverAsync(Token));
        pair.Fleet.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Empty(await pair.One.KeepAsync([(step, "1 of 2 pods have left.")], Token));
        pair.Fleet.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Empty(await pair.Two.TakeOverAsync(Token)); // it has said that it lives
        pair.Fleet.Time.Advance(TimeSpan.FromSeconds(6));

        var taken = Assert.Single(await pair.Two.TakeOverAsync(Token));

        Assert.Null(taken.WhyNot);
        Assert.Equal("1 of 2 pods have left.", taken.Step.Says);
        Assert.Equal(TimeSpan.FromSeconds(34), taken.Step.Step.Deadline); // what is left of it
        Assert.Equal(("n000", step.Step.Id, ""), Assert.Single(await pair.One.KeepAsync([(step, "")], Token)));
        Assert.False(await pair.One.EndAsync(step, ActionResult.Done("late."), Token));
        Assert.True(await pair.Two.EndAsync(taken.Step, ActionResult.Failed("settled."), Token));
        Assert.False(await pair.Two.EndAsync(taken.Step, ActionResult.Done("again."), Token));
        Assert.Equal(ActionResult.Failed("settled."), (await pair.One.FindAsync("n000", step.Step.Id, Token))!.Result);
        Assert.Equal((step.Step.Id, false), ((await pair.One.BeginAsync("n000", Question(pair.Grant), Token)).Step!.Step.Id, (await pair.One.BeginAsync("n000", Question(pair.Grant), Token)).IsNew));
    }

    [Fact]
    public async Task It_does_not_go_on_without_the_grant_or_past_its_deadline()
    {
        await using var pair = await StartAsync();
        var (step, _, _) = await pair.One.BeginAsync("n000", Question(pair.Grant), Token);
        await pair.Fleet.Controls.RevokeAsync("n000", ClusterRig.Operation, "token test", "", Token);

        Assert.Equal("its grant was taken back.", Assert.Single(await pair.One.KeepAsync([(step!, "")], Token)).Why);
        pair.Fleet.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal("its grant was taken back.", Assert.Single(await pair.Two.TakeOverAsync(Token)).WhyNot);
    }

    [Fact]
    public async Task What_the_journal_has_closed_or_forgotten_is_stopped_and_a_node_has_one_step_at_a_time()
    {
        await using var pair = await StartAsync();
        await pair.One.BeginAsync("n000", Question(pair.Grant), Token);

        Assert.Contains("is under way; a node has one at a time", (await pair.Two.BeginAsync("n000", Question(pair.Grant, "drain"), Token)).WhyNot, StringComparison.Ordinal);
        Assert.Equal("Operation x has no grant.", (await pair.Two.BeginAsync("n001", new StepQuestion(ClusterRig.Step("drain", operation: "x"), "g7", 7, false), Token)).WhyNot);
        Assert.Empty(await pair.Two.ReconcileAsync("n000", [], Token)); // a journal tells some seconds later
        Assert.Equal([$"{ClusterRig.Operation}-cordon"], await pair.Two.ReconcileAsync("n000", [TestFleet.Step(ClusterRig.Operation, "cordon", "closed", "unknown")], Token));
        Assert.Equal("the node's journal has closed the step.", Assert.Single(await pair.One.KeepAsync([((await pair.One.FindAsync("n000", $"{ClusterRig.Operation}-cordon", Token))!, "")], Token)).Why);
    }
}

public sealed class SqliteClusterStepCases : ClusterStepCases, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cluster-steps-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    protected override Task<string> MakeAsync() => Task.FromResult($"Data Source={Path.Combine(_folder, "fleet.db")}");
}

[Collection(Databases.Collection)]
public sealed class PostgresClusterStepCases(Databases databases) : ClusterStepCases
{
    protected override Task<string> MakeAsync() => databases.MakeAsync();
}
