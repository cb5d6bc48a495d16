namespace AIInfra.Core.Health;

/// <summary>How problems end: at once, or, when they come and go too often, only after a quiet time.</summary>
public sealed partial class HealthBoard
{
    private const string ByHand = "cleared by hand", QuietEnough = "quiet for long enough";

    /// <summary>A source says these are over. One that is held stays, but its source has been heard.</summary>
    private void Clear_NeedsLock(List<ProblemTable.Entry> over, string why)
    {
        var held = over.Where(entry => entry.Problem.Flaps > 0 && _time.GetElapsedTime(entry.Seen) < entry.Problem.Window).ToList();
        var isNews = false;
        foreach (var entry in held.Where(entry => entry.Problem.Over is null))
        {
            entry.Problem = entry.Problem with { Over = why };
            isNews = true;
        }
        Remove_NeedsLock([.. over.Except(held)], why);
        if (isNews)
            PublishCount_NeedsLock(); // so that somebody looks when its time is over
    }

    private void Expire_NeedsLock(List<ProblemTable.Entry> over)
    {
        foreach (var entry in over)
            Remove_NeedsLock([entry], entry.Problem.Over is { } why ? $"{why}; it came and went too often, and was held until it was quiet" : QuietEnough);
    }

    private void Remove_NeedsLock(List<ProblemTable.Entry> over, string why)
    {
        foreach (var entry in over)
        {
            var problem = entry.Problem;
            _problems.Remove(entry);
            if (why != ByHand)
                _flaps.Cleared(problem.Id, problem.Subject, _time.GetTimestamp());
            if (problem.Incident is { } incident)
                Incidents.Settle(_problems, problem.Subject, incident.Id);
            Note_NeedsLock(TransitionKind.Cleared, problem, why);
        }
        if (over.Count > 0)
            Publish_NeedsLock();
    }

    /// <summary>How long it must not have been seen to end by itself; null when time alone does not end it.</summary>
    private static TimeSpan? QuietToEnd(Problem problem)
    {
        var isHeld = problem.Flaps > 0;
        if (problem.Clearing.Kind == ClearingKind.Quiet)
            return isHeld && problem.Window > problem.Clearing.Quiet ? problem.Window : problem.Clearing.Quiet;
        return isHeld && problem.Over is not null ? problem.Window : null;
    }

    /// <summary>The problem with words that say it is held, if it is.</summary>
    private static Problem Held(Problem problem)
    {
        if (problem.Flaps == 0)
            return problem;
        var why = $" It came back {problem.Flaps} times within {problem.Window.TotalMinutes:0.#} min: it stays raised until it has been quiet for as long.";
        return problem.Message.EndsWith(why, StringComparison.Ordinal) ? problem : problem with { Message = problem.Message + why };
    }

    /// <summary>What is too old goes, and what came and went lately is still counted.</summary>
    private void RestoreHistory(IEnumerable<HealthTransition> history)
    {
        var all = history.ToList();
        var boots = all.Select(step => step.BootId).Append(BootId).Reverse().Distinct().Take(HistoryBoots).ToHashSet();
        _history = [.. all.Where(step => boots.Contains(step.BootId)).TakeLast(HistoryLength)];
        foreach (var step in _history.Where(step => _time.GetUtcNow() - step.At <= FlapMemory.DefaultWindow))
        {
            if (step is { Kind: TransitionKind.Cleared, Why: not ByHand })
                _flaps.Cleared(step.ProblemId, step.Subject, SeenAt(step.At));
            else if (step.Kind == TransitionKind.Raised)
                _flaps.Returned(step.ProblemId, step.Subject, SeenAt(step.At), FlapMemory.DefaultWindow);
        }
    }
}
