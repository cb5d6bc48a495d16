using System.Collections.Immutable;

namespace AIInfra.Core.Metrics;

/// <summary>The work on a device as dcgm-exporter labels it, and most vendors' exporters after it.</summary>
public static class DcgmWorkload
{
    /// <returns>The pod's own labels, then container, namespace and pod; nothing where the device bears no work.</returns>
    public static ImmutableArray<KeyValuePair<string, string>> Labels(Workload? workload) => workload is null ? [] :
    [
        .. workload.More, new("container", workload.Container), new("namespace", workload.Namespace), new("pod", workload.Pod),
    ];
}
