using AIInfra.Aggregator.Grants;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using GrantRequest = AIInfra.Core.Remediation.GrantRequest;

namespace AIInfra.FunctionalTests.Fleet;

/// <summary>Grants from the agent's <see cref="IGrants"/> over a real stream to a ledger.</summary>
public sealed class FleetGrantTests
{
    private static readonly GrantRequest Reboot = new("op-1", "reboot", DrainScope.Node) { ProblemId = "nvidia.xid.79", Subject = Subject.Device("GPU-3") };

    private static GrantDecision Granted(TimeSpan lifetime) => new(GrantOutcome.Granted, "grant-1", 7, lifetime, "1 of 2 in rack r1.", null);

    [Fact]
    public async Task A_grant_is_given_held_renewed_and_given_back()
    {
        await using var fleet = await TestFleet.StartAsync();
        var asked = "";
        fleet.Store.Decide = request =>
        {
            asked = $"{request.Problem?.Id} {request.Problem?.Subject}";
            return Granted(TimeSpan.FromSeconds(1.5));
        };
        fleet.Store.Renew = _ => Granted(TimeSpan.FromSeconds(1.5));
        await using var agent = await TestAgent.StartConnectedAsync(fleet, "gpu-1");
        agent.Outcome = ActionResult.Done("It booted.");

        var answer = await agent.Grants.AskAsync(Reboot, TestContext.Current.CancellationToken);
        var again = await agent.Grants.AskAsync(Reboot, TestContext.Current.CancellationToken);

        Assert.True(answer.Grant!.IsHeld, answer.Why);
        Assert.Same(answer.Grant, again.Grant);
        Assert.Equal("nvidia.xid.79 device GPU-3", asked);
        Assert.Equal(("grant-1", 7UL), agent.Grants.Find("op-1"));
        await TestFleet.UntilAsync(() => fleet.Store.Ledger.Count(line => line == "renew gpu-1 op-1 7") >= 4, "it is renewed");
        Assert.True(answer.Grant.IsHeld);

        await answer.Grant.DisposeAsync();
        await TestFleet.UntilAsync(() => fleet.Store.Ledger.Contains("release gpu-1 op-1 Done"), "it is given back with what became of it");
        Assert.False(answer.Grant.IsHeld);
    }

    [Fact]
    public async Task A_denial_says_why_and_when_to_ask_again()
    {
        await using var fleet = await TestFleet.StartAsync();
        fleet.Store.Decide = _ => GrantDecision.Denied("2 of 2 in rack r1 are unavailable.", TimeSpan.FromSeconds(30));
        await using var agent = await TestAgent.StartConnectedAsync(fleet, "gpu-1");

        var answer = await agent.Grants.AskAsync(Reboot, TestContext.Current.CancellationToken);

        Assert.Null(answer.Grant);
        Assert.Equal("2 of 2 in rack r1 are unavailable. Worth asking again in 30 s.", answer.Why);
    }

    [Fact]
    public async Task An_aggregator_that_cannot_be_reached_denies()
    {
        await using var fleet = await TestFleet.StartAsync();
        fleet.Store.Decide = _ => Granted(TimeSpan.FromMinutes(1));
        await using var agent = await TestAgent.StartConnectedAsync(fleet, "gpu-1");
        await fleet.StopAsync();
        await TestFleet.UntilAsync(() => agent.Complaint is not null, "the agent has noticed");

        var answer = await agent.Grants.AskAsync(Reboot, TestContext.Current.CancellationToken);

        Assert.Null(answer.Grant);
        Assert.Contains("cannot be reached", answer.Why, StringComparison.Ordinal);
        await fleet.StartAgainAsync();
    }

    [Fact]
    public async Task A_holder_that_cannot_renew_stops_before_its_time_is_over()
    {
        await using var fleet = await TestFleet.StartAsync();
        var lifetime = TimeSpan.FromSeconds(2);
        fleet.Store.Decide = _ => Granted(lifetime);
        await using var agent = await TestAgent.StartConnectedAsync(fleet, "gpu-1");
        var asked = TimeProvider.System.GetTimestamp();
        await using var grant = (await agent.Grants.AskAsync(Reboot, TestContext.Current.CancellationToken)).Grant!;

        await fleet.StopAsync();
        await TestFleet.UntilAsync(() => grant.Lost.IsCancellationRequested, "it is lost");

        Assert.True(TimeProvider.System.GetElapsedTime(asked) < lifetime, "It was held until others may have started.");
        Assert.False(grant.IsHeld);
        await fleet.StartAgainAsync();
    }

    [Fact]
    public async Task A_grant_outlives_the_stream_that_it_came_over()
    {
        await using var fleet = await TestFleet.StartAsync();
        fleet.Store.Decide = _ => Granted(TimeSpan.FromSeconds(3));
        fleet.Store.Renew = _ => Granted(TimeSpan.FromSeconds(3));
        await using var agent = await TestAgent.StartConnectedAsync(fleet, "gpu-1");
        await using var grant = (await agent.Grants.AskAsync(Reboot, TestContext.Current.CancellationToken)).Grant!;

        fleet.Sessions.Find("gpu-1")!.End("The test cuts it.");
        await TestFleet.UntilAsync(() => fleet.Counters.Opened == 2 && fleet.Store.Ledger.Contains("renew gpu-1 op-1 7"), "it is renewed over the next stream");

        Assert.True(grant.IsHeld);
    }

    [Fact]
    public async Task A_renewal_that_is_denied_takes_the_grant_back_at_once()
    {
        await using var fleet = await TestFleet.StartAsync();
        fleet.Store.Decide = _ => Granted(TimeSpan.FromSeconds(3));
        await using var agent = await TestAgent.StartConnectedAsync(fleet, "gpu-1");
        await using var grant = (await agent.Grants.AskAsync(Reboot, TestContext.Current.CancellationToken)).Grant!;

        await TestFleet.UntilAsync(() => grant.Lost.IsCancellationRequested, "it is lost");

        Assert.Contains("renew gpu-1 op-1 7", fleet.Store.Ledger);
    }

    [Fact]
    public async Task What_the_journal_says_of_operations_is_reconciled()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var agent = await TestAgent.StartConnectedAsync(fleet, "gpu-1");
        await TestFleet.UntilAsync(() => fleet.Store.Ledger.Contains("reconcile gpu-1 0"), "the first snapshot is reconciled");

        agent.Operations = [new AIInfra.Fleet.V1.Operation { Id = "op-1", Step = "op-1-1", Action = "reboot", State = "closed", Outcome = "done" }];

        await TestFleet.UntilAsync(() => fleet.Store.Ledger.Contains("reconcile gpu-1 1"), "the step is reconciled");
        Assert.Equal("done", Assert.Single(fleet.View.Find("gpu-1")!.Operations).Outcome);
    }
}
