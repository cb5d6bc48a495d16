using System.Buffers;
using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;

namespace AIInfra.Core.Metrics;

/// <summary>The boards that the page shows. It reads nothing else, so no device can make it wait.</summary>
/// <param name="Log">Null where no kernel log is read.</param>
/// <param name="Rows">What features of their own bring.</param>
public sealed record MetricsSources(
    InventoryBoard Inventory, SampleBoard Samples, HealthBoard Health, WorkerBoard Workers, LogCounters? Log = null, IEnumerable<PageRows>? Rows = null);

public sealed record MetricsPageOptions
{
    /// <summary>The selected ones, in the order of <c>metrics.profile</c>. Where two of one vendor share a name, the first one has it.</summary>
    public required ImmutableArray<MetricProfile> Profiles { get; init; }
    /// <summary>The node's name, as the profiles print it.</summary>
    public required string Hostname { get; init; }
    /// <summary>Of the agent.</summary>
    public required string Version { get; init; }
    /// <summary>Age at which a device's sample is left out; three sampling rounds, by default 30 s.</summary>
    public TimeSpan MaxSampleAge { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>Renders the page in Prometheus' text format 0.0.4, in an order that stays the same.</summary>
/// <remarks>Label blocks are rendered when the inventory changes, the problems' and parts' when those change; a scrape only formats
/// numbers and allocates nothing per sample. Scrapes are served one after the other.</remarks>
public sealed class MetricsPage(MetricsSources sources, MetricsPageOptions options, TimeProvider time) : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly Lock _gate = new();
    private readonly ProcessUsage _process = new();
    private readonly byte[] _buildLabels = AgentMetric.BuildInfo.Series(options.Version);
    private readonly ImmutableArray<PageRows> _rows = [.. sources.Rows ?? []];
    private DevicePlan? _plan;
    private ProblemRows? _problems;
    private PartRows? _parts;
    private ImmutableArray<byte[]> _slowLabels = [];
    private long _scrapes;
    private double _lastSeconds;

    /// <summary>Writes the whole page. Memory only: never waits for a device, the disk or the client.</summary>
    public void Render(IBufferWriter<byte> output)
    {
        lock (_gate)
        {
            var started = time.GetTimestamp();
            var plan = Prepare_NeedsLock(started);
            var writer = new SampleWriter(output);
            WriteDevices_NeedsLock(writer, plan, started);
            _problems!.Write(writer);
            _parts!.Write(writer);
            WriteLog_NeedsLock(writer);
            foreach (var rows in _rows)
                rows.Write(writer);
            WriteSelf_NeedsLock(writer);
            foreach (var family in plan.Families)
                family.Write(writer);
            _lastSeconds = time.GetElapsedTime(started).TotalSeconds;
        }
    }

    public void Dispose() => _process.Dispose();

    private DevicePlan Prepare_NeedsLock(long now)
    {
        var inventory = sources.Inventory.Current.Value;
        if (!ReferenceEquals(_plan?.Inventory, inventory))
            _plan = new DevicePlan(inventory, options.Profiles, options.Hostname, before: _plan);
        var health = sources.Health.Current.Value;
        if (!ReferenceEquals(_problems?.Snapshot, health))
            _problems = new ProblemRows(health);
        var parts = sources.Workers.Parts;
        if (!ReferenceEquals(_parts?.Parts, parts))
            _parts = new PartRows(parts);
        _plan!.Take(sources.Samples.Current.Value, oldest: now - (long)(options.MaxSampleAge.TotalSeconds * time.TimestampFrequency));
        return _plan;
    }

    private void WriteDevices_NeedsLock(SampleWriter writer, DevicePlan plan, long now)
    {
        writer.Write(AgentMetric.BuildInfo.Header);
        writer.Write(AgentMetric.BuildInfo.NameBytes, _buildLabels, 1);
        if (plan.VendorLabels.Length > 0)
            writer.Write(AgentMetric.VendorInfo.Header);
        foreach (var labels in plan.VendorLabels)
            writer.Write(AgentMetric.VendorInfo.NameBytes, labels, 1);
        if (plan.Devices.Length > 0)
            writer.Write(AgentMetric.DeviceHealthy.Header);
        foreach (var row in plan.Devices)
            writer.Write(AgentMetric.DeviceHealthy.NameBytes, row.HealthLabels, _problems!.Snapshot.IsHealthy(row.Device) ? 1 : 0);
        var isOpen = false;
        foreach (var row in plan.Devices)
        {
            if (row.LastAnswer is not { } answered)
                continue;
            if (!isOpen)
                writer.Write(AgentMetric.DeviceSampleAge.Header);
            isOpen = true;
            writer.Write(AgentMetric.DeviceSampleAge.NameBytes, row.AgeLabels, Math.Round(Math.Max(0, time.GetElapsedTime(answered, now).TotalSeconds), 3));
        }
    }

    private void WriteLog_NeedsLock(SampleWriter writer)
    {
        if (sources.Log is not { } log)
            return;
        writer.Write(AgentMetric.KernelLogLines.Header);
        writer.Write(AgentMetric.KernelLogLines.NameBytes, [], log.Lines);
        writer.Write(AgentMetric.KernelLogOverruns.Header);
        writer.Write(AgentMetric.KernelLogOverruns.NameBytes, [], log.Overruns);
        writer.Write(AgentMetric.SlowRuleTimeouts.Header);
        writer.Write(AgentMetric.SlowRuleTimeouts.NameBytes, [], log.Slow.Timeouts);
        var slow = log.Slow.Ids;
        if (_slowLabels.Length != slow.Length)
            _slowLabels = [.. slow.Select(id => AgentMetric.SlowRule.Series(id))];
        if (_slowLabels.Length > 0)
            writer.Write(AgentMetric.SlowRule.Header);
        foreach (var labels in _slowLabels)
            writer.Write(AgentMetric.SlowRule.NameBytes, labels, 1);
    }

    private void WriteSelf_NeedsLock(SampleWriter writer)
    {
        writer.Write(AgentMetric.Scrapes.Header);
        writer.Write(AgentMetric.Scrapes.NameBytes, [], ++_scrapes);
        if (_scrapes > 1)
        {
            writer.Write(AgentMetric.ScrapeDuration.Header);
            writer.Write(AgentMetric.ScrapeDuration.NameBytes, [], _lastSeconds);
        }
        if (_process.ReadResidentBytes() is { } resident)
        {
            writer.Write(AgentMetric.ResidentMemory.Header);
            writer.Write(AgentMetric.ResidentMemory.NameBytes, [], resident);
        }
        writer.Write(AgentMetric.CpuSeconds.Header);
        writer.Write(AgentMetric.CpuSeconds.NameBytes, [], ProcessUsage.CpuSeconds);
        writer.Write(AgentMetric.StartTime.Header);
        writer.Write(AgentMetric.StartTime.NameBytes, [], _process.StartTimeSeconds);
    }
}
