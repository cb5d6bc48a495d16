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
/// <param name="Attribution">Null where nobody tells which work has which device.</param>
public sealed record MetricsSources(
    InventoryBoard Inventory, SampleBoard Samples, HealthBoard Health, WorkerBoard Workers, LogCounters? Log = null, IEnumerable<PageRows>? Rows = null,
    Latest<Attribution>? Attribution = null);

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
    /// <summary>Beyond it whole families are left out, those of the lowest rank first.</summary>
    public int MaxSeries { get; init; } = 50_000;
}

/// <summary>Renders the page: one snapshot of the boards, under the names of the selected profiles, in the format that is asked for.</summary>
/// <remarks>Labels are rendered when the inventory or the work on a device changes, the problems' and parts' when those change; a scrape only formats
/// numbers and allocates nothing. Several renderings may be under way; one at a time is written to.</remarks>
public sealed class MetricsPage(MetricsSources sources, MetricsPageOptions options, TimeProvider time) : IDisposable
{
    /// <summary>Renderings that are kept for the next scrapers, of each style.</summary>
    private const int MostKept = 8;

    private readonly Lock _gate = new();
    private readonly ProcessUsage _process = new();
    private readonly LabelSet _buildLabels = AgentMetric.BuildInfo.Labelled(options.Version);
    private readonly ImmutableArray<PageRows> _rows = [.. sources.Rows ?? []];
    private readonly Stack<PageRendering>[] _idle = [.. Enumerable.Range(0, PageStyle.Count).Select(_ => new Stack<PageRendering>(MostKept))];
    private PagePlan? _plan;
    private ProblemRows? _problems;
    private PartRows? _parts;
    private ImmutableArray<LabelSet> _slowLabels = [];
    private long _scrapes;
    private double _lastSeconds;

    /// <summary>False when a selected profile's names are an exporter's that does not speak it.</summary>
    public bool SpeaksOpenMetrics { get; } = !options.Profiles.Any(profile => profile.IsTextOnly);

    /// <summary>Takes the snapshot that a page shows. The page is written by the one who asked, as fast as it can be read.</summary>
    public PageRendering Start(PageStyle style)
    {
        lock (_gate)
        {
            var started = time.GetTimestamp();
            var rendering = _idle[style.Place].TryPop(out var idle) ? idle : new PageRendering(this, style);
            Prepare_NeedsLock(rendering.Moment);
            rendering.Writer.Begin();
            (rendering.Next, rendering.NextSeries) = (0, 0);
            rendering.Spent = time.GetElapsedTime(started);
            return rendering;
        }
    }

    /// <summary>Writes the whole page at once.</summary>
    public void Render(IBufferWriter<byte> output, PageStyle style = default)
    {
        using var rendering = Start(style);
        while (rendering.WriteMore(output))
        {
        }
    }

    public void Dispose() => _process.Dispose();

    internal void Return(PageRendering rendering)
    {
        rendering.Moment.Drop();
        rendering.Output.Begin(null);
        lock (_gate)
        {
            if (_idle[rendering.Style.Place].Count < MostKept)
                _idle[rendering.Style.Place].Push(rendering);
        }
    }

    /// <summary>Writes the next block: the agent's own families, or one of the devices', or as much of it as goes into the piece.</summary>
    /// <returns>False when the page is complete.</returns>
    internal bool WriteBlock(PageRendering rendering)
    {
        lock (_gate)
        {
            var started = time.GetTimestamp();
            var (writer, moment) = (rendering.Writer, rendering.Moment);
            var block = rendering.Next;
            var family = block - 1;
            if (block == 0)
            {
                WriteOwn_NeedsLock(writer, moment);
                rendering.Budget.Choose(moment, options.MaxSeries - writer.Series);
            }
            else if (family < moment.Plan.Families.Length)
            {
                var next = rendering.NextSeries;
                if (rendering.Budget.IsKept(family) && moment.Plan.Families[family].Write(writer, moment, ref next, rendering.IsFull))
                {
                    rendering.NextSeries = next;
                    rendering.Spent += time.GetElapsedTime(started);
                    return true;
                }
            }
            else if (family == moment.Plan.Families.Length)
            {
                rendering.Budget.Write(writer, moment.Plan);
            }
            else
            {
                writer.End();
                _lastSeconds = (rendering.Spent + time.GetElapsedTime(started)).TotalSeconds;
                return false;
            }
            writer.Close();
            (rendering.Next, rendering.NextSeries) = (block + 1, 0);
            rendering.Spent += time.GetElapsedTime(started);
            return true;
        }
    }

