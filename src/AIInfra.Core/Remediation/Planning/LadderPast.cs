using System.Collections.Immutable;
using AIInfra.Core.Remediation.Ladders;

namespace AIInfra.Core.Remediation.Planning;

/// <summary>What was done on one ladder for one subject, gone through once in a look, however many problems ask.</summary>
internal sealed class LadderPast
{
    private readonly DateTimeOffset?[] _useless = []; // by the floor that an operation of no help sets: the end of the newest
    private readonly DateTimeOffset? _failed; // of the newest that failed
    private readonly int[] _attempts = [];
    private readonly Operation?[] _last = [];

    private LadderPast()
    {
    }

    /// <param name="operations">In the order in which they were begun.</param>
    public LadderPast(Ladder ladder, ImmutableArray<Operation> operations, PlanTime time)
    {
        (_attempts, _last, _useless) = (new int[ladder.Rungs.Length], new Operation?[ladder.Rungs.Length], new DateTimeOffset?[ladder.Rungs.Length + 1]);
        foreach (var operation in operations)
        {
            var place = operation.Rung;
            var isKnown = place < ladder.Rungs.Length; // else the policy has changed since
            if (operation.HasFailed || (isKnown && ladder.Rungs[place].PassWhenImpossible && operation.Act?.Result?.Outcome == ActionOutcome.NotPossible))
            {
                var end = time.Of(operation.Last, operation.Last.ClosedAt ?? operation.Last.IntendedAt);
                ref var newest = ref _useless[Math.Min(place + 1, ladder.Rungs.Length)];
                newest = newest > end ? newest : end;
                _failed = operation.HasFailed && !(_failed > end) ? end : _failed;
            }
            if (!isKnown)
                continue;
            _last[place] = operation;
            _attempts[place] += operation.IsAttempt && time.Since(operation.First) < ladder.Window ? 1 : 0;
        }
    }

    public static LadderPast Nothing { get; } = new();

    /// <summary>The newest operation on that rung; null when there was none.</summary>
    public Operation? LastOn(int place) => place < _last.Length ? _last[place] : null;

    /// <summary>The weakest rung that was not shown to be of no help since the problem stands, and that has attempts left; null when there is none.</summary>
    public int? Choose(Ladder ladder, DateTimeOffset since)
    {
        var floor = Math.Max(0, _useless.Length - 1);
        while (floor > 0 && !(_useless[floor] >= since)) // else it is of another time that it stood
            floor--;
        for (var place = floor; place < ladder.Rungs.Length; place++)
        {
            if ((place < _attempts.Length ? _attempts[place] : 0) < ladder.Rungs[place].Attempts)
                return place;
        }
        return null;
    }

    public bool HasFailedSince(DateTimeOffset since) => _failed >= since;
}
