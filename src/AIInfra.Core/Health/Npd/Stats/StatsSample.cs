using System.Globalization;

namespace AIInfra.Core.Health.Npd.Stats;

/// <summary>The values of one round.</summary>
internal sealed class StatsSample
{
    private readonly List<(string Id, string[] Labels, double Value)> _values = [];

    public IReadOnlyList<(string Id, string[] Labels, double Value)> Values => _values;

    /// <param name="labels">One for each label of the metric, in the order of the table.</param>
    public void Add(string id, double value, params string[] labels)
    {
        if (double.IsFinite(value))
            _values.Add((id, labels, value));
    }

    /// <summary>The same with a number as a file of /proc writes it; anything else adds nothing.</summary>
    public void AddText(string id, ReadOnlySpan<char> value, double scale = 1, params string[] labels)
    {
        if (double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
            Add(id, number * scale, labels);
    }
}
