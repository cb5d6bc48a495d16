using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Incidents;
using AIInfra.Aggregator.Nodes;
using AIInfra.Core.Health;

namespace AIInfra.FunctionalTests.Aggregator;

/// <summary>Incidents in the database, and what they hold back.</summary>
public sealed class IncidentTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("incidents-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Connection => $"Data Source={Path.Combine(_folder, "fleet.db")}";

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task One_incident_grows_with_its_members_and_ends_with_the_last_of_them()
    {
        await using var fleet = await StartAsync();
        var incidents = new IncidentStore(fleet.Database);

        Assert.Equal(1, await ApplyAsync(incidents, ["n000", "n001", "n002"]));
        Assert.Equal(0, await ApplyAsync(incidents, ["n000", "n001", "n002"])); // another replica finds the same
        Assert.Equal(1, await ApplyAsync(incidents, ["n001", "n002", "n003"]));
        Assert.Equal(["n000", "n001", "n002", "n003"], Assert.Single(await incidents.ReadAsync(10, Token)).Members);

        Assert.Equal(0, await incidents.ApplyAsync([], Standing(["n003"]), Token)); // one is left
        Assert.Equal(1, await incidents.ApplyAsync([], Standing([]), Token));
        Assert.NotNull(Assert.Single(await incidents.ReadAsync(10, Token)).Ended);
        Assert.Equal(["incident.opened", "incident.grew", "incident.ended"], await fleet.TrailAsync());
    }

    [Fact]
    public async Task What_is_part_of_an_incident_is_cordoned_but_not_reset_without_a_person()
    {
        await using var fleet = await StartAsync();
        await ApplyAsync(new IncidentStore(fleet.Database), ["n000", "n001", "n002"]);

        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("n000", action: "cordon")).Outcome);
        var waits = await fleet.AskAsync("n001");
        Assert.Equal(GrantOutcome.AwaitsApproval, waits.Outcome);
        Assert.StartsWith("reboot waits for a person: the problem is part of incident ", waits.Why, StringComparison.Ordinal);
        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("n001", "op2", problem: "another")).Outcome);
        Assert.True(await fleet.Controls.ApproveAsync("n001", "op", "token alice", Token));
    }

    [Fact]
    public async Task A_problem_that_has_just_come_waits_until_it_is_known_whether_others_have_it()
    {
        await using var fleet = await StartAsync();
        await fleet.HearAsync("n000", node => node with { Problems = [Problem(fleet.Time.GetUtcNow())] });

        Assert.Equal((GrantOutcome.Denied, TimeSpan.FromSeconds(10)), await fleet.AskAsync("n000") is var fresh ? (fresh.Outcome, fresh.RetryAfter) : default);
        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("n001", action: "cordon")).Outcome);
        fleet.Time.Advance(TimeSpan.FromSeconds(10));
        await fleet.HearAllAsync();
        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("n000")).Outcome);
    }

    private static ProblemRecord Problem(DateTimeOffset at) => new()
    {
        Key = new ProblemKey("nvidia.xid.79", Subject.Device("GPU-0")), Severity = Severity.Fatal, Cause = Cause.Hardware, Action = SuggestedAction.Reboot, Message = "x",
        FirstSeen = at, LastSeen = at, Arrived = at, Count = 1,
    };

    private async Task<TestFleet> StartAsync()
    {
        var fleet = TestFleet.Open(Connection, TestFleet.Armed(new Budget("fleet", "", Amount.Of(5))));
        await fleet.ReportAsync(TestFleet.Many(10, 5));
        await fleet.BeatAsync();
        return fleet;
    }

    private static Task<int> ApplyAsync(IncidentStore incidents, string[] members) =>
        incidents.ApplyAsync([new Found("nvidia.xid.79", DateTimeOffset.UnixEpoch, new SharedPart("domain", "rack=r0"), 5, [.. members])], Standing(members), Token);

    private static ILookup<string, string> Standing(string[] nodes) => nodes.ToLookup(_ => "nvidia.xid.79");
}
