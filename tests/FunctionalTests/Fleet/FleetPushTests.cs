using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Store;
using AIInfra.Fleet.V1;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.FunctionalTests.Fleet;

/// <summary>What the aggregator says without being asked, to agents that are older than it.</summary>
public sealed class FleetPushTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_grant_that_was_taken_back_is_told_on_each_stream_until_it_is_acknowledged()
    {
        await using var fleet = await TestFleet.StartAsync();
        var database = fleet.Running.Services.GetRequiredService<FleetDatabase>();
        await database.WriteAsync(session => session.RunAsync("INSERT INTO grants VALUES ('op', 'gpu-1', 'g7', 7, 'cordon', 'node', 'p', 'held', $1, $1, $1, 0, '', '[]')", session.NowMilliseconds + 3_600_000), Stop);
        await fleet.Running.Services.GetRequiredService<GrantControls>().RevokeAsync("gpu-1", "op", "token test", "", Stop);

        for (var stream = 0; stream < 2; stream++)
        {
            await using var old = RawAgent.Open(fleet, "gpu-1"); // knows of no acknowledgement
            old.Send(RawAgent.Hello("gpu-1"));
            Assert.Equal("g7", (await old.NextAsync(FromAggregator.MessageOneofCase.GrantRevocation)).GrantRevocation.Grant);
        }
        await using var agent = RawAgent.Open(fleet, "gpu-1");
        agent.Send(RawAgent.Hello("gpu-1"));
        await agent.NextAsync(FromAggregator.MessageOneofCase.GrantRevocation);
        agent.Send(new FromAgent { Taken = new Taken { Grant = "g7" } });

        List<string> says;
        do
        {
            await Task.Delay(20, Stop);
            says = await database.ReadAsync(session => session.AllAsync("SELECT says FROM grants", row => row.GetString(0)), Stop);
        }
        while (says is ["revoked"]);
        Assert.Equal(["revoked, and the node was told"], says);
    }

    [Fact]
    public async Task An_agent_that_knows_no_pause_and_no_steps_goes_on_as_before()
    {
        await using var fleet = await TestFleet.StartAsync();
        await fleet.Running.Services.GetRequiredService<GrantControls>().PauseAsync(PauseScope.Fleet, "token test", "", null, Stop);
        await using var old = RawAgent.Open(fleet, "gpu-1");
        old.Send(RawAgent.Hello("gpu-1"));
        var welcome = (await old.NextAsync(FromAggregator.MessageOneofCase.Welcome)).Welcome;
        Assert.Equal((false, true), (welcome.DoesSteps, welcome.NoSteps.Length > 0)); // there is no cluster
        Policy policy;
        do
            policy = (await old.NextAsync(FromAggregator.MessageOneofCase.Policy)).Policy; // and passes it over
        while (!policy.Paused);

        old.Send(new FromAgent { Snapshot = RawAgent.Snapshot(1) });
        old.Send(new FromAgent { GrantAsk = new GrantAsk { Ask = 1, Operation = "op", Action = "reboot", Scope = "node" } });

        Assert.Equal("no budget.", (await old.NextAsync(FromAggregator.MessageOneofCase.GrantAnswer)).GrantAnswer.Why);
        Assert.NotNull(fleet.View.Find("gpu-1"));
    }

    [Fact]
    public async Task A_step_that_is_asked_of_an_aggregator_without_a_cluster_is_not_possible()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var agent = RawAgent.Open(fleet, "gpu-1");
        agent.Send(RawAgent.Hello("gpu-1"));

        agent.Send(new FromAgent { StepAsk = new StepAsk { Step = "s-1", Operation = "op", Action = "cordon", Scope = "node" } });

        var news = (await agent.NextAsync(FromAggregator.MessageOneofCase.StepNews)).StepNews;
        Assert.Equal(("s-1", "not-possible"), (news.Step, news.Outcome));
        Assert.Contains("kubernetes.kubeconfig", news.Says, StringComparison.Ordinal);
    }
}