    private void Prepare_NeedsLock(PageMoment moment)
    {
        var (inventory, samples) = (sources.Inventory.Current.Value, sources.Samples.Current.Value);
        var attribution = sources.Attribution?.Value ?? Attribution.None;
        if (_plan is null || !_plan.Basis.IsStill(inventory, attribution, samples))
            _plan = new PagePlan(new PlanBasis(inventory, attribution, [.. samples.Vendors.Select(vendor => vendor.Fields)]), options, before: _plan);
        var health = sources.Health.Current.Value;
        if (!ReferenceEquals(_problems?.Snapshot, health))
            _problems = new ProblemRows(health);
        var parts = sources.Workers.Parts;
        if (!ReferenceEquals(_parts?.Parts, parts))
            _parts = new PartRows(parts);
        moment.Take(_plan, samples, _problems!, _parts!, time, options.MaxSampleAge);
    }

    /// <summary>The agent's own, and what features bring: bounded, so one piece.</summary>
    private void WriteOwn_NeedsLock(PageWriter writer, PageMoment moment)
    {
        WriteDevices_NeedsLock(writer, moment);
        moment.Problems.Write(writer);
        moment.Parts.Write(writer);
        WriteLog_NeedsLock(writer);
        foreach (var rows in _rows)
            rows.Write(writer);
        WriteSelf_NeedsLock(writer);
    }

    private void WriteDevices_NeedsLock(PageWriter writer, PageMoment moment)
    {
        var plan = moment.Plan;
        writer.Family(AgentMetric.BuildInfo);
        writer.Sample(_buildLabels, 1);
        writer.Family(AgentMetric.VendorInfo);
        foreach (var labels in plan.VendorLabels)
            writer.Sample(labels, 1);
        writer.Family(AgentMetric.DeviceHealthy);
        foreach (var row in plan.Devices)
            writer.Sample(row.HealthLabels, moment.Health.IsHealthy(row.Device) ? 1 : 0);
        writer.Family(AgentMetric.DeviceSampleAge);
        for (var place = 0; place < plan.Devices.Length; place++)
        {
            if (moment.AgeOf(place) is { } age)
                writer.Sample(plan.Devices[place].AgeLabels, age);
        }
    }

    private void WriteLog_NeedsLock(PageWriter writer)
    {
        if (sources.Log is not { } log)
            return;
        writer.Family(AgentMetric.KernelLogLines);
        writer.Sample(LabelSet.Empty, log.Lines);
        writer.Family(AgentMetric.KernelLogOverruns);
        writer.Sample(LabelSet.Empty, log.Overruns);
        writer.Family(AgentMetric.SlowRuleTimeouts);
        writer.Sample(LabelSet.Empty, log.Slow.Timeouts);
        var slow = log.Slow.Ids;
        if (_slowLabels.Length != slow.Length)
            _slowLabels = [.. slow.Select(id => AgentMetric.SlowRule.Labelled(id))];
        writer.Family(AgentMetric.SlowRule);
        foreach (var labels in _slowLabels)
            writer.Sample(labels, 1);
    }

    private void WriteSelf_NeedsLock(PageWriter writer)
    {
        writer.Family(AgentMetric.Scrapes);
        writer.Sample(LabelSet.Empty, ++_scrapes);
        writer.Family(AgentMetric.ScrapeDuration);
        if (_scrapes > 1)
            writer.Sample(LabelSet.Empty, _lastSeconds);
        writer.Family(AgentMetric.ResidentMemory);
        if (_process.ReadResidentBytes() is { } resident)
            writer.Sample(LabelSet.Empty, resident);
        writer.Family(AgentMetric.CpuSeconds);
        writer.Sample(LabelSet.Empty, ProcessUsage.CpuSeconds);
        writer.Family(AgentMetric.StartTime);
        writer.Sample(LabelSet.Empty, _process.StartTimeSeconds);
    }
}
