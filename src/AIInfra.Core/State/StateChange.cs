using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.VendorHost;

namespace AIInfra.Core.State;

/// <summary>The rows in which what the boards show differs from what was written last.</summary>
internal sealed record StateChange
{
    public required ImmutableArray<Problem> Problems { get; init; }
    public required ImmutableArray<(string Id, Subject Subject)> GoneProblems { get; init; }
    public required ImmutableArray<VendorInventory> Inventories { get; init; }
    public required ImmutableArray<string> GoneVendors { get; init; }
    /// <summary>New ones, oldest first.</summary>
    public required ImmutableArray<HealthTransition> Transitions { get; init; }
    public required ImmutableArray<VendorRelease> Releases { get; init; }
    /// <summary>Vendors that were resumed.</summary>
    public required ImmutableArray<string> GoneReleases { get; init; }
    /// <summary>How far logs were read; written only beside what they said, so that it alone is no change.</summary>
    public ImmutableArray<ReadingPosition> Positions { get; init; } = [];

    public bool IsEmpty => Problems.Length + GoneProblems.Length + Inventories.Length + GoneVendors.Length
        + Transitions.Length + Releases.Length + GoneReleases.Length == 0;
}

/// <summary>What of this agent's own is in the database: rows of which it knows nothing are never removed.</summary>
internal sealed class WrittenState
{
    private readonly Dictionary<(string Id, Subject Subject), Problem> _problems = [];
    private readonly Dictionary<string, VendorInventory> _inventories = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _releases = new(StringComparer.Ordinal);
    private HealthTransition? _lastTransition;

    public void Clear()
    {
        _problems.Clear();
        _inventories.Clear();
        _releases.Clear();
        _lastTransition = null;
    }

    public void Add(IEnumerable<Problem> problems)
    {
        foreach (var problem in problems)
            _problems[(problem.Id, problem.Subject)] = problem;
    }

    /// <summary>Boards replace what changes, so what is the same object has not changed.</summary>
    /// <param name="positions">As they were before <paramref name="health"/> was taken: what was said up to them is in it.</param>
    public StateChange Compare(
        HealthSnapshot health, NodeInventory inventory, IReadOnlyCollection<VendorRelease> releases, ImmutableArray<ReadingPosition> positions)
    {
        var standing = health.Problems.Select(problem => (problem.Id, problem.Subject)).ToHashSet();
        return new StateChange
        {
            Positions = positions,
            Problems = [.. health.Problems.Where(problem => !ReferenceEquals(_problems.GetValueOrDefault((problem.Id, problem.Subject)), problem))],
            GoneProblems = [.. _problems.Keys.Where(key => !standing.Contains(key))],
            Inventories =
            [
                .. inventory.Vendors.Where(vendor => IsWorthKeeping(vendor)
                    && !ReferenceEquals(_inventories.GetValueOrDefault(vendor.Vendor), vendor)),
            ],
            GoneVendors = [.. inventory.Vendors.Where(vendor => vendor.State == VendorState.Absent && _inventories.ContainsKey(vendor.Vendor)).Select(vendor => vendor.Vendor)],
            Transitions = After(health.Transitions, _lastTransition),
            Releases = [.. releases.Where(release => !_releases.TryGetValue(release.Vendor, out var since) || since != release.Since)],
            GoneReleases = [.. _releases.Keys.Where(vendor => releases.All(release => release.Vendor != vendor))],
        };
    }

    public void Apply(StateChange change)
    {
        Add(change.Problems);
        foreach (var key in change.GoneProblems)
            _problems.Remove(key);
        foreach (var inventory in change.Inventories)
            _inventories[inventory.Vendor] = inventory;
        foreach (var vendor in change.GoneVendors)
            _inventories.Remove(vendor);
        foreach (var vendor in change.GoneReleases)
            _releases.Remove(vendor);
        Add(change.Releases);
        Add(change.Transitions);
    }

    public void Add(IEnumerable<VendorRelease> releases)
    {
        foreach (var release in releases)
            _releases[release.Vendor] = release.Since;
    }

    /// <param name="transitions">Oldest first.</param>
    public void Add(ImmutableArray<HealthTransition> transitions) => _lastTransition = transitions.IsEmpty ? _lastTransition : transitions[^1];

    /// <summary>What the driver says now; or its last word, where nothing older is stored: a vendor may fall silent, or be released,
    /// before its first inventory was written.</summary>
    private bool IsWorthKeeping(VendorInventory vendor) => vendor.State == VendorState.Ready
        || (vendor is { State: VendorState.Unavailable, Devices.IsEmpty: false } && !_inventories.ContainsKey(vendor.Vendor));

    /// <summary>An inventory that was found in the database, so that it is removed if its vendor turns out to be absent.</summary>
    public void Add(VendorInventory inventory) => _inventories[inventory.Vendor] = inventory;

    /// <summary>Those that came after one of them; all when more came since than the history keeps.</summary>
    private static ImmutableArray<HealthTransition> After(ImmutableArray<HealthTransition> all, HealthTransition? last)
    {
        var place = all.Length - 1;
        while (place >= 0 && !ReferenceEquals(all[place], last))
            place--;
        return all[(place + 1)..];
    }
}
