using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Granting;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Remediation;

public sealed class LocalGrantsTests
{
    private readonly ManualTime _time = new(TestActions.Start);
    private LocalView _view = new(RemediationHistory.Empty, null, 8, 0, default);
    private PolicyLimits _limits = new();

    [Fact]
    public async Task One_operation_at_a_time_and_the_same_one_gets_the_grant_it_has()
    {
        var grants = Make();
        var (grant, _) = await AskAsync(grants, "a1");
        Assert.True(grant?.IsHeld);
        Assert.Same(grant, (await AskAsync(grants, "a1")).Grant);
        Assert.Equal("Operation a1 is under way; one disrupts the node at a time.", (await AskAsync(grants, "a2")).Why);

        await grant!.DisposeAsync();

        Assert.False(grant.IsHeld);
        var (next, _) = await AskAsync(grants, "a2");
        await grant.DisposeAsync(); // again: takes nothing from the next
        Assert.True(next?.IsHeld);
    }

    [Theory]
    [InlineData(8, 0, 12, false)] // 0.96 of a device is none
    [InlineData(8, 0, 13, true)]
    [InlineData(8, 1, 24, false)]
    [InlineData(8, 1, 25, true)]
    [InlineData(1, 0, 99, false)]
    [InlineData(1, 0, 100, true)]
    [InlineData(8, null, 100, false)]
    [InlineData(0, 0, 100, false)]
    public async Task The_share_that_may_be_unavailable_is_rounded_down_and_unknown_refuses(int devices, int? others, int percent, bool isGranted)
    {
        _view = _view with { Devices = devices, OthersUnavailable = others };
        _limits = new PolicyLimits { UnavailablePercent = percent };

        var (grant, why) = await AskAsync(Make(), "a1");

        Assert.Equal(isGranted, grant is not null);
        Assert.Equal(isGranted, !why.Contains("unavailable", StringComparison.Ordinal));
        Assert.NotNull((await AskAsync(Make(), "a1", DrainScope.Node)).Grant);
    }

    [Fact]
    public async Task Spacing_and_the_budget_are_kept_and_said_and_an_operation_does_not_count_against_itself()
    {
        _limits = new PolicyLimits { Disruptive = 2, DisruptiveWindow = TimeSpan.FromHours(2), Spacing = TimeSpan.FromMinutes(10) };
        _view = _view with { History = new RemediationHistory([Disruptive("a1")]) };
        Assert.NotNull((await AskAsync(Make(), "a1")).Grant);
        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal("the last disruptive operation was at 2026-01-05 00:00:00Z; limits.spacing is 10m. Worth asking again at 2026-01-05 00:10:00Z.", (await AskAsync(Make(), "a2")).Why);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.NotNull((await AskAsync(Make(), "a2")).Grant);

        _view = _view with { History = _view.History.With(Disruptive("a2")) };
        _time.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal("2 disruptive operations in 2h (limits.disruptive is 2): the node needs a person.", (await AskAsync(Make(), "a3")).Why);
        _time.Advance(TimeSpan.FromMinutes(80)); // the first one is 2 h old
        Assert.NotNull((await AskAsync(Make(), "a3")).Grant);
    }

    [Fact]
    public async Task Without_a_whole_journal_nothing_is_granted()
    {
        _view = _view with { JournalFault = "The disk is full." };
        Assert.Equal(GrantAnswer.Refused("The disk is full."), await AskAsync(Make(), "a1"));
    }

    private LocalGrants Make() => new(_limits, _ => _view with { Time = new PlanTime(_time.GetUtcNow()) });

    private static Task<GrantAnswer> AskAsync(LocalGrants grants, string operation, DrainScope scope = DrainScope.Device) =>
        grants.AskAsync(new GrantRequest(operation, "reset-device", scope), TestContext.Current.CancellationToken);

    private StepRecord Disruptive(string operation) => new()
    {
        Step = new ActionStep
        {
            Id = operation + "-0",
            Operation = operation,
            Action = "reset-device",
            Arguments = [],
            Subject = Subject.Device("GPU-0"),
            ProblemId = "nvidia.xid.79",
            Deadline = TimeSpan.FromMinutes(5),
            BootId = "boot-1",
        },
        Ladder = "reset-device",
        Rung = 0,
        State = StepState.Closed,
        Result = ActionResult.Done("d"),
        IntendedAt = _time.GetUtcNow(),
        IsRung = true,
        IsDisruptive = true,
    };
}
