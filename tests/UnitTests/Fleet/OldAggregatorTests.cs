using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Fleet;
using AIInfra.Fleet.Granting;
using AIInfra.Fleet.V1;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Fleet;

/// <summary>An agent beside an aggregator that is older than node steps, pauses and leases, and what it makes of a newer one's words.</summary>
public sealed class OldAggregatorTests : IDisposable
{
    /// <summary>Made by protoc from text when version 1 was new.</summary>
    private const string Welcome = "ChkIARIFMC4xLjAaAWkgAyjg1AMwCDiAgIAC";

    private readonly string _folder = Directory.CreateTempSubdirectory("bounds-").FullName;

    private sealed class Line : IGrantLine
    {
        public List<FromAgent> Posted { get; } = [];

        public bool TryPost(FromAgent message)
        {
            Posted.Add(message);
            return true;
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task An_aggregator_that_does_no_steps_yet_is_asked_for_none_and_the_reason_says_what_to_do()
    {
        var (grants, line, time) = Build();

        Assert.Contains("cannot be reached", grants.Steps.WhyNot, StringComparison.Ordinal);
        grants.Opened(line, FromAggregator.Parser.ParseFrom(Convert.FromBase64String(Welcome)).Welcome);
        Assert.Contains("is from before aggregators did node steps: upgrade it", grants.Steps.WhyNot, StringComparison.Ordinal);
        using var late = new CancellationTokenSource(TimeSpan.FromMinutes(1), time);
        var asked = grants.Steps.LookAsync(Step, late.Token);
        time.Advance(TimeSpan.FromMinutes(2));

        Assert.Equal(ActionOutcome.Unknown, (await asked).Outcome);
        Assert.Empty(line.Posted);
    }

    [Fact]
    public void A_pause_holds_over_a_restart_and_is_lifted_by_the_aggregator_alone()
    {
        var (grants, line, _) = Build();
        grants.Opened(line, new Welcome { DoesSteps = true });
        grants.Bounded(new Policy { Paused = true, Why = "a visit.", Number = 1 });
        Assert.Equal(1UL, line.Posted[^1].Taken.Policy);

        var (again, other, _) = Build();
        Assert.Equal("the aggregator paused this node: a visit.", again.Bounds.Refused);
        again.Opened(other, new Welcome { NoSteps = "no cluster." });
        Assert.NotNull(again.Bounds.Refused);
        again.Opened(other, FromAggregator.Parser.ParseFrom(Convert.FromBase64String(Welcome)).Welcome); // it was rolled back to one that has no pauses to tell of
        Assert.Null(again.Bounds.Refused);
        Assert.Null(Build().Grants.Bounds.Refused);
    }

    [Fact]
    public void A_revocation_is_acknowledged_also_of_a_grant_that_is_not_known_here()
    {
        var (grants, line, _) = Build();
        grants.Opened(line, new Welcome());

        grants.Revoked(new GrantRevocation { Grant = "g7" });

        Assert.Equal("g7", line.Posted.Single().Taken.Grant);
    }

    [Fact]
    public async Task A_grant_that_is_taken_back_before_its_answer_was_seen_is_lost_at_once()
    {
        var (grants, line, _) = Build();
        grants.Opened(line, new Welcome());
        var asked = grants.AskAsync(new AIInfra.Core.Remediation.GrantRequest("op", "reboot", DrainScope.Node), TestContext.Current.CancellationToken);

        grants.Revoked(new GrantRevocation { Grant = "g7" });
        grants.Answered(new AIInfra.Fleet.V1.GrantAnswer { Ask = line.Posted[0].GrantAsk.Ask, Grant = "g7", Fence = 7, LifetimeMilliseconds = 60_000 });
        await using var grant = (await asked).Grant!;

        Assert.True(grant.Lost.IsCancellationRequested);
        Assert.False(grant.IsHeld);
    }

    [Fact]
    public async Task A_step_is_asked_for_anew_on_each_stream_until_its_outcome_is_known()
    {
        var (grants, line, _) = Build();
        grants.Opened(line, new Welcome { DoesSteps = true });
        var doing = grants.Steps.DoAsync(Step, TestContext.Current.CancellationToken);
        grants.Closed(line);
        var next = new Line();
        grants.Opened(next, new Welcome { DoesSteps = true });

        grants.Steps.Heard(new StepNews { Step = "another", Outcome = "done", Says = "not this one." });
        Assert.False(doing.IsCompleted);
        grants.Steps.Heard(new StepNews { Step = Step.Id, Outcome = "done", Says = "cordoned." });

        Assert.Equal(ActionResult.Done("cordoned."), await doing);
        Assert.Equal((Step.Id, Step.Id), (line.Posted.Single().StepAsk.Step, next.Posted.Single().StepAsk.Step));
    }

    private static ActionStep Step { get; } = new()
    {
        Id = "op-1",
        Operation = "op",
        Action = NodeSteps.Cordon,
        Arguments = [],
        Subject = Subject.Node,
        ProblemId = "host.test",
        Drain = DrainScope.Node,
        Deadline = TimeSpan.FromMinutes(1),
        BootId = "boot-1",
    };

    private (FleetGrants Grants, Line Line, ManualTime Time) Build()
    {
        var time = new ManualTime();
        return (new FleetGrants(new FleetOptions { Aggregator = new Uri("https://aggregator:9443"), Node = "gpu-1", Credentials = "", Folder = _folder, Version = "1" }, _ => null, time), new Line(), time);
    }
}
