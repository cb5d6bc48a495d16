namespace AIInfra.Core.Health;

/// <summary>How a report becomes a problem, or is one more sighting of it.</summary>
public sealed partial class HealthBoard
{
    private void Raise_NeedsLock(ProblemReport report)
    {
        var problem = new Problem
        {
            Id = report.Id,
            Subject = report.Subject,
            Severity = report.Severity,
            Cause = report.Cause,
            Action = report.Action,
            Clearing = report.Clearing,
            Message = ProblemTable.Cap(report.Message),
            FirstSeen = report.At,
            LastSeen = report.At,
            Count = 1,
            Evidence = [ProblemTable.Cap(report.Evidence)],
            BootId = BootId,
            Rank = report.Rank,
            FlapWindow = report.FlapWindow,
        };
        problem = Held(problem with { Flaps = _flaps.Returned(problem.Id, problem.Subject, _time.GetTimestamp(), problem.Window) });
        var gone = _problems.Add(problem, SeenAt(report.At), new Sightings(report));
        if (!ReferenceEquals(gone, problem))
        {
            Incidents.Join(_problems, _problems.Find(problem.Id, problem.Subject)!, report.At);
            Note_NeedsLock(TransitionKind.Raised, problem, problem.Message);
        }
        if (gone is not null)
        {
            _dropped++;
            if (gone.Incident is { } incident)
                Incidents.Settle(_problems, gone.Subject, incident.Id);
            Note_NeedsLock(TransitionKind.Dropped, gone, $"more than {ProblemTable.Limit} problems at once");
        }
        Publish_NeedsLock();
    }

    private void Repeat_NeedsLock(ProblemTable.Entry entry, ProblemReport report)
    {
        var before = entry.Problem;
        var wasCounted = entry.Sightings.Take(report);
        var words = entry.Sightings.Visible;
        var after = before with
        {
            Severity = words.Severity,
            Cause = words.Cause,
            Action = words.Action,
            Clearing = words.Clearing,
            Message = ProblemTable.Cap(words.Message),
            Count = before.Count + (wasCounted ? 0 : 1),
            FirstSeen = report.At < before.FirstSeen ? report.At : before.FirstSeen,
            LastSeen = report.At > before.LastSeen ? report.At : before.LastSeen,
            Evidence = ProblemTable.AppendEvidence(before.Evidence, report.Evidence),
            BootId = BootId,
            Rank = report.Rank ?? before.Rank,
            Over = null,
        };
        entry.Problem = Held(after);
        entry.Seen = Math.Max(entry.Seen, SeenAt(report.At));
        if (RejoinIncident_NeedsLock(entry, before, report.At) | after.Severity > before.Severity)
        {
            if (after.Severity > before.Severity)
                Note_NeedsLock(TransitionKind.Worsened, after, after.Message);
            Publish_NeedsLock();
        }
        else if (after.Severity < before.Severity) // a more precise witness than the first
        {
            Publish_NeedsLock();
        }
        else
        {
            PublishCount_NeedsLock();
        }
    }

    /// <returns>True when its incident, or that incident's headline, may be another now.</returns>
    private bool RejoinIncident_NeedsLock(ProblemTable.Entry entry, Problem before, DateTimeOffset at)
    {
        if (at - before.LastSeen > Incidents.Window && Incidents.Join(_problems, entry, at))
            return true;
        if (entry.Problem.Severity == before.Severity && entry.Problem.Rank == before.Rank || entry.Problem.Incident is not { } incident)
            return false;
        Incidents.Settle(_problems, entry.Problem.Subject, incident.Id);
        return true;
    }

    /// <summary>The timestamp of a moment on the wall clock; a moment in the future counts as now.</summary>
    private long SeenAt(DateTimeOffset at)
    {
        var age = _time.GetUtcNow() - at;
        var now = _time.GetTimestamp();
        return age <= TimeSpan.Zero ? now : now - (long)(age.TotalSeconds * _time.TimestampFrequency);
    }
}
