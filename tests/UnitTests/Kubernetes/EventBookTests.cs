using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Npd;
using AIInfra.Core.Remediation.Engine;
using AIInfra.Kubernetes.Reporting;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Kubernetes;

public sealed class EventBookTests : IDeviceHolders
{
    private readonly ManualTime _time = new();
    private readonly HealthBoard _health;
    private readonly InventoryBoard _inventory = new();
    private readonly Dictionary<string, DeviceHolder[]> _holders = [];
    private bool _areHoldersKnown = true;
    private readonly EventBook _book;

    public EventBookTests()
    {
        _inventory.Publish(TestGpus.Inventory(TestGpus.Switched(8)));
        _health = new HealthBoard(_time, "boot", []);
        _book = NewBook();
    }

    public IReadOnlyList<DeviceHolder>? HoldersOf(string deviceId) => _areHoldersKnown ? _holders.GetValueOrDefault(deviceId) ?? [] : null;

    private EventBook NewBook() => new("node", _health, this, _time);

    private void Report(string id, Severity severity = Severity.Fatal, int gpu = 0, Cause cause = Cause.Hardware, SuggestedAction action = SuggestedAction.Drain) =>
        _health.Report(TestGpus.Fatal(TestGpus.Id(gpu)) with { Id = id, Severity = severity, Cause = cause, Action = action, At = _time.GetUtcNow(), FlapWindow = TimeSpan.Zero });

    private bool Update(EventBook? book = null) => (book ?? _book).Update(_health.Current.Value, _inventory.Current.Value);

    private List<EventEntry> SendAll(EventBook? book = null)
    {
        var sent = new List<EventEntry>();
        while ((book ?? _book).Next(out _) is { } next)
        {
            sent.Add(next);
            (book ?? _book).Sent(next, next.Count);
        }
        return sent;
    }

    [Fact]
    public void A_step_of_remediation_is_one_event_and_the_same_one_after_a_restart()
    {
        StepNote[] notes = [new(1, "op-0-begun", _time.GetUtcNow(), false, "RemediationStarted", "reboot", "reboot on node begins."), new(2, "op-0-ended", _time.GetUtcNow(), true, "RemediationFailed", "reboot", "It failed.")];
        _book.Update(notes);
        var sent = SendAll();
        Assert.Equal(["RemediationFailed", "RemediationStarted"], sent.Select(entry => entry.Reason)); // warnings first
        Assert.All(sent, entry => Assert.Null(entry.Pod));
        _book.Update(notes);
        Assert.Empty(SendAll());

        var again = NewBook();
        again.Update(notes);

        Assert.Equal(sent.Select(entry => entry.Name), SendAll(again).Select(entry => entry.Name));
    }

    private long _matches;

    private NpdEvent Match(string message, string source = "kernel-monitor", bool isWarning = true) => new(++_matches, source, isWarning, "OOMKilling", message, _time.GetUtcNow());

    [Fact]
    public void A_match_of_NPDs_files_is_an_event_in_the_files_words_and_equal_ones_are_one_with_a_count()
    {
        var first = Match("Killed process 1");
        _book.Update(new NpdSnapshot([], [first]));
        var sent = Assert.Single(SendAll());
        Assert.Equal(("OOMKilling", "Killed process 1", true, (DeviceHolder?)null), (sent.Reason, sent.Note, sent.IsWarning, sent.Pod));

        _book.Update(new NpdSnapshot([], [first, Match("Killed process 1"), Match("Killed process 2")]));
        Assert.Equal("Killed process 2", Assert.Single(SendAll()).Note);
        _time.Advance(EventBook.SeriesInterval);
        Assert.Equal((1, 2), _book.Next(out _) is { } again ? (again.SentCount, again.Count) : default);
    }

    [Fact]
    public void The_problem_of_a_match_makes_no_second_event_and_a_storm_of_matches_is_cut_per_monitor()
    {
        Report("npd.OOMKilling", Severity.Info);
        Report("npd.KernelDeadlock.DockerHung", Severity.Degraded);
        Update();
        Assert.Empty(SendAll());

        _book.Update(new NpdSnapshot([], [.. Enumerable.Range(0, 100).Select(at => Match($"Killed process {at}")), Match("other", "docker-monitor")]));

        Assert.Equal(NpdEventPace.Burst + 1, SendAll().Count);
        Assert.Equal(100 - NpdEventPace.Burst, _book.Dropped);
        _time.Advance(NpdEventPace.Refill);
        _book.Update(new NpdSnapshot([], [Match("later")]));
        Assert.Equal("later", Assert.Single(SendAll()).Note);
    }

