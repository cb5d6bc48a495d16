using System.Buffers.Binary;
using System.Text;

namespace AIInfra.UnitTests.Metrics;

/// <summary>Reads a page of delimited MetricFamily messages by the numbers of the public definition, as strictly as <see cref="PageReader"/>.</summary>
internal static class MessageReader
{
    /// <summary>Series as the text format writes them, and the types of the families.</summary>
    public static (Dictionary<string, double> Samples, Dictionary<string, string> Types) Read(ReadOnlySpan<byte> page)
    {
        var samples = new Dictionary<string, double>(StringComparer.Ordinal);
        var types = new Dictionary<string, string>(StringComparer.Ordinal);
        while (!page.IsEmpty)
            ReadFamily(Take(ref page, (int)Varint(ref page)), samples, types);
        return (samples, types);
    }

    private static void ReadFamily(ReadOnlySpan<byte> family, Dictionary<string, double> samples, Dictionary<string, string> types)
    {
        var (name, type, count) = ("", -1, 0);
        while (!family.IsEmpty)
        {
            switch (Varint(ref family))
            {
                case 0x0A:
                    name = Text(ref family);
                    break;
                case 0x12 or 0x2A:
                    _ = Text(ref family);
                    break;
                case 0x18:
                    type = (int)Varint(ref family);
                    types.Add(name, type == 0 ? "counter" : type == 1 ? "gauge" : throw new FormatException($"type {type}"));
                    break;
                case 0x22:
                    count++;
                    ReadMetric(name, type, Take(ref family, (int)Varint(ref family)), samples);
                    break;
                case var other:
                    throw new FormatException($"No field of a family has the tag {other}.");
            }
        }
        if (name.Length == 0 || count == 0)
            throw new FormatException("A family without a name or a series.");
    }

    private static void ReadMetric(string name, int type, ReadOnlySpan<byte> metric, Dictionary<string, double> samples)
    {
        var (labels, value) = (new List<string>(), (double?)null);
        while (!metric.IsEmpty)
        {
            var tag = Varint(ref metric);
            var field = Take(ref metric, (int)Varint(ref metric));
            if (tag == 0x0A && field[0] == 0x0A)
            {
                _ = Varint(ref field);
                var label = Text(ref field);
                if (Varint(ref field) != 0x12)
                    throw new FormatException($"The label {label} has no value.");
                labels.Add($"{label}=\"{Text(ref field).Replace(@"\", @"\\").Replace("\"", "\\\"").Replace("\n", @"\n")}\"");
            }
            else if (tag == (type == 0 ? 0x1Au : 0x12u) && field.Length == 9 && field[0] == 9)
            {
                value = BinaryPrimitives.ReadDoubleLittleEndian(field[1..]);
            }
            else
            {
                throw new FormatException($"No field of a metric of type {type} has the tag {tag}.");
            }
        }
        samples.Add(labels.Count == 0 ? name : $"{name}{{{string.Join(',', labels)}}}", value ?? throw new FormatException($"{name} has no value."));
    }

    private static ulong Varint(ref ReadOnlySpan<byte> bytes)
    {
        var (value, shift) = (0ul, 0);
        while (true)
        {
            var next = bytes[0];
            bytes = bytes[1..];
            value |= (ulong)(next & 0x7F) << shift;
            shift += 7;
            if (next < 0x80)
                return value;
        }
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, int length)
    {
        var taken = bytes[..length];
        bytes = bytes[length..];
        return taken;
    }

    private static string Text(ref ReadOnlySpan<byte> bytes) => new UTF8Encoding(false, true).GetString(Take(ref bytes, (int)Varint(ref bytes)));
}
