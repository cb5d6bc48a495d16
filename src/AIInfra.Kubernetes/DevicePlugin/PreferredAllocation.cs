using System.Collections.Immutable;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>Chooses which of the free devices a container should get. Pure and deterministic; the order of the ids asked for plays no part.</summary>
internal static class PreferredAllocation
{
    /// <summary>The set with the nearest devices among those that contain <paramref name="mustInclude"/>; of equals the one that leaves the rest
    /// best connected; of equals the first in the order of the inventory.</summary>
    /// <param name="topology">The devices of the resource.</param>
    /// <param name="available">Ids that may be chosen. Unknown and repeated ones count for nothing.</param>
    /// <param name="mustInclude">Ids that are chosen already. One that is not available counts for nothing.</param>
    /// <param name="size">How many devices are wanted, those of <paramref name="mustInclude"/> counted in.</param>
    /// <returns>In the order of the inventory: as many as wanted, or all that are available if those are fewer; none for a size below 1.
    /// Never an error: the kubelet would fail the pod.</returns>
    public static ImmutableArray<string> Choose(DeviceTopology topology, IEnumerable<string> available, IEnumerable<string> mustInclude, int size)
    {
        var offered = new bool[topology.Count];
        var count = Mark(topology, available, offered);
        var isFixed = new bool[topology.Count];
        Mark(topology, mustInclude, isFixed);

        var candidates = new int[count];
        var fixedCount = 0;
        for (int device = 0, next = 0; device < offered.Length; device++)
        {
            if (!offered[device])
                continue;
            candidates[next++] = device;
            if (isFixed[device])
                fixedCount++;
        }

        var wanted = Math.Clamp(size, 0, count);
        var chosen = wanted == count ? candidates
            : fixedCount >= wanted ? candidates.Where(device => isFixed[device]).Take(wanted)
            : topology.IsWeighed ? Weighed(topology, candidates, isFixed, wanted)
            : ByNumaNode(topology, candidates, isFixed, wanted);
        return [.. chosen.Select(topology.Id)];
    }

    private static int Mark(DeviceTopology topology, IEnumerable<string> ids, bool[] marks)
    {
        var count = 0;
        foreach (var id in ids)
        {
            if (topology.IndexOf(id) is var device and >= 0 && !marks[device])
            {
                marks[device] = true;
                count++;
            }
        }
        return count;
    }

    private static IEnumerable<int> Weighed(DeviceTopology topology, int[] candidates, bool[] isFixed, int wanted)
    {
        var count = candidates.Length;
        var weights = new int[count * count];
        for (var one = 0; one < count; one++)
        {
            for (var other = 0; other < count; other++)
                weights[one * count + other] = topology.Weight(candidates[one], candidates[other]);
        }
        var search = new NearestSet(weights, [.. candidates.Select(device => isFixed[device])], wanted);
        return search.Find().Select(place => candidates[place]);
    }

    /// <summary>For thousands of devices: the NUMA nodes in use first, then the smallest that holds all, else the largest.</summary>
    private static IEnumerable<int> ByNumaNode(DeviceTopology topology, int[] candidates, bool[] isFixed, int wanted)
    {
        var free = candidates.CountBy(topology.NumaNode).ToDictionary();
        var used = candidates.Where(device => isFixed[device]).Select(topology.NumaNode).ToHashSet();
        return candidates
            .OrderBy(device => !isFixed[device])
            .ThenBy(device => !used.Contains(topology.NumaNode(device)))
            .ThenBy(device => free[topology.NumaNode(device)] is var size && size >= wanted ? size : int.MaxValue - size)
            .ThenBy(topology.NumaNode)
            .ThenBy(device => device)
            .Take(wanted)
            .Order();
    }
}
