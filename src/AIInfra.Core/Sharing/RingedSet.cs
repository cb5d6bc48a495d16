namespace AIInfra.Core.Sharing;

/// <summary>Finds, beside a set that is good by its links, one whose links form more rings.</summary>
/// <remarks>The sum of links says much of rings, not all: four devices in two pairs of many links have none. All sets are looked at where they are few, by
/// a bound that costs little; rings themselves are counted for at most <see cref="MostCounted"/> of them.</remarks>
/// <param name="links">Symmetric, n × n, row by row: direct links between each two candidates.</param>
/// <param name="isFixed">n flags: members of every set.</param>
internal sealed class RingedSet(int[] links, bool[] isFixed, int size)
{
    /// <summary>Rings are asked for among so few: of more, no node's group has as many.</summary>
    public const int Most = 8;
    private const int MostCounted = 64, MostSets = 20_000;

    private readonly int _count = isFixed.Length;
    private readonly int[] _members = new int[size];
    private int[] _best = [];
    private int _rings, _counted, _sets;

    /// <param name="nearest">The set that is the best otherwise, ascending: of sets with equally many rings it stays.</param>
    /// <returns>Ascending.</returns>
    public int[] Find(int[] nearest)
    {
        (_best, _rings) = (nearest, Rings(nearest));
        if (_rings < MostAnywhere())
            Descend(0, 0);
        return _best;
    }

    /// <summary>As many rings as the links of the candidates could give some set, whichever it is.</summary>
    private int MostAnywhere()
    {
        var degrees = Enumerable.Range(0, _count).Select(one => Enumerable.Range(0, _count).Sum(other => links[one * _count + other])).OrderDescending().ToArray();
        return size == 2 ? links.Max() : degrees[size - 1] / 2 * 2;
    }

    private void Descend(int chosen, int from)
    {
        if (_counted >= MostCounted || _sets >= MostSets)
            return;
        if (chosen == size)
        {
            _sets++;
            Look();
            return;
        }
        for (var next = from; next <= _count - (size - chosen); next++)
        {
            _members[chosen] = next;
            Descend(chosen + 1, next + 1);
            if (isFixed[next])
                return; // sets without it are none
        }
    }

    private void Look()
    {
        var inside = Inside(_members);
        if (RingCount.MostOf(inside, size) <= _rings)
            return;
        _counted++;
        var rings = RingCount.Of(inside, size, int.MaxValue - 1);
        if (rings > _rings)
            (_best, _rings) = ([.. _members], rings);
    }

    private int Rings(int[] set) => RingCount.Of(Inside(set), size, int.MaxValue - 1);

    private int[] Inside(int[] set)
    {
        var inside = new int[size * size];
        for (var one = 0; one < size; one++)
        {
            for (var other = 0; other < size; other++)
                inside[one * size + other] = links[set[one] * _count + set[other]];
        }
        return inside;
    }
}
