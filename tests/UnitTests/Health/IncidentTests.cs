using AIInfra.Core.Health;
using AIInfra.Testing;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.UnitTests.Health;

public sealed class IncidentTests
{
    private static readonly Subject Gpu = Subject.Device("GPU-0");
    private readonly ManualTime _time = new();
    private readonly HealthBoard _board;

    public IncidentTests() => _board = new HealthBoard(_time, "boot", []);

    private ProblemReport Sighting(string id, int? rank, Severity severity = Severity.Fatal, Subject? subject = null) => new()
    {
        Id = id,
        Subject = subject ?? Gpu,
        Severity = severity,
        Cause = Cause.Hardware,
        Action = SuggestedAction.Reboot,
        Clearing = Clearing.ByHand,
        Message = $"{id}.",
        Evidence = "line",
        At = _time.GetUtcNow(),
        Rank = rank,
    };

    private Problem Find(string id) => _board.Current.Value.Problems.Single(problem => problem.Id == id);

    private void Report(string id, int? rank, Severity severity = Severity.Fatal, double afterSeconds = 0)
    {
        _time.Advance(TimeSpan.FromSeconds(afterSeconds));
        _board.Report(Sighting(id, rank, severity));
    }

    [Fact]
    public void Problems_of_a_device_within_ten_seconds_are_one_incident_under_the_highest_rank()
    {
        Report("xid 45", NvidiaRank.Of(45), Severity.Info);
        Report("xid 48", NvidiaRank.Of(48), afterSeconds: 4);
        Report("xid 95", NvidiaRank.Of(95), afterSeconds: 6);

        Assert.Single(_board.Current.Value.Problems.Select(problem => problem.Incident!.Id).Distinct());
        Assert.All(_board.Current.Value.Problems, problem => Assert.Equal("xid 95", problem.Incident!.Headline));
        Assert.True(Find("xid 95").IsHeadline);
        Assert.False(Find("xid 45").IsHeadline);
        Assert.Equal(_time.GetUtcNow() - TimeSpan.FromSeconds(10), Find("xid 95").Incident!.At);
    }

    [Fact]
    public void What_a_person_switches_follows_from_no_fault_and_no_fault_from_it()
    {
        Report("xid 79", NvidiaRank.Of(79));
        _board.Report(Sighting("released", null) with { FlapWindow = TimeSpan.Zero });
        Report("xid 48", NvidiaRank.Of(48), afterSeconds: 1);

        Assert.Null(Find("released").Incident);
        Assert.True(Find("released").IsHeadline);
        Assert.Equal(Find("xid 79").Incident, Find("xid 48").Incident);
    }

    [Fact]
    public void What_comes_later_or_on_another_device_is_another_incident()
    {
        Report("xid 79", NvidiaRank.Of(79));
        _board.Report(Sighting("xid 79", NvidiaRank.Of(79), subject: Subject.Device("GPU-1")));
        Report("xid 48", NvidiaRank.Of(48), afterSeconds: 10.001);

        Assert.All(_board.Current.Value.Problems, problem => Assert.True(problem.IsHeadline));
        Assert.NotEqual(Find("xid 48").Incident!.Id, _board.Current.Value.Problems[0].Incident!.Id);
    }

    [Fact]
    public void A_line_that_is_read_late_joins_the_incident_of_the_time_it_was_written()
    {
        Report("xid 48", NvidiaRank.Of(48), afterSeconds: 60);

        _board.Report(Sighting("xid 79", NvidiaRank.Of(79)) with { At = _time.GetUtcNow() - TimeSpan.FromSeconds(8) });

        Assert.Equal("xid 79", Find("xid 48").Incident!.Headline);
    }

    [Theory]
    [InlineData(Severity.Info)]
    [InlineData(Severity.Degraded)]
    [InlineData(Severity.Fatal)]
    public void Removed_work_heads_an_incident_only_alone(Severity other)
    {
        Report("xid 45", NvidiaRank.Of(45), Severity.Info);
        Assert.True(Find("xid 45").IsHeadline);

        Report("anything", rank: null, other);

        Assert.False(Find("xid 45").IsHeadline);
        Assert.True(_board.Clear("anything", Gpu));
        Assert.True(Find("xid 45").IsHeadline);
    }

    [Fact]
    public void A_problem_that_stood_alone_and_is_seen_again_belongs_to_what_it_came_with_this_time()
    {
        Report("xid 45", NvidiaRank.Of(45), Severity.Info);
        Report("xid 79", NvidiaRank.Of(79), afterSeconds: 3600);
        Assert.True(Find("xid 45").IsHeadline);

        Report("xid 45", NvidiaRank.Of(45), Severity.Info, afterSeconds: 1);

        Assert.Equal(Find("xid 79").Incident, Find("xid 45").Incident);
    }

    [Fact]
    public void What_followed_from_a_fault_goes_on_following_from_it()
    {
        Report("xid 79", NvidiaRank.Of(79));
        Report("xid 45", NvidiaRank.Of(45), Severity.Info);
        var incident = Find("xid 79").Incident;

        Report("xid 31", NvidiaRank.Of(31), Severity.Info, afterSeconds: 3600);
        Report("xid 45", NvidiaRank.Of(45), Severity.Info, afterSeconds: 1);

        Assert.Equal(incident, Find("xid 45").Incident);
        Assert.True(Find("xid 31").IsHeadline);
    }

    [Fact]
    public void A_problem_that_gets_worse_may_become_the_headline()
    {
        Report("a", rank: null, Severity.Degraded);
        Report("b", rank: null, Severity.Info);
        Assert.True(Find("a").IsHeadline);

        Report("b", rank: null, Severity.Fatal);

        Assert.True(Find("b").IsHeadline);
        Assert.False(Find("a").IsHeadline);
    }

    [Fact]
    public void What_is_not_on_a_device_stands_for_itself()
    {
        _board.Report(Sighting("kernel.oom", rank: null, subject: Subject.Node));
        _board.Report(Sighting("disk.io-error", rank: null, subject: Subject.Node));

        Assert.All(_board.Current.Value.Problems, problem => Assert.True(problem is { Incident: null, IsHeadline: true }));
    }

    [Fact]
    public void Problems_stored_without_incidents_are_grouped_by_when_they_were_seen()
    {
        Report("xid 48", NvidiaRank.Of(48));
        Report("xid 95", NvidiaRank.Of(95), afterSeconds: 1);
        Report("xid 31", NvidiaRank.Of(31), Severity.Info, afterSeconds: 60);

        using var next = new HealthBoard(_time, "boot", _board.Current.Value.Problems.Select(problem => problem with { Incident = null }));

        Assert.Equal(["xid 95", "xid 95", "xid 31"], next.Current.Value.Problems.Select(problem => problem.Incident!.Headline));
    }

    [Fact]
    public void The_ranks_of_Xids_are_in_the_order_of_what_causes_what()
    {
        long[][] order = [[79], [95, 140, 158], [119, 120], [48], [64], [74, 144, 150], [62, 109], [94], [63], [13, 31], [43, 45]];

        var ranks = order.Select(codes => Assert.Single(codes.Select(NvidiaRank.Of).Distinct())!.Value).ToList();

        Assert.Equal(ranks.Distinct().OrderDescending(), ranks);
        Assert.Null(NvidiaRank.Of(8));
    }
}
