using System.Collections.Immutable;

namespace AIInfra.Core.Metrics;

/// <summary>Which profiles a page shows.</summary>
public static class ProfileChoice
{
    /// <summary>Those that are named, in the order of the names; and for a vendor that has none of them the neutral one, so that no vendor's readings are missing.</summary>
    /// <param name="all">Of all vendors.</param>
    /// <param name="names">As <c>metrics.profile</c> lists them.</param>
    public static ImmutableArray<MetricProfile> Of(IEnumerable<MetricProfile> all, IEnumerable<string> names)
    {
        ImmutableArray<MetricProfile> profiles = [.. all];
        ImmutableArray<MetricProfile> named = [.. names.Distinct(StringComparer.Ordinal).SelectMany(name => profiles.Where(profile => profile.Name == name))];
        return [.. named, .. profiles.Where(profile => profile.Name == NeutralProfile.Name && !named.Any(other => other.Vendor == profile.Vendor))];
    }
}
