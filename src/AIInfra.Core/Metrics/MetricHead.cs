using System.Buffers;
using System.Text;

namespace AIInfra.Core.Metrics;

public enum MetricType { Gauge, Counter }

/// <summary>A metric name with what stands above its series, rendered once in each format that is asked for.</summary>
/// <param name="name">As it stands on the page, in all formats alike. Letters, digits, underscores and colons.</param>
/// <param name="help">One sentence with the unit.</param>
public class MetricHead(string name, MetricType type, string help)
{
    private const string CounterEnd = "_total";
    private const byte NameTag = 0x0A, HelpTag = 0x12, TypeTag = 0x18, UnitTag = 0x2A;

    private static readonly string[] Units = ["seconds", "bytes", "bytes_per_second", "celsius", "hertz", "joules", "ratio", "volts", "watts"];

    private readonly byte[]?[] _names = new byte[]?[PageStyle.Count], _headers = new byte[]?[PageStyle.Count];

    public string Name { get; } = name;
    public MetricType Type { get; } = type;
    public string Help { get; } = help;

    /// <summary>The base unit that the name ends with; empty where there is none.</summary>
    public string BaseUnit { get; } = Units.Where(unit => Trunk(name).EndsWith($"_{unit}", StringComparison.Ordinal)).MaxBy(unit => unit.Length) ?? "";

    internal ReadOnlySpan<byte> NameIn(PageStyle style) => _names[style.Place] ??= Encoding.UTF8.GetBytes(style.Escape(Name));

    /// <returns>Text formats: the lines above the series. Protobuf: all fields of the family but its metrics.</returns>
    internal ReadOnlySpan<byte> HeaderIn(PageStyle style) => _headers[style.Place] ??= style.Format switch
    {
        PageFormat.Text => Encoding.UTF8.GetBytes($"# HELP {style.Escape(Name)} {Escaped(Help)}\n# TYPE {style.Escape(Name)} {(Type == MetricType.Counter ? "counter" : "gauge")}\n"),
        PageFormat.OpenMetrics => OpenMetrics(style),
        _ => Message(style),
    };

    /// <summary>A counter without <c>_total</c> would get it in this format: such a name is of no known type here, so that it is the same in all.</summary>
    private byte[] OpenMetrics(PageStyle style)
    {
        var isStrict = Type == MetricType.Counter && Name.EndsWith(CounterEnd, StringComparison.Ordinal);
        var family = style.Escape(isStrict ? Trunk(Name) : Name);
        var type = isStrict ? "counter" : Type == MetricType.Counter ? "unknown" : "gauge";
        var unit = BaseUnit.Length > 0 && (isStrict || !Name.EndsWith(CounterEnd, StringComparison.Ordinal)) && !style.HasDots ? $"# UNIT {family} {BaseUnit}\n" : "";
        return Encoding.UTF8.GetBytes($"# TYPE {family} {type}\n{unit}# HELP {family} {Escaped(Help).Replace("\"", "\\\"", StringComparison.Ordinal)}\n");
    }

    private byte[] Message(PageStyle style)
    {
        var message = new ArrayBufferWriter<byte>();
        message.AppendText(NameTag, style.Escape(Name));
        message.AppendText(HelpTag, Help);
        message.Write([TypeTag, (byte)(Type == MetricType.Counter ? 0 : 1)]);
        if (BaseUnit.Length > 0)
            message.AppendText(UnitTag, BaseUnit);
        return message.WrittenSpan.ToArray();
    }

    private static string Escaped(string help) => help.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal);

    private static string Trunk(string name) => name.EndsWith(CounterEnd, StringComparison.Ordinal) ? name[..^CounterEnd.Length] : name;
}
