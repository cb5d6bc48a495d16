using AIInfra.Core.Health;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Health;

/// <summary>The driver's event and its line in the kernel log are one sighting.</summary>
public sealed class SightingsTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly HealthBoard _board;

    public SightingsTests() => _board = new HealthBoard(_time, "boot", []);

    public void Dispose() => _board.Dispose();

    [Theory]
    [InlineData("nvml", "log")]
    [InlineData("log", "nvml")]
    public void Two_witnesses_within_ten_seconds_count_once_and_both_are_evidence(string first, string second)
    {
        Report(first);
        _time.Advance(TimeSpan.FromSeconds(10));
        Report(second);

        Assert.Equal((1L, 2), (Only.Count, Only.Evidence.Length));
    }

    [Fact]
    public void Later_than_that_it_is_another_sighting()
    {
        Report("nvml");
        _time.Advance(TimeSpan.FromSeconds(10.1));
        Report("log");

        Assert.Equal(2, Only.Count);
    }

    [Fact]
    public void The_same_witness_twice_is_two_sightings_and_a_storm_that_both_see_has_the_count_of_one()
    {
        for (var at = 0; at < 5; at++)
            Report("nvml");
        for (var at = 0; at < 5; at++)
            Report("log");
        Report("log");

        Assert.Equal(6, Only.Count);
    }

    [Fact]
    public void What_three_witnesses_saw_is_one_sighting_whoever_comes_when()
    {
        Report("log");
        Report("log, in words");
        Report("nvml");
        Assert.Equal(1, Only.Count);

        Report("nvml");
        Report("log, in words");
        Report("log");
        Assert.Equal((2L, 5), (Only.Count, Only.Evidence.Length));
    }

    [Fact]
    public void A_storm_of_one_witness_is_counted_whole()
    {
        for (var at = 0; at < 1000; at++)
            Report("log");

        Assert.Equal(1000, Only.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_more_precise_witness_has_the_word_whoever_comes_first(bool isEventFirst)
    {
        if (isEventFirst)
            Report("nvml", Severity.Degraded);
        Report("log", Severity.Info, isPrecise: true);
        if (!isEventFirst)
            Report("nvml", Severity.Degraded);

        Assert.Equal((Severity.Info, 1L), (Only.Severity, Only.Count));
    }

    [Fact]
    public void A_precise_milder_one_gives_the_device_back_and_takes_nothing_from_an_earlier_fault()
    {
        Report("nvml", Severity.Fatal);
        Assert.False(_board.Current.Value.IsHealthy("GPU-0"));
        Report("log", Severity.Degraded, isPrecise: true);
        Assert.True(_board.Current.Value.IsHealthy("GPU-0"));

        Report("log", Severity.Fatal, isPrecise: true);
        Report("nvml", Severity.Degraded);
        _time.Advance(TimeSpan.FromSeconds(1));
        Report("nvml", Severity.Degraded);
        Report("log", Severity.Info, isPrecise: true);
        Assert.Equal((Severity.Fatal, 3L), (Only.Severity, Only.Count));
    }

    [Fact]
    public void A_restored_problem_is_not_counted_again_by_the_line_of_its_last_sighting()
    {
        Report("nvml", Severity.Fatal);
        using var next = new HealthBoard(_time, "boot", _board.Current.Value.Problems);
        next.Report(Sighting("log", Severity.Fatal, true));

        Assert.Equal(1, Assert.Single(next.Current.Value.Problems).Count);
        next.Report(Sighting("log", Severity.Fatal, true));
        Assert.Equal(2, Assert.Single(next.Current.Value.Problems).Count);
    }

    [Fact]
    public void Reports_without_a_witness_are_counted_each()
    {
        Report(null);
        Report(null);
        Report("log");

        Assert.Equal(3, Only.Count);
    }

    private Problem Only => Assert.Single(_board.Current.Value.Problems);

    private void Report(string? witness, Severity severity = Severity.Fatal, bool isPrecise = false)
    {
        _board.Report(Sighting(witness, severity, isPrecise));
        _board.PublishWithheld();
    }

    private ProblemReport Sighting(string? witness, Severity severity, bool isPrecise) => new()
    {
        Id = "acme.fault",
        Subject = Subject.Device("GPU-0"),
        Severity = severity,
        Cause = Cause.Hardware,
        Action = SuggestedAction.ResetDevice,
        Clearing = Clearing.ByHand,
        Message = $"{severity}",
        Evidence = $"seen by {witness}",
        At = _time.GetUtcNow(),
        Witness = witness,
        IsPrecise = isPrecise,
    };
}
