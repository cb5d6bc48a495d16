using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Store;
using AIInfra.Core.Remediation;
using static AIInfra.FunctionalTests.Aggregator.TestFleet;

namespace AIInfra.FunctionalTests.Aggregator;

/// <summary>Grants, the same on both databases.</summary>
public abstract class LedgerCases
{
    /// <summary>A new empty one.</summary>
    protected abstract Task<string> MakeAsync();

    private static Budget Fleet(int number) => new("fleet", "", Amount.Of(number));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<TestFleet> StartAsync(GrantPolicy policy, int nodes = 10, int perRack = 5)
    {
        var fleet = Open(await MakeAsync(), policy);
        await fleet.ReportAsync(Many(nodes, perRack));
        await fleet.BeatAsync();
        return fleet;
    }

    [Fact]
    public async Task No_more_than_the_budget_is_granted_and_a_node_given_back_makes_room()
    {
        await using var fleet = await StartAsync(Armed(Fleet(2)));

        var first = await fleet.AskAsync("n000");
        var second = await fleet.AskAsync("n001");
        var third = await fleet.AskAsync("n002");

        Assert.Equal((GrantOutcome.Granted, GrantOutcome.Granted), (first.Outcome, second.Outcome));
        Assert.True(second.Fence > first.Fence);
        Assert.Equal(GrantOutcome.Denied, third.Outcome);
        Assert.Equal("3 of 10 nodes of the fleet would be out of service; budget fleet allows 2 (2).", third.Why);

        await fleet.ReleaseAsync("n000", first);
        Assert.Equal(GrantOutcome.Denied, (await fleet.AskAsync("n002")).Outcome); // n000 has not been heard since: whether it is back is not known
        fleet.Time.Advance(TimeSpan.FromSeconds(1));
        await fleet.HearAllAsync();
        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("n002")).Outcome);
    }

    [Fact]
    public async Task Each_domain_has_its_own_count_and_nodes_without_the_label_are_one_domain()
    {
        await using var fleet = await StartAsync(Armed(Fleet(10), new Budget("racks", Rack, Amount.Of(1))));
        await fleet.ReportAsync(Node("x1"), Node("x2"));

        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("n000")).Outcome);
        var denied = await fleet.AskAsync("n004");
        Assert.Equal($"2 of 5 nodes of {Rack}=r0 would be out of service; budget racks allows 1 (1).", denied.Why);
        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("n005")).Outcome);
        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("x1")).Outcome);
        Assert.Contains($"the nodes without {Rack}", (await fleet.AskAsync("x2")).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_share_is_rounded_down_and_does_not_grow_when_nodes_fail()
    {
        await using var fleet = await StartAsync(Armed(new Budget("fleet", "", Amount.OfPercent(19))), nodes: 10);

        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("n000")).Outcome);
        Assert.Contains("allows 1 (19 %)", (await fleet.AskAsync("n001")).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_out_of_service_for_any_other_reason_uses_the_same_budget()
    {
        await using var fleet = await StartAsync(Armed(Fleet(2)) with { LostAfter = TimeSpan.FromSeconds(90) }, nodes: 20);
        await fleet.HearAsync("n001", node => node with { Operations = [Step("earlier", "cordon", "closed", "done", at: fleet.Time.GetUtcNow())] });
        await fleet.HearAsync("n002", node => node with { IsConnected = false });

        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("n000")).Outcome); // n001 and itself; n002 may come back
        fleet.Time.Advance(TimeSpan.FromSeconds(91));
        await fleet.BeatAsync();

        Assert.StartsWith("4 of 20 nodes of the fleet would", (await fleet.AskAsync("n003")).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_members_of_a_job_are_never_disrupted_for_different_reasons()
    {
        await using var fleet = Open(await MakeAsync(), Armed(Fleet(10)));
        await fleet.ReportAsync(Node("a", job: "default/train"), Node("b", job: "default/train"), Node("c", job: "default/train"), Node("d", job: "default/other"));
        await fleet.BeatAsync();

        var first = await fleet.AskAsync("a", problem: "nvidia.xid.79");
        Assert.Equal(GrantOutcome.Granted, first.Outcome);
        var other = await fleet.AskAsync("b", problem: "nvidia.row-remap-pending");
        Assert.Equal(GrantOutcome.Denied, other.Outcome);
        Assert.Equal("node a runs job default/train too and is disrupted for another reason (nvidia.xid.79); a job is not disrupted for two reasons at once.", other.Why);
        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("c", problem: "nvidia.xid.79")).Outcome);
        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("d", problem: "nvidia.row-remap-pending")).Outcome);

        await fleet.HearAsync("a", node => node with { Workloads = [] }); // drained: it was of the job when it was granted
        Assert.Equal(GrantOutcome.Denied, (await fleet.AskAsync("b", problem: "nvidia.row-remap-pending")).Outcome);
    }

    [Fact]
    public async Task A_rate_bounds_how_fast_over_restarts()
    {
        var connection = await MakeAsync();
        var policy = Armed(new Budget("fleet", "", Amount.Of(10), 0, new StartRate(2, TimeSpan.FromMinutes(10))));
        var fleet = Open(connection, policy);
        await fleet.ReportAsync(Many(10, 5));
        await fleet.BeatAsync();
        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("n000")).Outcome);
        fleet.Time.Advance(TimeSpan.FromMinutes(1));
        await fleet.HearAllAsync();
        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("n001")).Outcome);

        var again = fleet.Beside(connection);
        await fleet.DisposeAsync();
        await again.ReportAsync(Many(10, 5));
        var denied = await again.AskAsync("n002");
        Assert.Equal("2 operations began in the fleet within 10 min; budget fleet allows 2.", denied.Why);
        Assert.Equal(TimeSpan.FromMinutes(9), denied.RetryAfter);

        again.Time.Advance(TimeSpan.FromMinutes(9));
        await again.HearAllAsync();
        Assert.Equal(GrantOutcome.Granted, (await again.AskAsync("n002")).Outcome);
        await again.DisposeAsync();
    }

    [Fact]
    public async Task The_breaker_opens_when_too_many_ask_survives_a_restart_and_only_a_person_closes_it()
    {
        var connection = await MakeAsync();
        var policy = Armed(Fleet(20)) with { Breaker = new BreakerRule { Percent = 30, AtLeast = 5 } };
        var fleet = Open(connection, policy);
        await fleet.ReportAsync(Many(20, 5));
        await fleet.BeatAsync();
        var given = new List<GrantDecision>();
        for (var at = 0; at < 6; at++)
            given.Add(await fleet.AskAsync($"n{at:000}"));
        Assert.All(given, grant => Assert.Equal(GrantOutcome.Granted, grant.Outcome));

        Assert.StartsWith("the breaker opens: 7 of 20 nodes asked", (await fleet.AskAsync("n006")).Why, StringComparison.Ordinal);
        Assert.Equal(GrantOutcome.Granted, (await fleet.RenewAsync("n000", given[0])).Outcome); // what is under way goes on
        await fleet.ReleaseAsync("n001", given[1]);

        var again = fleet.Beside(connection);
        await fleet.DisposeAsync();
        again.Time.Advance(TimeSpan.FromHours(5));
        await again.ReportAsync(Many(20, 5));
        Assert.StartsWith("the breaker is open since", (await again.AskAsync("n006")).Why, StringComparison.Ordinal);
        Assert.True(await again.Controls.CloseBreakerAsync("token alice", "it was a bad rule", Token));
        Assert.Equal(GrantOutcome.Granted, (await again.AskAsync("n006")).Outcome);
        Assert.Contains("breaker.closed", await again.TrailAsync());
        await again.DisposeAsync();
    }

    [Fact]
    public async Task A_grant_that_runs_out_weighs_until_its_node_is_heard_again()
    {
        await using var fleet = await StartAsync(Armed(Fleet(1)));
        var grant = await fleet.AskAsync("n000");
        await fleet.HearAsync("n000", node => node with { IsConnected = false, Operations = [Step("op", "reboot", "intended", fence: grant.Fence)] });

        fleet.Time.Advance(fleet.Policy.Lifetime + TimeSpan.FromSeconds(1));
        await fleet.BeatAsync();
        Assert.Equal(GrantOutcome.Denied, (await fleet.RenewAsync("n000", grant)).Outcome);
        Assert.Equal(GrantOutcome.Denied, (await fleet.AskAsync("n001")).Outcome); // it may be acting: nobody takes its place by time alone

        await fleet.HearAsync("n000", node => node with { IsConnected = true }); // back, and its step is still open
        Assert.Equal(GrantOutcome.Denied, (await fleet.AskAsync("n001")).Outcome);
        var anew = await fleet.AskAsync("n000");
        Assert.True(anew.Outcome == GrantOutcome.Granted && anew.Fence > grant.Fence, anew.Why);

        fleet.Time.Advance(fleet.Policy.Lifetime + TimeSpan.FromSeconds(1));
        await fleet.HearAsync("n000", node => node with { Operations = [Step("op", "reboot", "closed", "done", grant.Fence)] });
        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("n001")).Outcome);
        Assert.Contains("grant.lapsed n000 op", await fleet.TrailAsync());
    }

    [Fact]
    public async Task The_same_operation_asked_again_has_the_same_grant_and_another_of_the_node_waits()
    {
        await using var fleet = await StartAsync(Armed(Fleet(5)));

        var first = await fleet.AskAsync("n000");
        var same = await fleet.AskAsync("n000");
        var other = await fleet.AskAsync("n000", "op2");

        Assert.Equal((first.Grant, first.Fence), (same.Grant, same.Fence));
        Assert.Equal("operation op (reboot) of this node is under way; a node has one at a time.", other.Why);
        Assert.Equal(GrantOutcome.Denied, (await fleet.Ledger.RenewAsync(new GrantHolder("n000", "op", first.Grant, first.Fence - 1), Token)).Outcome);
    }

    [Fact]
    public async Task Nothing_is_granted_before_the_view_is_complete()
    {
        await using var fleet = Open(await MakeAsync(), Armed(Fleet(5)) with { View = new ViewRule(90, TimeSpan.FromSeconds(30)) });
        await fleet.ReportAsync(Many(20, 5).Select((node, at) => node with { IsConnected = at < 17 }));
        await fleet.BeatAsync();
        Assert.Equal("nothing is granted: 17 of 20 nodes are in sight, view.seenPercent asks for 90 %.", (await fleet.AskAsync("n000")).Why);

        await fleet.ReportAsync(Many(20, 5).Select(node => node with { Sequence = 2 }));
        Assert.StartsWith("nothing is granted yet: the view of the fleet is whole since", (await fleet.AskAsync("n000")).Why, StringComparison.Ordinal);
        fleet.Time.Advance(TimeSpan.FromSeconds(30));
        await fleet.BeatAsync();
        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("n000")).Outcome);
    }

    [Fact]
    public async Task A_restarted_aggregator_is_disarmed_until_the_nodes_are_back()
    {
        var connection = await MakeAsync();
        var fleet = Open(connection, Armed(Fleet(5)));
        await fleet.ReportAsync(Many(10, 5));
        await fleet.BeatAsync();
        var held = await fleet.AskAsync("n000");
        fleet.Time.Advance(TimeSpan.FromSeconds(21)); // its last beat is too old for it to count as alive

        await using var again = fleet.Beside(connection);
        Assert.Equal("nothing is granted yet: the aggregator has just started.", (await again.AskAsync("n001")).Why);
        await again.BeatAsync();
        Assert.Contains("0 of 10 nodes are in sight", (await again.AskAsync("n001")).Why, StringComparison.Ordinal);
        Assert.Equal(GrantOutcome.Granted, (await again.RenewAsync("n000", held)).Outcome); // what is under way goes on

        await again.ReportAsync(Many(10, 5));
        Assert.Equal(GrantOutcome.Granted, (await again.AskAsync("n001")).Outcome);
        await fleet.DisposeAsync();
    }

    [Fact]
    public async Task An_action_that_needs_a_person_waits_for_one_approval_and_uses_it_up()
    {
        await using var fleet = await StartAsync(Armed(Fleet(5)));

        var waits = await fleet.AskAsync("n000", action: "request-replacement");
        Assert.Equal((GrantOutcome.AwaitsApproval, "request-replacement is done only after a person approved it."), (waits.Outcome, waits.Why));
        Assert.Equal("n000", Assert.Single((await fleet.Controls.ReportAsync(Token)).Waiting).Node);
        Assert.False(await fleet.Controls.ApproveAsync("n000", "other", "token alice", Token));
        Assert.True(await fleet.Controls.ApproveAsync("n000", "op", "token alice", Token));
        var given = await fleet.AskAsync("n000", action: "request-replacement");
        Assert.Equal(GrantOutcome.Granted, given.Outcome);
        await fleet.ReleaseAsync("n000", given);

        fleet.Time.Advance(TimeSpan.FromSeconds(1));
        await fleet.HearAllAsync();
        Assert.Equal(GrantOutcome.AwaitsApproval, (await fleet.AskAsync("n000", action: "request-replacement")).Outcome);
        await fleet.Controls.ApproveAsync("n000", "op", "token alice", Token);
        fleet.Time.Advance(fleet.Policy.ApprovalFor);
        await fleet.HearAllAsync();
        Assert.Equal(GrantOutcome.AwaitsApproval, (await fleet.AskAsync("n000", action: "request-replacement")).Outcome);
    }

    [Fact]
    public async Task A_control_plane_node_needs_a_person_for_everything()
    {
        await using var fleet = await StartAsync(Armed(Fleet(5)));
        await fleet.HearAsync("n000", node => node with { Facts = node.Facts with { Labels = node.Facts.Labels.Add("node-role.kubernetes.io/control-plane", "") } });

        Assert.Equal("a node with the label node-role.kubernetes.io/control-plane is disrupted only after a person approved it.", (await fleet.AskAsync("n000")).Why);
    }

    [Fact]
    public async Task A_pause_holds_in_its_scope_until_it_ends_or_is_taken_back()
    {
        await using var fleet = await StartAsync(Armed(Fleet(10)));
        await fleet.Controls.PauseAsync(PauseScope.Domain(Rack, "r0"), "token alice", "work on the switch", null, Token);
        await fleet.Controls.PauseAsync(PauseScope.Node("n009"), "token bob", "", fleet.Time.GetUtcNow() + TimeSpan.FromMinutes(5), Token);

        Assert.Equal($"token alice paused {Rack}=r0 at 2026-01-01 00:00:00Z (work on the switch).", (await fleet.AskAsync("n000")).Why);
        Assert.Equal(TimeSpan.FromMinutes(5), (await fleet.AskAsync("n009")).RetryAfter);
        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("n008")).Outcome);

        Assert.True(await fleet.Controls.ResumeAsync(PauseScope.Domain(Rack, "r0"), "token alice", Token));
        Assert.False(await fleet.Controls.ResumeAsync(PauseScope.Domain(Rack, "r0"), "token alice", Token));
        fleet.Time.Advance(TimeSpan.FromMinutes(5));
        await fleet.HearAllAsync();
        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("n000")).Outcome);
        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("n009")).Outcome);
    }

    [Fact]
    public async Task A_grant_that_is_taken_back_is_not_renewed_and_weighs_until_it_would_have_run_out()
    {
        await using var fleet = await StartAsync(Armed(Fleet(1)));
        var grant = await fleet.AskAsync("n000");

        Assert.True(await fleet.Controls.RevokeAsync("n000", "op", "token alice", "the rack is needed", Token));
        Assert.Equal("the grant was ended.", (await fleet.RenewAsync("n000", grant)).Why);
        await fleet.HearAllAsync();
        Assert.Equal(GrantOutcome.Denied, (await fleet.AskAsync("n001")).Outcome); // a node that is cut off does not know it yet
        fleet.Time.Advance(fleet.Policy.Lifetime);
        await fleet.HearAllAsync();
        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("n001")).Outcome);
    }

    [Fact]
    public async Task Every_decision_is_in_the_trail_and_a_refusal_that_repeats_itself_only_once()
    {
        await using var fleet = await StartAsync(Armed(Fleet(1)));
        var grant = await fleet.AskAsync("n000");
        for (var at = 0; at < 20; at++)
            await fleet.AskAsync("n001", "b");
        await fleet.ReleaseAsync("n000", grant);
        fleet.Time.Advance(TimeSpan.FromSeconds(1));
        await fleet.HearAllAsync();
        await fleet.AskAsync("n001", "b");

        Assert.Equal(["grant.given n000 op", "grant.denied n001 b", "grant.released n000 op", "grant.given n001 b"], await fleet.TrailAsync());
    }

    [Fact]
    public async Task A_node_that_was_removed_frees_its_budget()
    {
        await using var fleet = await StartAsync(Armed(Fleet(1)));
        await fleet.AskAsync("n000");

        await fleet.Nodes.WriteAsync([new("n000", Node("n000"), null)], Token);

        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("n001")).Outcome);
        Assert.Equal("the aggregator has no report of this node yet.", (await fleet.AskAsync("n000", "other")).Why);
    }

    [Fact]
    public async Task What_the_journal_of_a_node_does_not_know_any_more_is_said()
    {
        await using var fleet = await StartAsync(Armed(Fleet(1)));
        await fleet.HearAsync("n000", node => node with { Operations = [Step("op", "reboot", "intended")] });

        await fleet.Ledger.ReconcileAsync("n000", [], Token);
        await fleet.Ledger.ReconcileAsync("n000", [], Token);

        Assert.Equal(["operation.lost n000 op"], await fleet.TrailAsync());
    }

    [Fact]
    public async Task A_bad_policy_says_each_fault()
    {
        var policy = new GrantPolicy
        {
            Budgets = [new Budget("a", "", Amount.OfPercent(101)), new Budget("a", "x", Amount.Of(1), -1, new StartRate(0, TimeSpan.Zero))],
            Lifetime = TimeSpan.FromDays(2),
            Breaker = new BreakerRule { Percent = 0 },
        };

        Assert.Equal(7, policy.Faults().Count());
        Assert.Empty(new GrantPolicy().Faults());
        await Task.CompletedTask;
    }
}

public sealed class SqliteLedgerTests : LedgerCases, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aifleet-").FullName;

    protected override Task<string> MakeAsync() => Task.FromResult($"Data Source={Path.Combine(_folder, "fleet.db")}");

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

[Collection(Databases.Collection)]
public sealed class PostgresLedgerTests(Databases databases) : LedgerCases
{
    protected override Task<string> MakeAsync() => databases.MakeAsync();
}
