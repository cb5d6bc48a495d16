using AIInfra.Aggregator.Api;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Streams;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;

namespace AIInfra.Aggregator.Metrics;

/// <summary>The aggregator's own metrics. No label names a node or a device: their number does not grow with the fleet.</summary>
internal sealed class FleetRows(FleetView view, Sessions sessions, NodeWriter writer, EventPart events, WorkerBoard workers, TimeProvider time) : PageRows
{
    private const int MostVendors = 32;

    private static readonly MetricHead
        BuildInfo = new("aiinfra_aggregator_build_info", MetricType.Gauge, "Always 1; the version of the aggregator."),
        Nodes = new("aiinfra_fleet_nodes", MetricType.Gauge, "Nodes by state: connected, reconnecting, lost."),
        Devices = new("aiinfra_fleet_devices", MetricType.Gauge, "Devices of all nodes by vendor and health."),
        Problems = new("aiinfra_fleet_problems", MetricType.Gauge, "Problems that stand on all nodes, by severity."),
        Streams = new("aiinfra_aggregator_streams", MetricType.Gauge, "Agents that are connected to this replica."),
        Opened = new("aiinfra_aggregator_streams_opened_total", MetricType.Counter, "Streams of agents that were opened."),
        Refused = new("aiinfra_aggregator_streams_refused_total", MetricType.Counter, "Streams that were not let in: credentials, names, versions."),
        Messages = new("aiinfra_aggregator_messages_total", MetricType.Counter, "Messages of agents by kind."),
        Resyncs = new("aiinfra_aggregator_resyncs_total", MetricType.Counter, "Snapshots that were asked for, because a change did not follow on what was known."),
        Throttled = new("aiinfra_aggregator_throttled_total", MetricType.Counter, "Times that a stream was made to wait, because its agent sends too much."),
        Pending = new("aiinfra_aggregator_store_pending", MetricType.Gauge, "Nodes whose newest state is not stored yet."),
        Stored = new("aiinfra_aggregator_store_written_total", MetricType.Counter, "States of nodes that were stored."),
        StoreFaults = new("aiinfra_aggregator_store_failures_total", MetricType.Counter, "Batches that the store refused; they are tried again."),
        Readers = new("aiinfra_aggregator_event_readers", MetricType.Gauge, "Readers of the event stream."),
        PartReady = new("aiinfra_aggregator_part_ready", MetricType.Gauge, "1 when the part works, 0 when it waits or failed."),
        Memory = new("aiinfra_aggregator_heap_bytes", MetricType.Gauge, "Managed memory in use."),
        StartTime = new("aiinfra_aggregator_start_timestamp_seconds", MetricType.Gauge, "When it was started, in Unix time.");

    private readonly double _started = time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;

    public override void Write(PageWriter page)
    {
        One(page, BuildInfo, 1, ("version", ProgramInfo.Version));
        WriteFleet(page);
        var counters = sessions.Counters;
        One(page, Streams, sessions.Count);
        One(page, Opened, counters.Opened);
        One(page, Refused, counters.Refused);
        page.Family(Messages);
        Sample(page, counters.Snapshots, ("kind", "snapshot"));
        Sample(page, counters.Deltas, ("kind", "delta"));
        Sample(page, counters.Heartbeats, ("kind", "heartbeat"));
        Sample(page, counters.Others, ("kind", "other"));
        One(page, Resyncs, counters.Resyncs);
        One(page, Throttled, counters.Throttled);
        One(page, Pending, writer.Pending);
        One(page, Stored, writer.Written);
        One(page, StoreFaults, writer.Failures);
        One(page, Readers, events.Readers);
        page.Family(PartReady);
        foreach (var part in workers.Parts.Values)
            Sample(page, part.IsReady ? 1 : 0, ("part", part.Name));
        One(page, Memory, GC.GetTotalMemory(forceFullCollection: false));
        page.Family(StartTime);
        page.Sample(LabelSet.Empty, _started);
    }

    private void WriteFleet(PageWriter page)
    {
        var (states, severities) = (new Dictionary<string, long> { [ApiLines.Connected] = 0, [ApiLines.Reconnecting] = 0, [ApiLines.Lost] = 0 }, new long[3]);
        var devices = new SortedDictionary<(string Vendor, bool IsHealthy), long>();
        foreach (var node in view.Nodes.Values)
        {
            states[ApiLines.State(node)]++;
            foreach (var problem in node.Problems)
                severities[(int)problem.Severity]++;
            foreach (var device in node.Devices)
            {
                var vendor = devices.Count < 2 * MostVendors || devices.ContainsKey((device.Vendor, device.IsHealthy)) ? device.Vendor : "other"; // a node may call vendors as it likes
                devices[(vendor, device.IsHealthy)] = devices.GetValueOrDefault((vendor, device.IsHealthy)) + 1;
            }
        }
        page.Family(Nodes);
        foreach (var (state, count) in states)
            Sample(page, count, ("state", state));
        page.Family(Devices);
        foreach (var ((vendor, isHealthy), count) in devices)
            Sample(page, count, ("vendor", vendor), ("healthy", isHealthy ? "true" : "false"));
        page.Family(Problems);
        for (var severity = 0; severity < severities.Length; severity++)
            Sample(page, severities[severity], ("severity", Words.Of((Core.Health.Severity)severity)));
    }

    private static void One(PageWriter page, MetricHead head, long value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        page.Family(head);
        Sample(page, value, labels);
    }

    private static void Sample(PageWriter page, long value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        var all = new List<KeyValuePair<string, string>>(labels.Length);
        foreach (var (name, text) in labels)
            all.Add(KeyValuePair.Create(name, text));
        page.Sample(new LabelSet(all), value);
    }
}
