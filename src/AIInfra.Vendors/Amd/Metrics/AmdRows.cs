using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Core.Metrics;

namespace AIInfra.Vendors.Amd.Metrics;

/// <summary>device-metrics-exporter's <c>gpu_health</c>, from the agent's problems instead of that exporter's thresholds.</summary>
internal sealed class AmdHealthRows() : DeviceRows(
    new MetricHead("gpu_health", MetricType.Gauge, "1 when no fatal problem stands on the GPU, 0 when it gets no new work."), MetricRank.Essential)
{
    private readonly DeviceConditions _conditions = new();

    public override string Source => "the problems that stand on the device";
    public override int MostSeries => 1;

    public override void Write(PageWriter writer, in DeviceMoment moment, LabelSet labels)
    {
        var (own, board) = _conditions.Of(moment.Device, moment.Health);
        writer.Sample(labels, IsFatal(own) || IsFatal(board) ? 0 : 1);
    }

    private static bool IsFatal(ImmutableArray<Problem> problems)
    {
        foreach (var problem in problems)
        {
            if (problem.Severity == Severity.Fatal)
                return true;
        }
        return false;
    }
}

/// <summary>What is left of a kind of memory, in the exporter's megabytes.</summary>
/// <param name="memory">Beginning of the two fields' names.</param>
internal sealed class AmdFreeRows(string name, string help, string memory) : DeviceRows(new MetricHead(name, MetricType.Gauge, help), MetricRank.Detail)
{
    /// <summary>Bytes to the exporter's megabytes.</summary>
    public const double Megabyte = 1.0 / (1 << 20);

    private readonly int _total = AmdFields.Table[$"{memory}_total_bytes"], _used = AmdFields.Table[$"{memory}_used_bytes"];

    public override string Source => $"`{memory}_total_bytes`, `{memory}_used_bytes`";
    public override int MostSeries => 1;

    public override void Write(PageWriter writer, in DeviceMoment moment, LabelSet labels)
    {
        if (moment.Readings is { } readings && readings[_total] is { IsPresent: true, Value: var total } && readings[_used] is { IsPresent: true, Value: var used })
            writer.Sample(labels, Math.Max(0, total - used) * Megabyte);
    }
}
