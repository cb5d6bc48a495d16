using System.Collections.Immutable;
using AIInfra.Core.Hosting;
using AIInfra.Core.VendorHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIInfra.Kubernetes.Reporting;

public static class ReportingSetup
{
    /// <summary>Reports to the API server under the worker name <c>kubernetes</c>. Without one: quiet.</summary>
    /// <remarks><see cref="FeatureLabels"/> and <see cref="IDeviceHolders"/> are used where they are registered.</remarks>
    public static IServiceCollection AddReporting(this IServiceCollection services, ReportingOptions options)
    {
        services.TryAddSingleton(new FeatureLabels(new(ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal))));
        services.TryAddSingleton<IDeviceHolders, PodHolders>();
        services.TryAddSingleton<VendorPauses>();
        return services
            .AddSingleton(options)
            .AddSingleton<ReportingBoards>()
            .AddWorker<KubernetesWorker>(NodeWatch.Part);
    }
}
