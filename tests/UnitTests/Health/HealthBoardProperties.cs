using AIInfra.Core.Health;
using AIInfra.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace AIInfra.UnitTests.Health;

/// <summary>What holds after any sequence of calls.</summary>
public sealed class HealthBoardProperties
{
    private enum Call { Report, Healthy, Reset, Answering, Clear, Expire, Advance, Restart }

    private sealed record Step(Call Call, string Id, Subject Subject, Severity Severity, ClearingKind Clearing);

    private static readonly Gen<Step> Steps =
        from call in Gen.Frequency(
            (6, Gen.Constant(Call.Report)),
            (4, Gen.Elements(Enum.GetValues<Call>())))
        from id in Gen.Elements("a", "b", "c")
        from subject in Gen.Elements(Subject.Node, Subject.Device("0"), Subject.Device("1"), new Subject(SubjectKind.Port, "0"))
        from severity in Gen.Elements(Enum.GetValues<Severity>())
        from clearing in Gen.Elements(Enum.GetValues<ClearingKind>())
        select new Step(call, id, subject, severity, clearing);

    [Fact]
    public void A_device_is_unhealthy_exactly_when_a_fatal_problem_stands_on_it_and_keys_are_unique() =>
        Prop.ForAll(Steps.ListOf().ToArbitrary(), steps =>
        {
            var time = new ManualTime();
            var board = new HealthBoard(time, "boot-0", []);
            for (var at = 0; at < steps.Count; at++)
            {
                board = Apply(board, time, steps[at], bootId: $"boot-{at}");
                var now = board.Current.Value;
                foreach (var device in (string[])["0", "1", ""])
                {
                    var fatal = now.Problems.Any(problem => problem.Subject == Subject.Device(device) && problem.Severity == Severity.Fatal);
                    if (now.IsHealthy(device) == fatal)
                        return false;
                }
                if (now.Problems.DistinctBy(problem => (problem.Id, problem.Subject)).Count() != now.Problems.Length
                    || now.Problems.Any(problem => problem.Evidence.Length is < 1 or > ProblemTable.EvidenceLines)
                    || now.Transitions.Length > HealthBoard.HistoryLength)
                    return false;
            }
            return true;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Every_report_is_counted_once_and_a_severity_never_falls() =>
        Prop.ForAll(Gen.Elements(Enum.GetValues<Severity>()).ListOf().ToArbitrary(), severities =>
        {
            var time = new ManualTime();
            using var board = new HealthBoard(time, "boot", []);
            foreach (var severity in severities)
                board.Report(Report(new Step(Call.Report, "a", Subject.Device("0"), severity, ClearingKind.ByHand), time));
            time.Advance(TimeSpan.FromMilliseconds(100));
            var problem = board.Current.Value.Problems.SingleOrDefault();
            return severities.Count == 0 ? problem is null : problem!.Count == severities.Count && problem.Severity == severities.Max();
        }).QuickCheckThrowOnFailure();

    private static HealthBoard Apply(HealthBoard board, ManualTime time, Step step, string bootId)
    {
        switch (step.Call)
        {
            case Call.Report:
                board.Report(Report(step, time));
                break;
            case Call.Healthy:
                board.ReportHealthy(step.Id, step.Subject, "fine");
                break;
            case Call.Reset:
                board.ReportReset(step.Subject, "reset");
                break;
            case Call.Answering:
                board.ReportAnswering(step.Subject);
                break;
            case Call.Clear:
                board.Clear(step.Id, step.Subject);
                break;
            case Call.Expire:
                board.ExpireQuiet();
                break;
            case Call.Advance:
                time.Advance(TimeSpan.FromSeconds(7));
                break;
            case Call.Restart:
                var problems = board.Current.Value.Problems;
                board.Dispose();
                return new HealthBoard(time, bootId, problems);
        }
        return board;
    }

    private static ProblemReport Report(Step step, ManualTime time) => new()
    {
        Id = step.Id,
        Subject = step.Subject,
        Severity = step.Severity,
        Cause = Cause.Hardware,
        Action = SuggestedAction.Observe,
        Clearing = new Clearing(step.Clearing, TimeSpan.FromSeconds(10)),
        Message = "",
        Evidence = "line",
        At = time.GetUtcNow(),
    };
}
