using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace AIInfra.Core.Metrics;

/// <summary>The few shapes of protobuf that Prometheus' messages need.</summary>
/// <remarks>Source: protobuf.dev, encoding. A tag is the field's number times eight, plus 0 for a varint, 1 for eight bytes, 2 for bytes with a length.</remarks>
internal static class ProtoText
{
    public const int LongestVarint = 5;

    public static int WriteVarint(Span<byte> target, int value)
    {
        var (rest, at) = ((uint)value, 0);
        for (; rest >= 0x80; rest >>= 7)
            target[at++] = (byte)(rest | 0x80);
        target[at++] = (byte)rest;
        return at;
    }

    public static void WriteDouble(Span<byte> target, double value) => BinaryPrimitives.WriteDoubleLittleEndian(target, value);

    public static void AppendText(this ArrayBufferWriter<byte> target, byte tag, string text) => target.AppendBytes(tag, Encoding.UTF8.GetBytes(text));

    public static void AppendBytes(this ArrayBufferWriter<byte> target, byte tag, ReadOnlySpan<byte> bytes)
    {
        var head = target.GetSpan(1 + LongestVarint);
        head[0] = tag;
        target.Advance(1 + WriteVarint(head[1..], bytes.Length));
        target.Write(bytes);
    }
}
