using System.Collections.Frozen;

namespace AIInfra.Core.Workloads;

/// <summary>Labels of pods as labels of series.</summary>
internal static class PodLabels
{
    /// <summary>Names that series have for other things.</summary>
    private static readonly FrozenSet<string> Taken = FrozenSet.Create(StringComparer.Ordinal,
        "gpu", "UUID", "uuid", "pci_bus_id", "device", "modelName", "GPU_I_PROFILE", "GPU_I_ID", "Hostname", "hostname", "DCGM_FI_DRIVER_VERSION",
        "DCGM_FI_SYSTEM_DRIVER_VERSION", "pod", "namespace", "container", "pod_uid", "vendor", "resource", "job", "instance", "le", "quantile", "hw_id", "index", "node",
        "err_code", "err_msg", "window_size_in_ms", "xid", "clock_event");

    /// <summary>Every character that a label's name cannot have becomes an underscore, as in dcgm-exporter and kube-state-metrics. A name that is taken, or comes twice, is left out.</summary>
    /// <param name="prefix"><c>label_</c> where kube-state-metrics' names are wanted.</param>
    public static IEnumerable<KeyValuePair<string, string>> Named(IEnumerable<KeyValuePair<string, string>> labels, string prefix)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (key, value) in labels)
        {
            var name = prefix + string.Concat(key.Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_'));
            if (char.IsAsciiDigit(name[0]))
                name = $"_{name}";
            if (!Taken.Contains(name) && !name.StartsWith("__", StringComparison.Ordinal) && seen.Add(name))
                yield return new(name, value);
        }
    }
}
