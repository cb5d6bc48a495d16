namespace AIInfra.Core.Sharing;

/// <summary>Finds a set of a given size with the largest sum of weights inside it; of equal sums the one whose members cost least; of equals
/// the first in order.</summary>
/// <remarks>Exact where there are few sets that differ (8 of 16 is 12,870; twins, which nothing tells apart, count once: 7 of 56 parts of 8 boards is
/// 3,432), else grown from each member in turn and mended by swaps, until
/// <see cref="MostSteps"/> is spent: about a millisecond at the very most, counted and not timed, so that the same question has the same answer.</remarks>
/// <param name="weights">Symmetric, n × n, row by row.</param>
/// <param name="costs">n.</param>
/// <param name="isFixed">n flags: members of every set. Fewer than <paramref name="size"/>.</param>
/// <param name="size">1 to n - 1.</param>
internal sealed class NearestSet(int[] weights, long[] costs, bool[] isFixed, int size)
{
    /// <summary>Up to this many sets are all looked at.</summary>
    public const int MostSets = 20_000;
    private const int MostSteps = 500_000;
    /// <summary>Among more, no twins are looked for: that would cost more than it saves.</summary>
    private const int MostCompared = 128;

    private readonly int _count = isFixed.Length;
    private readonly int[] _twins = new int[isFixed.Length]; // the twin before it in order; -1 when there is none
    private int[][] _levels = [];
    private bool[] _best = [];
    private (long Inside, long Cost) _bestScore = (long.MinValue, 0);
    private int _steps;

    /// <summary>The members' places, ascending.</summary>
    public IEnumerable<int> Find()
    {
        var start = (bool[])isFixed.Clone();
        var fixedCount = isFixed.Count(member => member);
        FindTwins();
        if (Sets(size - fixedCount) is var sets && sets <= MostSets && sets * _count <= MostSteps)
        {
            _levels = [Gains(start), .. Enumerable.Range(0, size - fixedCount - 1).Select(_ => new int[_count])];
            Descend(start, 0, 0, size - fixedCount, Score(start));
        }
        else
            GrowFromEach(start, fixedCount);
        return Enumerable.Range(0, _count).Where(place => _best[place]);
    }

    private void FindTwins()
    {
        var last = new List<int>(); // of each kind, in the order of the first
        for (var place = 0; place < _count; place++)
        {
            var kind = isFixed[place] || _count > MostCompared ? -1 : last.FindIndex(other => AreTwins(place, other));
            _twins[place] = kind < 0 ? -1 : last[kind];
            if (kind >= 0)
                last[kind] = place;
            else if (!isFixed[place])
                last.Add(place);
        }
    }

    /// <summary>Either may stand for the other in any set.</summary>
    private bool AreTwins(int one, int other)
    {
        if (costs[one] != costs[other])
            return false;
        for (var place = 0; place < _count; place++)
        {
            if (place != one && place != other && weights[one * _count + place] != weights[other * _count + place])
                return false;
        }
        return true;
    }

    /// <summary>How many sets differ, from <see cref="MostSets"/> up not exactly: kinds are chosen from one after the other.</summary>
    private long Sets(int choose)
    {
        var kinds = new Dictionary<int, int>(); // how many of each, by the first of it
        var firsts = new int[_count];
        for (var place = 0; place < _count; place++)
        {
            firsts[place] = _twins[place] < 0 ? place : firsts[_twins[place]];
            if (!isFixed[place])
                kinds[firsts[place]] = kinds.GetValueOrDefault(firsts[place]) + 1;
        }
        var ways = new long[choose + 1];
        ways[0] = 1;
        foreach (var count in kinds.Values)
        {
            for (var chosen = choose; chosen > 0; chosen--)
            {
                for (var taken = 1; taken <= Math.Min(count, chosen); taken++)
                    ways[chosen] = Math.Min(ways[chosen] + ways[chosen - taken], MostSets + 1);
            }
        }
        return ways[choose];
    }

