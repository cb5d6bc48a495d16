using System.Buffers;

namespace AIInfra.Grpc.Hpack;

/// <summary>Writes header blocks in their plainest form, which leaves no trace in the reader's table.</summary>
internal static class HpackEncoder
{
    public static void Encode(IBufferWriter<byte> output, IEnumerable<HeaderField> fields)
    {
        foreach (var (name, value) in fields)
        {
            output.Write<byte>([0x00]); // a literal, not indexed, with its name
            Text(output, name);
            Text(output, value);
        }
    }

    private static void Text(IBufferWriter<byte> output, byte[] text)
    {
        const int Mask = 0x7F;
        if (text.Length < Mask)
        {
            output.Write<byte>([(byte)text.Length]);
        }
        else
        {
            output.Write<byte>([Mask]);
            var rest = text.Length - Mask;
            for (; rest > Mask; rest >>= 7)
                output.Write<byte>([(byte)(rest | 0x80)]);
            output.Write<byte>([(byte)rest]);
        }
        output.Write<byte>(text);
    }
}
