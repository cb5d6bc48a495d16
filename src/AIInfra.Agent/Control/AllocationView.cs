using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sharing;

namespace AIInfra.Agent.Control;

/// <summary>Answers <c>explain allocation</c>: what the kubelet would be told now if it asked which units to give to a container.</summary>
internal sealed class AllocationView(OfferBoard offers, HealthBoard board, PodResourcesBoard pods, NicBoard nics)
{
    /// <param name="resource">Null or empty: the only one that is offered.</param>
    /// <param name="count">A number above 0; null or empty: 1.</param>
    public AllocationExplanation Explain(string? resource, string? count)
    {
        var offer = offers.Current.Value;
        var names = string.Join(", ", offer.Resources.Select(known => known.Name));
        if (!int.TryParse(string.IsNullOrEmpty(count) ? "1" : count, NumberStyles.None, CultureInfo.InvariantCulture, out var wanted) || wanted < 1)
            return Refused(resource, 0, "The count must be a number above 0, as in `aiinfra-agent explain allocation nvidia.com/gpu 4`.");
        if (offer.Resources.IsEmpty)
            return Refused(resource, wanted, "This node offers no resource. `aiinfra-agent status` says what was looked for.");
        if (string.IsNullOrEmpty(resource) && offer.Resources.Length > 1)
            return Refused(null, wanted, $"Name a resource; this node offers {names}.");
        var offered = string.IsNullOrEmpty(resource) ? offer.Resources[0] : offer.Find(resource);
        return offered is null ? Refused(resource, wanted, $"This node does not offer {resource}; it offers {names}.") : Explain(offered, wanted);
    }

    private AllocationExplanation Explain(OfferedResource resource, int wanted)
    {
        var (health, held, cards) = (board.Devices.Value, pods.Current.Value, nics.Current.Value);
        ImmutableArray<string> healthy = [.. resource.Units.Where(health.IsHealthy).Select(unit => unit.Id)];
        ImmutableArray<string> free = [.. healthy.Where(id => held.HoldersOf(id).IsEmpty)];
        int? inUse = held.IsKnown ? resource.Units.Count(unit => !held.HoldersOf(unit.Id).IsEmpty) : null;
        var (topology, unhealthy) = (new UnitTopology(resource.Units), resource.Units.Length - healthy.Length);
        if (free.Length < wanted)
        {
            return Refused(resource.Name, wanted, $"{wanted} of {resource.Name} are asked for and {free.Length} are free: the scheduler places no such pod here now.")
                with
            { Free = free.Length, Held = inUse, Unhealthy = unhealthy };
        }
        var placement = new Placement(topology, resource.Placement, cards) { PrefersRings = resource.PrefersRings };
        var chosen = placement.Choose(free, [], wanted);
        var runnerUp = RunnerUp(placement, free, chosen);
        var (score, other) = (placement.Score(free, chosen), runnerUp is { } second ? placement.Score(free, second) : default);
        return new AllocationExplanation(
            resource.Name, wanted, null, Why(topology, resource.Placement, free.Length == wanted, score, runnerUp is null ? null : other), free.Length, inUse, unhealthy,
            Show(chosen, score), runnerUp is { } units ? Show(units, other) : null);

        AllocationChoice Show(ImmutableArray<string> ids, PlacementScore its) => new(
            [.. ids.Select(id => topology.Unit(topology.IndexOf(id))).Select(unit => new AllocationUnit(
                unit.Id, unit.First.Index, unit.First.PciAddress, unit.First.NumaNode, cards.Of(unit.First)?.Kind))], its.Links, its.Broken, its.Nics);
    }

    /// <summary>The best of those that do without one of the chosen; null when all that is free was chosen.</summary>
    private static ImmutableArray<string>? RunnerUp(Placement placement, ImmutableArray<string> free, ImmutableArray<string> chosen)
    {
        if (free.Length == chosen.Length)
            return null;
        const int mostTried = 16; // of many equal units one is as good as another
        return chosen.Take(mostTried).Select(id => placement.Choose(free.Remove(id), [], chosen.Length)).MaxBy(other => placement.Score(free, other), PlacementScore.ByWorth);
    }

    private static string Why(UnitTopology topology, SharedPlacement shared, bool isAll, PlacementScore score, PlacementScore? other) =>
        isAll ? "All that is free is needed."
        : !topology.IsWeighed ? "There are too many devices to weigh each pair: NUMA nodes decide."
        : topology.IsShared ? shared switch
        {
            SharedPlacement.Packed => "Each unit comes from the shared device with the most units in use that still has one.",
            SharedPlacement.InOrder => "The first units that are free are taken.",
            _ => "Each unit comes from the shared device with the fewest units in use; other devices first.",
        }
        : other is not { } second || score == second ? "Other choices are as good; the first in the node's order is taken."
        : score.Links != second.Links ? "Its devices are linked best to each other."
        : score.Broken != second.Broken ? "It is linked as well as the next best, and leaves the devices that stay free better linked."
        : "It is linked as well as the next best and leaves as much, and network cards are nearer.";

    private static AllocationExplanation Refused(string? resource, int wanted, string why) => new(resource, wanted, why, null, 0, null, 0, null, null);
}