    [Fact]
    public void One_event_for_a_problem_and_its_repeats_in_a_series_at_most_every_five_minutes()
    {
        Report("acme.a");
        Update();
        Assert.Single(SendAll());
        Report("acme.a");
        Update();
        Assert.Null(_book.Next(out var wait));
        Assert.Equal(EventBook.SeriesInterval, wait);

        _time.Advance(EventBook.SeriesInterval);
        var again = _book.Next(out _);

        Assert.Equal((1, 2), (again!.SentCount, again.Count));
    }

    [Fact]
    public void The_worst_goes_first()
    {
        Report("acme.info", Severity.Info);
        Report("acme.degraded", Severity.Degraded, 1);
        Report("acme.fatal", Severity.Fatal, 2);
        Update();

        Assert.Equal(["AcmeFatal", "AcmeDegraded", "AcmeInfo"], SendAll().Select(entry => entry.Reason));
    }

    [Fact]
    public void A_restart_gives_the_same_names()
    {
        _holders[TestGpus.Id(0)] = [new DeviceHolder("ns", "pod")];
        Report("acme.a");
        Update();
        var other = NewBook();
        Update(other);

        Assert.Equal(SendAll().Select(entry => entry.Name), SendAll(other).Select(entry => entry.Name));
    }

    [Fact]
    public void What_came_and_went_while_nobody_listened_is_told_and_what_is_over_too()
    {
        Update();
        Report("acme.a");
        _health.ReportHealthy("acme.a", Subject.Device(TestGpus.Id(0)), "well");
        Update();

        var sent = SendAll();

        Assert.Equal(["AcmeA", "AcmeACleared"], sent.Select(entry => entry.Reason));
        Assert.Equal([true, false], sent.Select(entry => entry.IsWarning));
        Update();
        Assert.Empty(SendAll());
    }

    [Fact]
    public void A_problem_that_cleared_before_it_could_be_told_is_still_told()
    {
        Report("acme.a");
        Update();
        _health.ReportHealthy("acme.a", Subject.Device(TestGpus.Id(0)), "well");
        Update();

        Assert.Equal(["AcmeA", "AcmeACleared"], SendAll().Select(entry => entry.Reason));
    }

    [Fact]
    public void Who_holds_a_device_is_waited_for_but_not_for_ever()
    {
        _holders[TestGpus.Id(0)] = [new DeviceHolder("ns", "pod")];
        _areHoldersKnown = false;
        Report("acme.a");
        Assert.True(Update());
        Assert.Single(SendAll()); // the node's own does not wait

        _areHoldersKnown = true;
        Assert.False(Update());
        Assert.Equal("pod", Assert.Single(SendAll()).Pod!.Value.Pod);

        _areHoldersKnown = false;
        Report("acme.b", gpu: 1);
        Assert.True(Update());
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.False(Update());
    }

    [Fact]
    public void The_holders_of_a_partition_hear_of_a_fault_of_its_board()
    {
        var board = TestGpus.Switched(1)[0];
        _inventory.Publish(TestGpus.Inventory([board, board with { Id = "part", ParentId = board.Id }]));
        _holders["part"] = [new DeviceHolder("ns", "pod")];
        Report("acme.a");
        Update();

        Assert.Contains(SendAll(), entry => entry.Pod?.Pod == "pod");
    }

    [Fact]
    public void A_pod_hears_of_the_headline_and_of_what_concerns_it()
    {
        _holders[TestGpus.Id(0)] = [new DeviceHolder("ns", "pod")];
        Report("acme.info", Severity.Info, action: SuggestedAction.Observe);
        Update();
        Assert.DoesNotContain(SendAll(), entry => entry.Pod is not null);

        Report("acme.app", Severity.Info, 1, Cause.Application, SuggestedAction.TellPod);
        _holders[TestGpus.Id(1)] = [new DeviceHolder("ns", "pod")];
        Update();

        var told = Assert.Single(SendAll(), entry => entry.Pod is not null);
        Assert.StartsWith("Most likely your program, not the device.", told.Note, StringComparison.Ordinal);
        Assert.True(told.IsWarning);
    }

    [Fact]
    public void A_board_full_of_storms_is_bounded_and_counted()
    {
        for (var round = 0; round < 6; round++)
        {
            for (var number = 0; number < 1000; number++)
                Report($"acme.{round}.{number}", Severity.Degraded);
            Update();
        }

        Assert.InRange(SendAll().Count, 1000, EventBook.Limit);
        Assert.True(_book.Dropped > 0);
    }
}
