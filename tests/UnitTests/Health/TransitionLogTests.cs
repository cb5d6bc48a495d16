using AIInfra.Core.Health;
using AIInfra.Testing;
using Microsoft.Extensions.Logging;

namespace AIInfra.UnitTests.Health;

public sealed class TransitionLogTests
{
    private readonly HealthBoard _board = new(new ManualTime(), "boot", []);
    private readonly RecordedLog<TransitionLog> _log = new();

    private void Report(Severity severity) => _board.Report(new ProblemReport
    {
        Id = "test.fault",
        Subject = Subject.Device("d0"),
        Severity = severity,
        Cause = Cause.Hardware,
        Action = SuggestedAction.ResetDevice,
        Clearing = Clearing.OnReset,
        Message = "It broke.",
        Evidence = "line",
        At = DateTimeOffset.UnixEpoch,
    });

    [Fact]
    public void Each_step_of_a_problem_is_one_line_at_the_level_of_who_must_act()
    {
        var log = new TransitionLog(_board, _log);

        Report(Severity.Degraded);
        log.Tell(_board.Current.Value);
        Report(Severity.Fatal);
        Report(Severity.Fatal);
        log.Tell(_board.Current.Value);
        _board.ReportReset(Subject.Device("d0"), "counters restarted");
        log.Tell(_board.Current.Value);
        log.Tell(_board.Current.Value);

        Assert.Equal(
        [
            (LogLevel.Warning, "Raised: test.fault on device d0 (Degraded): It broke."),
            (LogLevel.Error, "Worsened: test.fault on device d0 (Fatal): It broke."),
        ], _log.Lines.Take(2));
        Assert.Equal(LogLevel.Information, _log.Lines[2].Level);
        Assert.StartsWith("Cleared: test.fault on device d0 (Fatal): ", _log.Lines[2].Text, StringComparison.Ordinal);
        Assert.Equal(3, _log.Lines.Count);
    }
}
