using System.Collections.Immutable;
using AIInfra.Core.Devices;

namespace AIInfra.Core.Sharing;

/// <summary>Why a choice of units is better than another; compared in this order.</summary>
/// <param name="Links">Sum of <see cref="UnitTopology.Weight"/> over the pairs of devices chosen: more is better.</param>
/// <param name="Broken">Sum of the weights between the devices chosen and those that stay free: less is better, it leaves good groups whole.</param>
/// <param name="Nics">How near network cards are, over the devices chosen: more is better.</param>
public readonly record struct PlacementScore(long Links, long Broken, long Nics)
{
    /// <summary>The better one is the larger.</summary>
    public static Comparer<PlacementScore> ByWorth { get; } = Comparer<PlacementScore>.Create((one, other) =>
        one.Links != other.Links ? one.Links.CompareTo(other.Links)
        : one.Broken != other.Broken ? other.Broken.CompareTo(one.Broken)
        : one.Nics.CompareTo(other.Nics));
}

/// <summary>Chooses which of the free units a container should get. Pure and deterministic: the work is counted, not timed, and the order of the ids
/// asked for plays no part.</summary>
public sealed class Placement(UnitTopology topology, SharedPlacement shared, NicNearness nics)
{
    /// <summary>See <see cref="OfferedResource.PrefersRings"/>.</summary>
    public bool PrefersRings { get; init; }

    /// <summary>More than all cards of a node can add up to.</summary>
    private const long NicScale = 1 << 17;

    /// <summary>Whole devices and partitions: where rings are preferred the most of them, then the best <see cref="PlacementScore"/>. Replicas: the device by <see cref="SharedPlacement"/>, one after
    /// the other, and of devices that are equal then, the best score. Of equals the first in the order of the resource.</summary>
    /// <param name="available">Ids that may be chosen. Unknown and repeated ones count for nothing.</param>
    /// <param name="mustInclude">Ids that are chosen already. One that is not available counts for nothing.</param>
    /// <param name="size">How many units are wanted, those of <paramref name="mustInclude"/> counted in.</param>
    /// <returns>In the order of the resource: as many as wanted, or all that are available if those are fewer; none for a size below 1.
    /// Never an error: the kubelet would fail the pod.</returns>
    public ImmutableArray<string> Choose(IEnumerable<string> available, IEnumerable<string> mustInclude, int size)
    {
        var offered = Mark(available);
        var isFixed = Mark(mustInclude);
        var candidates = Enumerable.Range(0, topology.Count).Where(unit => offered[unit]).ToArray();
        var wanted = Math.Clamp(size, 0, candidates.Length);
        IEnumerable<int> chosen = wanted == candidates.Length ? candidates
            : candidates.Count(unit => isFixed[unit]) >= wanted ? candidates.Where(unit => isFixed[unit]).Take(wanted)
            : !topology.IsWeighed ? ByNumaNode(candidates, isFixed, wanted)
            : topology.IsShared && shared == SharedPlacement.InOrder ? candidates.OrderBy(unit => !isFixed[unit]).Take(wanted).Order()
            : topology.IsShared ? Replicas(candidates, isFixed, wanted)
            : Nearest(candidates, isFixed, wanted);
        return [.. chosen.Select(topology.Id)];
    }

    /// <summary>Of a choice out of what was available; zero where only NUMA nodes are compared.</summary>
    public PlacementScore Score(IEnumerable<string> available, IEnumerable<string> chosen)
    {
        if (!topology.IsWeighed)
            return default;
        var members = PlacesOf(chosen);
        var rest = PlacesOf(available).Except(members).ToArray();
        var (links, broken, near) = (0L, 0L, 0L);
        foreach (var member in members)
        {
            links += members.Where(other => other > member).Sum(other => (long)topology.Weight(member, other));
            broken += rest.Sum(other => (long)topology.Weight(member, other));
            near += nics.ScoreOf(topology.At(member));
        }
        return new PlacementScore(links, broken, near);
    }

    private int[] PlacesOf(IEnumerable<string> ids) =>
        [.. ids.Select(topology.IndexOf).Where(unit => unit >= 0).Select(topology.PlaceOf).Distinct().Order()];

