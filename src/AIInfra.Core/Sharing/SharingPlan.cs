using System.Collections.Immutable;

namespace AIInfra.Core.Sharing;

/// <summary>Which resources of a vendor are shared, by several containers taking turns on one device. Immutable.</summary>
public sealed record SharingPlan
{
    /// <summary>A device is offered this often at most: what shares it gets too small a part of its time and memory.</summary>
    public const int MostReplicas = 1000;
    /// <summary>One replica is not sharing.</summary>
    public const int LeastReplicas = 2;
    /// <summary>What a shared resource's name ends with when it has a name of its own.</summary>
    public const string SharedSuffix = ".shared";

    public static SharingPlan None { get; } = new();

    /// <summary>Each resource at most once.</summary>
    public ImmutableArray<ShareRule> Rules { get; init; } = [];
    /// <summary>Shared units are offered under the resource's name with <see cref="SharedSuffix"/>.</summary>
    public bool RenamesShared { get; init; }
    /// <summary>A container that asks for more than one shared unit is refused.</summary>
    public bool IsOnePerContainer { get; init; }
    public SharedPlacement Placement { get; init; }

    public ShareRule? Find(string resource) => Rules.FirstOrDefault(rule => rule.Resource == resource);
}

/// <param name="Resource">The name it would have without sharing.</param>
/// <param name="Replicas">Units that each of its devices is offered as.</param>
public sealed record ShareRule(string Resource, int Replicas)
{
    /// <summary>Only so many of its devices are shared, the first ones by their index; null for all.</summary>
    public int? Count { get; init; }
    /// <summary>Only these devices are shared: ids, indexes, or <c>BOARD:PARTITION</c> indexes; empty for all.</summary>
    public ImmutableArray<string> Devices { get; init; } = [];

    /// <summary>The device is the one that a text of <see cref="Devices"/> names.</summary>
    internal static bool IsNamed(OfferedUnit unit, string reference) => reference == unit.First.Id || reference == unit.First.DriverIndex();
}

/// <summary>Rules as the agent's own configuration writes them: <c>RESOURCE=REPLICAS</c>.</summary>
public static class ShareRules
{
    public const string Form = "RESOURCE=REPLICAS with 2 to 1000 replicas, as in nvidia.com/gpu=4";

    /// <summary>Null when the text is not of the <see cref="Form"/>.</summary>
    public static ShareRule? Parse(string text)
    {
        var equals = text.LastIndexOf('=');
        return equals > 0 && ResourceName.Fault(text[..equals]) is null
            && int.TryParse(text.AsSpan(equals + 1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var replicas)
            && replicas is >= SharingPlan.LeastReplicas and <= SharingPlan.MostReplicas ? new ShareRule(text[..equals], replicas) : null;
    }
}