    private void Descend(bool[] members, int level, int from, int missing, (long Inside, long Cost) score)
    {
        var gains = _levels[level];
        for (var next = from; next <= _count - missing; next++)
        {
            if (isFixed[next] || (_twins[next] is var twin and >= 0 && !members[twin]))
                continue; // what a twin would give was looked at with the first of them
            var with = (Inside: score.Inside + gains[next], Cost: score.Cost + costs[next]);
            if (missing == 1 && !IsBetter(with))
                continue;
            members[next] = true;
            if (missing == 1)
            {
                Keep(members, with);
            }
            else
            {
                AddBehind(next, gains, _levels[level + 1]);
                Descend(members, level + 1, next + 1, missing - 1, with);
            }
            members[next] = false;
        }
    }

    /// <summary>Sums for the places behind a new member only: the descent looks at no others.</summary>
    private void AddBehind(int member, int[] gains, int[] sums)
    {
        var row = weights.AsSpan(member * _count + member + 1, _count - member - 1);
        var before = gains.AsSpan(member + 1, row.Length);
        var after = sums.AsSpan(member + 1, row.Length);
        for (var place = 0; place < row.Length; place++)
            after[place] = before[place] + row[place];
    }

    private void GrowFromEach(bool[] start, int fixedCount)
    {
        for (var seed = 0; seed < _count && (_steps < MostSteps || _best.Length == 0); seed++)
        {
            if (isFixed[seed])
                continue;
            var members = (bool[])start.Clone();
            members[seed] = true;
            var gains = Gains(members);
            for (var have = fixedCount + 1; have < size; have++)
            {
                var next = Nearest(members, gains);
                members[next] = true;
                Add(next, gains, gains);
            }
            while (_steps < MostSteps && TrySwap(members, ref gains)) { }
            Keep(members, Score(members));
        }
    }

    private int Nearest(bool[] members, int[] gains)
    {
        var best = -1;
        for (var place = 0; place < _count; place++)
        {
            if (!members[place] && (best < 0 || gains[place] > gains[best] || (gains[place] == gains[best] && costs[place] < costs[best])))
                best = place;
        }
        return best;
    }

    /// <summary>Makes the one swap of a member that helps most; false when none helps.</summary>
    private bool TrySwap(bool[] members, ref int[] gains)
    {
        var best = (Inside: 0L, Cost: 0L, Out: -1, In: -1);
        for (var leaving = 0; leaving < _count; leaving++)
        {
            if (!members[leaving] || isFixed[leaving])
                continue;
            _steps += _count;
            for (var coming = 0; coming < _count; coming++)
            {
                if (members[coming])
                    continue;
                var inside = gains[coming] - gains[leaving] - weights[leaving * _count + coming];
                var cost = costs[coming] - costs[leaving];
                if (inside > best.Inside || (inside == best.Inside && cost < best.Cost))
                    best = (inside, cost, leaving, coming);
            }
        }
        if (best.Out < 0)
            return false;
        (members[best.Out], members[best.In]) = (false, true);
        gains = Gains(members);
        return true;
    }

    private void Keep(bool[] members, (long Inside, long Cost) score)
    {
        if (IsBetter(score))
            (_best, _bestScore) = ((bool[])members.Clone(), score);
    }

    private bool IsBetter((long Inside, long Cost) score) =>
        _best.Length == 0 || score.Inside > _bestScore.Inside || (score.Inside == _bestScore.Inside && score.Cost < _bestScore.Cost);

    /// <summary>For each place the sum of its weights to the members.</summary>
    private int[] Gains(bool[] members)
    {
        var gains = new int[_count];
        for (var member = 0; member < _count; member++)
        {
            if (members[member])
                Add(member, gains, gains);
        }
        return gains;
    }

    private void Add(int member, int[] gains, int[] sums)
    {
        _steps += _count;
        for (var place = 0; place < _count; place++)
            sums[place] = gains[place] + weights[member * _count + place];
    }

    private (long Inside, long Cost) Score(bool[] members)
    {
        var (inside, cost) = (0L, 0L);
        for (var one = 0; one < _count; one++)
        {
            if (!members[one])
                continue;
            cost += costs[one];
            for (var other = one + 1; other < _count; other++)
                inside += members[other] ? weights[one * _count + other] : 0;
        }
        _steps += _count * size;
        return (inside, cost);
    }
}
