using System.Collections.Immutable;

namespace AIInfra.Core.Metrics;

/// <summary>One metric name on the page with its series, of one vendor or of several.</summary>
internal sealed class PlanFamily(MetricHead head, MetricRank rank)
{
    private readonly List<Readings> _readings = [];
    private readonly List<(DeviceRows Rows, ImmutableArray<Series> Series)> _computed = [];
    private readonly HashSet<(string Vendor, string Profile)> _owners = [];
    private readonly HashSet<(string, string)> _seen = [];

    /// <summary>One device's labels in one profile.</summary>
    /// <param name="Place">Of the device in the plan.</param>
    internal readonly record struct Series(int Place, DeviceRow Row, LabelSet Labels);

    public MetricHead Head { get; } = head;
    public MetricRank Rank { get; } = rank;
    /// <summary>Of the series that would be left out.</summary>
    public LabelSet DroppedLabels { get; } = AgentMetric.SeriesDropped.Labelled(head.Name);
    /// <summary>More series than it can have.</summary>
    public int MostSeries => _readings.Sum(one => one.Count) + _computed.Sum(one => one.Rows.MostSeries * one.Series.Length);

    /// <summary>The series of one field. A second profile of the same vendor with the same name adds nothing, nor does a series that is there already.</summary>
    /// <param name="place">Of the field in the vendor's table.</param>
    public void Add(MetricProfile profile, MetricFamily family, int place, IEnumerable<Series> series)
    {
        var more = family.Labels.IsEmpty ? LabelSet.Empty : new LabelSet(family.Labels);
        if (IsFirstOf(profile))
            _readings.Add(new Readings(family, place, more, [.. series.Where(one => IsIn(family.Scope, one.Row) && _seen.Add((one.Labels.Key, more.Key)))]));
    }

    public void Add(MetricProfile profile, DeviceRows rows, IEnumerable<Series> series)
    {
        if (IsFirstOf(profile))
            _computed.Add((rows, [.. series.Where(one => _seen.Add((one.Labels.Key, "")))]));
    }

    /// <summary>Writes the series of one device after the other.</summary>
    /// <param name="next">Where to go on; 0 at first. The family is complete when false is returned.</param>
    /// <param name="isFull">Asked after each device; null: never.</param>
    public bool Write(PageWriter writer, PageMoment moment, ref int next, Func<bool>? isFull)
    {
        if (next == 0)
            writer.Family(Head);
        var first = 0;
        foreach (var readings in _readings)
        {
            for (; next - first < readings.Count; next++)
            {
                if (isFull?.Invoke() == true)
                    return true;
                readings.Write(writer, moment, next - first);
            }
            first += readings.Count;
        }
        foreach (var (rows, series) in _computed)
        {
            for (; next - first < series.Length; next++)
            {
                if (isFull?.Invoke() == true)
                    return true;
                var (place, row, labels) = series[next - first];
                rows.Write(writer, moment.Of(place, row), labels);
            }
            first += series.Length;
        }
        return false;
    }

    private static bool IsIn(MetricScope scope, DeviceRow row) =>
        scope == MetricScope.All || scope == (row.Device.ParentId is null ? MetricScope.Boards : MetricScope.Partitions);

    private bool IsFirstOf(MetricProfile profile)
    {
        if (_owners.Contains((profile.Vendor, profile.Name)))
            return true;
        return !_owners.Any(owner => owner.Vendor == profile.Vendor) && _owners.Add((profile.Vendor, profile.Name));
    }

    private sealed class Readings(MetricFamily family, int place, LabelSet more, ImmutableArray<Series> series)
    {
        private readonly double _divisor = Divisor(family.Scale);

        public int Count => series.Length;

        public void Write(PageWriter writer, PageMoment moment, int at)
        {
            var (device, _, labels) = series[at];
            if (moment.ReadingsOf(device) is not { } readings || (uint)place >= (uint)readings.Length || !readings[place].IsPresent)
                return;
            var value = Scaled(family.Of is { } of ? of(readings[place].Value) : readings[place].Value);
            if (family.IsInteger && Math.Abs(value) < long.MaxValue)
                writer.Sample(labels, more, (long)Math.Round(value));
            else
                writer.Sample(labels, more, value);
        }

        private double Scaled(double value) => _divisor > 0 ? value / _divisor : value * family.Scale;

        /// <summary>Dividing by 1,000,000 is exact where multiplying by 1e-6 leaves a tail of digits; 0 when there is no such divisor.</summary>
        private static double Divisor(double scale)
        {
            var divisor = Math.Round(1 / scale);
            return scale is > 0 and < 1 && 1 / divisor == scale ? divisor : 0;
        }
    }
}