    private bool[] Mark(IEnumerable<string> ids)
    {
        var marks = new bool[topology.Count];
        foreach (var id in ids)
        {
            if (topology.IndexOf(id) is var unit and >= 0)
                marks[unit] = true;
        }
        return marks;
    }

    private IEnumerable<int> Nearest(int[] candidates, bool[] isFixed, int wanted)
    {
        int[] places = [.. candidates.Select(topology.PlaceOf)];
        bool[] areFixed = [.. candidates.Select(unit => isFixed[unit])];
        var nearest = NearestPlaces(places, areFixed, wanted);
        return (PrefersRings && wanted is > 1 and <= RingedSet.Most ? new RingedSet(LinksOf(places), areFixed, wanted).Find([.. nearest]) : nearest).Select(place => candidates[place]);
    }

    private int[] LinksOf(int[] places) => [.. places.SelectMany((one, row) => places.Select((other, column) => row == column ? 0 : topology.Links(one, other)))];

    /// <returns>Which of the places, as indexes into them, ascending.</returns>
    private IEnumerable<int> NearestPlaces(int[] places, bool[] isFixed, int wanted)
    {
        var count = places.Length;
        var (weights, costs) = (new int[count * count], new long[count]);
        for (var one = 0; one < count; one++)
        {
            var degree = 0L;
            for (var other = 0; other < count; other++)
                degree += weights[one * count + other] = topology.Weight(places[one], places[other]);
            costs[one] = degree * NicScale - nics.ScoreOf(topology.At(places[one])); // of equal links inside, the lower degree breaks less
        }
        return new NearestSet(weights, costs, isFixed, wanted).Find();
    }

    private IEnumerable<int> Replicas(int[] candidates, bool[] isFixed, int wanted)
    {
        var places = new SharedPlaces(topology, candidates, isFixed);
        for (var missing = wanted - places.Taken; missing > 0;)
        {
            var equal = places.Next(shared);
            var taken = shared == SharedPlacement.Packed ? [Friendliest(equal, places)]
                : equal.Length <= missing ? equal
                : BestOf(equal, places, missing);
            foreach (var place in taken)
                missing -= places.Take(place, shared == SharedPlacement.Packed ? missing : 1);
        }
        return places.Units();
    }

    /// <summary>Of places that are equally in use, as many as are missing: other devices first, then those nearest to each other and to what is chosen.</summary>
    private int[] BestOf(int[] equal, SharedPlaces places, int missing)
    {
        int[] fresh = [.. equal.Where(place => !places.IsChosen(place))];
        if (fresh.Length <= missing)
            return [.. fresh, .. equal.Except(fresh).Take(missing - fresh.Length)];
        int[] all = [.. fresh.Concat(places.Chosen).Order()];
        bool[] isFixed = [.. all.Select(places.IsChosen)];
        return [.. NearestPlaces(all, isFixed, isFixed.Count(member => member) + missing).Select(index => all[index]).Where(place => !places.IsChosen(place))];
    }

    /// <summary>Of places that are equally in use, the one nearest to what is chosen; of these the one that breaks least.</summary>
    private int Friendliest(int[] equal, SharedPlaces places) => equal
        .OrderByDescending(place => places.Chosen.Sum(other => (long)topology.Weight(place, other)))
        .ThenBy(place => places.Open.Sum(other => (long)topology.Weight(place, other)))
        .ThenByDescending(place => nics.ScoreOf(topology.At(place)))
        .ThenBy(place => place)
        .First();

    /// <summary>For thousands of devices: the NUMA nodes in use first, then the smallest that holds all, else the largest.</summary>
    private IEnumerable<int> ByNumaNode(int[] candidates, bool[] isFixed, int wanted)
    {
        var free = candidates.CountBy(topology.NumaNode).ToDictionary();
        var used = candidates.Where(unit => isFixed[unit]).Select(topology.NumaNode).ToHashSet();
        return candidates
            .OrderBy(unit => !isFixed[unit])
            .ThenBy(unit => !used.Contains(topology.NumaNode(unit)))
            .ThenBy(unit => free[topology.NumaNode(unit)] is var size && size >= wanted ? size : int.MaxValue - size)
            .ThenBy(topology.NumaNode)
            .ThenBy(unit => unit)
            .Take(wanted)
            .Order();
    }
}
