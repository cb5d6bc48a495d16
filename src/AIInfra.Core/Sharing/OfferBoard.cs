using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Sharing;

/// <summary>Keeps what the node offers in step with its inventory. What did not change keeps its objects, so that readers can compare references.</summary>
/// <param name="policies">At most one a vendor; a vendor without one offers <see cref="WholeDevices"/>.</param>
public sealed partial class OfferBoard(InventoryBoard inventory, IEnumerable<IOfferPolicy> policies, ILogger<OfferBoard> logger) : IWorker
{
    public const string Part = "offer";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, IOfferPolicy> _policies = policies.ToDictionary(policy => policy.Vendor, StringComparer.Ordinal);
    private readonly HashSet<string> _said = new(StringComparer.Ordinal);

    public Latest<NodeOffer> Current { get; } = new(NodeOffer.Nothing);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var seen = inventory.Current.Value;
            Refresh();
            await inventory.Current.WaitForChangeAsync(seen, cancellationToken);
        }
    }

    /// <summary>Decides anew, now: after the inventory, or what a policy goes by, has changed. Any thread.</summary>
    public void Refresh()
    {
        lock (_gate)
        {
            var (before, now) = (Current.Value, NodeOffer.Join(inventory.Current.Value.Vendors.Select(Decide)));
            ImmutableArray<OfferedResource> resources = [.. now.Resources.Select(resource => before.Find(resource.Name) is { } old ? Keep(old, resource) : resource)];
            var isSame = resources.Length == before.Resources.Length && resources.Zip(before.Resources).All(pair => ReferenceEquals(pair.First, pair.Second));
            if (!isSame || !now.Faults.SequenceEqual(before.Faults))
                Current.Publish(now with { Resources = resources });
            Say(now.Faults);
        }
    }

    private Offer Decide(VendorInventory vendor)
    {
        if (!_policies.TryGetValue(vendor.Vendor, out var policy))
            _policies[vendor.Vendor] = policy = new WholeDevices(vendor.Vendor);
        return policy.Decide(vendor);
    }

    private static OfferedResource Keep(OfferedResource before, OfferedResource now)
    {
        var units = now.Units;
        if (units.Length == before.Units.Length && units.Zip(before.Units).All(pair => pair.First.IsSameAs(pair.Second)))
            return before.MostPerContainer == now.MostPerContainer && before.Placement == now.Placement && before.PrefersRings == now.PrefersRings ? before : now with { Units = before.Units };
        var old = before.Units.ToDictionary(unit => unit.Id, StringComparer.Ordinal);
        return now with { Units = [.. units.Select(unit => old.TryGetValue(unit.Id, out var known) && known.IsSameAs(unit) ? known : unit)] };
    }

    /// <summary>A fault is said again when it had gone meanwhile.</summary>
    private void Say(ImmutableArray<string> faults)
    {
        _said.IntersectWith(faults);
        foreach (var fault in faults.Where(_said.Add))
            LogFault(fault);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Fault}")]
    private partial void LogFault(string fault);
}
