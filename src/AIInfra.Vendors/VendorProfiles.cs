using AIInfra.Core.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.Vendors;

internal static class VendorProfiles
{
    /// <summary>Offers the names that a vendor's devices have on the metrics page; which of them are shown is chosen by <see cref="ProfileChoice"/>.</summary>
    public static IServiceCollection AddProfiles(this IServiceCollection services, params IEnumerable<MetricProfile> profiles) =>
        profiles.Aggregate(services, (all, profile) => all.AddSingleton(profile));
}
