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
        services.TryAddSingleton<IDeviceHolders, NobodyKnown>();
        services.TryAddSingleton<VendorPauses>();
        return services
            .AddSingleton(options)
            .AddSingleton<ReportingBoards>()
            .AddWorker<KubernetesWorker>(NodeWatch.Part);
    }

    /// <summary>Where nobody reads who holds what.</summary>
    private sealed class NobodyKnown : IDeviceHolders
    {
        public IReadOnlyList<DeviceHolder>? HoldersOf(string deviceId) => [];
    }
}
