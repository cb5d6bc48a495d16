namespace AIInfra.UnitTests.Monitoring;

/// <summary>Where the metrics come from that rules and dashboards read.</summary>
internal static class InputFamilies
{
    private static readonly Dictionary<string, string> Others = new()
    {
        ["up"] = "Prometheus",
        ["scrape_duration_seconds"] = "Prometheus",
        ["ALERTS"] = "Prometheus",
        ["kube_node_status_capacity"] = "kube-state-metrics",
        ["node_infiniband_port_data_received_bytes_total"] = "node_exporter",
        ["node_infiniband_port_data_transmitted_bytes_total"] = "node_exporter",
    };

    /// <returns>The profile, another program, or the recording rules; null when nobody has it.</returns>
    public static string? Origin(string family)
    {
        if (Others.TryGetValue(family, out var other))
            return other;
        if (MonitoringFiles.Emitted.TryGetValue(family, out var profile))
            return profile == "always" ? "every profile" : $"profile `{profile}`";
        return MonitoringFiles.Records.Any(rule => rule.Name == family) ? "recording rules" : null;
    }
}
