using System.Buffers;

namespace AIInfra.Grpc.Hpack;

/// <summary>Text that a peer shortened with HPACK's fixed Huffman code.</summary>
/// <remarks>Source: RFC 7541, appendix B. The code is canonical (section 5.2): the lengths alone determine it.</remarks>
internal static class HuffmanDecoder
{
    private const int EndOfText = 256, Longest = 30;

    private static ReadOnlySpan<byte> Lengths =>
    [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
        28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
        5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
        7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
        6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
        20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
        24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
        22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
        21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
        19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
        20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
        26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
        30,
    ];

    /// <summary>Symbols by length, then by value: the order in which the code counts up.</summary>
    private static readonly short[] Symbols = [.. Enumerable.Range(0, EndOfText + 1).OrderBy(symbol => Lengths[symbol]).Select(symbol => (short)symbol)];
    private static readonly int[] PerLength = [.. Enumerable.Range(0, Longest + 1).Select(length => Lengths.Count((byte)length))];

    /// <exception cref="InvalidDataException">A code that stands for nothing, or wrong padding.</exception>
    public static byte[] Decode(ReadOnlySpan<byte> encoded)
    {
        var text = new ArrayBufferWriter<byte>(Math.Max(1, encoded.Length * 2));
        int code = 0, first = 0, index = 0, length = 0;
        foreach (var value in encoded)
            for (var bit = 7; bit >= 0; bit--)
            {
                code = (code << 1) | ((value >> bit) & 1);
                first <<= 1;
                length++;
                var count = PerLength[length];
                if (code - first < count)
                {
                    var symbol = Symbols[index + code - first];
                    if (symbol == EndOfText)
                        throw new InvalidDataException("The end-of-text code stands inside a text.");
                    text.GetSpan(1)[0] = (byte)symbol;
                    text.Advance(1);
                    (code, first, index, length) = (0, 0, 0, 0);
                    continue;
                }
                if (length == Longest)
                    throw new InvalidDataException("A code stands for no character.");
                first += count;
                index += count;
            }
        if (length > 7 || code != (1 << length) - 1)
            throw new InvalidDataException("A text is not padded with ones to its last byte.");
        return text.WrittenSpan.ToArray();
    }
}
