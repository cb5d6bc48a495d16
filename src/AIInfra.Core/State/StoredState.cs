using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.VendorHost;

namespace AIInfra.Core.State;

/// <summary>What the agent knew when it last ended.</summary>
public sealed record StoredState
{
    public static StoredState Empty { get; } = new();

    /// <summary>Those that stood, in the order they were first seen. Each says by its boot id whether it is of this boot.</summary>
    public ImmutableArray<Problem> Problems { get; init; } = [];

    /// <summary>The devices of each vendor whose driver answered last time, ordered by vendor; all in <see cref="VendorState.Starting"/>.</summary>
    public ImmutableArray<VendorInventory> Inventories { get; init; } = [];

    /// <summary>By vendor, the boot in which its inventory was read: one of another boot is a guess, cards may have been moved.</summary>
    public ImmutableDictionary<string, string> InventoryBootIds { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>What was raised and cleared in the last boots, oldest first.</summary>
    public ImmutableArray<HealthTransition> Transitions { get; init; } = [];

    /// <summary>Vendors that an operator has taken from the agent.</summary>
    public ImmutableArray<VendorRelease> Releases { get; init; } = [];
    /// <summary>How far each log was read; what it said up to there is in <see cref="Problems"/>.</summary>
    public ImmutableArray<ReadingPosition> Positions { get; init; } = [];

    /// <summary>How far this log was read; null when it never was.</summary>
    public ReadingPosition? PositionOf(string log)
    {
        foreach (var position in Positions)
        {
            if (position.Log == log)
                return position;
        }
        return null;
    }

    /// <summary>True when there was a state that could not be read (corrupt, of a newer agent, or the disk did not answer):
    /// what was done before is not known, so nothing may be done on top of it.</summary>
    public bool IsIncomplete { get; init; }
}
