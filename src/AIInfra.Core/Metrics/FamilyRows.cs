using System.Text;
using AIInfra.Core.Sampling;

namespace AIInfra.Core.Metrics;

/// <summary>One metric name on the page with its series, of one vendor or of several.</summary>
internal sealed class FamilyRows(MetricFamily first)
{
    private readonly byte[] _name = Encoding.UTF8.GetBytes(first.Name);
    private readonly byte[] _header = SampleWriter.Header(first.Name, first.Help, first.Type);
    private readonly List<Part> _parts = [];

    /// <summary>One device's labels in one profile.</summary>
    internal sealed record Series(DeviceRow Row, byte[] Labels);

    private sealed class Part(string vendor, MetricFamily family, Series[] series)
    {
        public string Vendor => vendor;
        public Series[] Series => series;
        public FieldTable? Bound { get; private set; }
        public int Place { get; private set; } = -1;
        private readonly double _divisor = Divisor(family.Scale);

        public void Bind(FieldTable fields)
        {
            Bound = fields;
            Place = -1;
            for (var place = 0; place < fields.Count; place++)
            {
                if (fields.Fields[place].Name == family.Field)
                    Place = place;
            }
        }

        public double Scaled(double value) => _divisor > 0 ? value / _divisor : value * family.Scale;

        public bool IsInteger => family.IsInteger;

        /// <summary>Dividing by 1,000,000 is exact where multiplying by 1e-6 leaves a tail of digits; 0 when there is no such divisor.</summary>
        private static double Divisor(double scale)
        {
            var divisor = Math.Round(1 / scale);
            return scale is > 0 and < 1 && 1 / divisor == scale ? divisor : 0;
        }
    }

    /// <summary>A second profile of the same vendor with the same name adds nothing: the first one selected has it.</summary>
    public void Add(string vendor, MetricFamily family, Series[] series)
    {
        if (!_parts.Exists(part => part.Vendor == vendor))
            _parts.Add(new Part(vendor, family, series));
    }

    /// <summary>Finds the field's place in a vendor's table. A field that the table lacks shows nothing.</summary>
    public void Bind(FieldTable fields)
    {
        foreach (var part in _parts)
        {
            if (part.Vendor == fields.Vendor && !ReferenceEquals(part.Bound, fields))
                part.Bind(fields);
        }
    }

    /// <summary>Writes the series whose reading is present and finite; HELP and TYPE before the first.</summary>
    public void Write(SampleWriter writer)
    {
        var isOpen = false;
        foreach (var part in _parts)
        {
            foreach (var series in part.Series)
            {
                if (series.Row.Readings is not { } readings || (uint)part.Place >= (uint)readings.Length || !readings[part.Place].IsPresent)
                    continue;
                var value = part.Scaled(readings[part.Place].Value);
                if (!double.IsFinite(value))
                    continue;
                if (!isOpen)
                    writer.Write(_header);
                isOpen = true;
                if (part.IsInteger && Math.Abs(value) < long.MaxValue)
                    writer.Write(_name, series.Labels, (long)Math.Round(value));
                else
                    writer.Write(_name, series.Labels, value);
            }
        }
    }
}
