using System.Collections.Immutable;

namespace AIInfra.Core.Health.Probes;

/// <summary>Turns the looks of one probe into problems: raised after so many bad ones in a row, cleared after so many good ones.</summary>
internal sealed class ProbeTracker
{
    /// <summary>A problem that stays as it is is reported again only so often: a lasting state is no storm.</summary>
    private static readonly TimeSpan Reminder = TimeSpan.FromMinutes(10);

    private readonly ProbeDefinition _definition;
    private readonly HealthBoard _board;
    private readonly TimeProvider _time;
    private readonly Dictionary<(string Id, Subject Subject), Standing> _standing = [];

    private sealed class Standing
    {
        public int Bad { get; set; }
        public int Good { get; set; }
        public bool IsRaised { get; set; }
        public (Severity Severity, string Message) Said { get; set; }
        public long SaidAt { get; set; }
    }

    /// <summary>Takes on what this probe raised before the agent was started.</summary>
    public ProbeTracker(ProbeDefinition definition, HealthBoard board, TimeProvider time)
    {
        (_definition, _board, _time) = (definition, board, time);
        foreach (var problem in board.Current.Value.Problems)
        {
            if (problem.Clearing.Kind == ClearingKind.HealthyReading && definition.Problems.Contains(problem.Id))
                _standing[(problem.Id, problem.Subject)] = new Standing { IsRaised = true };
        }
    }

    /// <summary>Takes one whole look.</summary>
    public void Take(ProbeReport report)
    {
        if (report.State is not (ProbeState.Done or ProbeState.NotHere))
            return; // nothing is concluded from silence
        var seen = report.Results.Where(result => _definition.Problems.Contains(result.ProblemId))
            .GroupBy(result => (result.ProblemId, result.Subject)).ToDictionary(group => group.Key, group => group.MaxBy(Weight)!);
        foreach (var (key, result) in seen)
        {
            if (result.Answer == ProbeAnswer.Problem)
                TakeBad(key, result, report.At ?? _time.GetUtcNow());
            else if (result.Answer == ProbeAnswer.Healthy)
                TakeGood(key, result.Evidence, result.IsOwnOnly);
        }
        foreach (var key in _standing.Keys.Where(key => !seen.ContainsKey(key)).ToImmutableArray())
            TakeGood(key, report.State == ProbeState.NotHere ? report.Detail! : "no longer seen", isOwnOnly: true);
    }

    private void TakeBad((string Id, Subject Subject) key, ProbeResult result, DateTimeOffset at)
    {
        if (result.Clearing != Clearing.OnHealthyReading)
        {
            Report(key, result, at);
            return;
        }
        if (!_standing.TryGetValue(key, out var standing))
            _standing[key] = standing = new Standing();
        standing.Good = 0;
        standing.Bad = Math.Min(standing.Bad + 1, _definition.BadToRaise);
        if (standing.Bad < _definition.BadToRaise && !standing.IsRaised)
            return;
        var words = (result.Severity, result.Message);
        if (standing.IsRaised && standing.Said == words && _time.GetElapsedTime(standing.SaidAt) < Reminder && Stands(key))
            return;
        (standing.IsRaised, standing.Said, standing.SaidAt) = (true, words, _time.GetTimestamp());
        Report(key, result, at);
    }

    private void Report((string Id, Subject Subject) key, ProbeResult result, DateTimeOffset at) => _board.Report(new ProblemReport
    {
        Id = key.Id,
        Subject = key.Subject,
        Severity = result.Severity,
        Cause = result.Cause,
        Action = result.Action,
        Clearing = result.Clearing,
        Message = result.Message,
        Evidence = result.Evidence,
        At = at,
        Witness = $"probe {_definition.Name}",
    });

    private void TakeGood((string Id, Subject Subject) key, string evidence, bool isOwnOnly)
    {
        if (!_standing.TryGetValue(key, out var standing))
        {
            if (isOwnOnly || !Stands(key))
                return;
            _standing[key] = standing = new Standing { IsRaised = true }; // another witness raised it, a log for example
        }
        standing.Bad = 0;
        if (++standing.Good < _definition.GoodToClear && standing.IsRaised)
            return;
        _standing.Remove(key);
        if (standing.IsRaised)
            _board.ReportOver(key.Id, key.Subject, $"probe {_definition.Name}: {evidence}");
    }

    private bool Stands((string Id, Subject Subject) key) => _board.Current.Value.Problems.Any(problem => problem.Id == key.Id && problem.Subject == key.Subject);

    /// <summary>Of several results on one subject the worst counts.</summary>
    private static int Weight(ProbeResult result) => result.Answer switch
    {
        ProbeAnswer.Problem => 2 + (int)result.Severity,
        ProbeAnswer.Unknown => 1,
        _ => 0,
    };
}
