namespace AIInfra.Grpc.Hpack;

/// <summary>Reads the header blocks of one connection, in order: each depends on those before it.</summary>
/// <remarks>Source: RFC 7541, sections 5 and 6.</remarks>
internal sealed class HpackDecoder
{
    private readonly HeaderTable _table = new();

    /// <exception cref="InvalidDataException">Not a header block.</exception>
    public List<HeaderField> Decode(ReadOnlySpan<byte> block)
    {
        var fields = new List<HeaderField>();
        while (!block.IsEmpty)
        {
            var first = block[0];
            if ((first & 0x80) != 0)
            {
                fields.Add(_table[Integer(ref block, prefixBits: 7)]);
            }
            else if ((first & 0xC0) == 0x40)
            {
                var field = Literal(ref block, prefixBits: 6);
                _table.Add(field);
                fields.Add(field);
            }
            else if ((first & 0xE0) == 0x20)
            {
                _table.Resize(Integer(ref block, prefixBits: 5));
            }
            else
            {
                fields.Add(Literal(ref block, prefixBits: 4)); // not indexed, or never to be
            }
        }
        return fields;
    }

    private HeaderField Literal(ref ReadOnlySpan<byte> block, int prefixBits)
    {
        var index = Integer(ref block, prefixBits);
        var name = index == 0 ? Text(ref block) : _table[index].Name;
        return new(name, Text(ref block));
    }

    private static byte[] Text(ref ReadOnlySpan<byte> block)
    {
        var huffman = !block.IsEmpty && (block[0] & 0x80) != 0;
        var length = Integer(ref block, prefixBits: 7);
        if (length > block.Length)
            throw Cut();
        var text = block[..length];
        block = block[length..];
        return huffman ? HuffmanDecoder.Decode(text) : text.ToArray();
    }

    private static int Integer(ref ReadOnlySpan<byte> block, int prefixBits)
    {
        if (block.IsEmpty)
            throw Cut();
        var mask = (1 << prefixBits) - 1;
        var value = block[0] & mask;
        block = block[1..];
        if (value < mask)
            return value;
        for (var shift = 0; shift <= 21; shift += 7) // four bytes: far beyond any block that is let in
        {
            if (block.IsEmpty)
                throw Cut();
            var more = block[0];
            block = block[1..];
            value += (more & 0x7F) << shift;
            if ((more & 0x80) == 0)
                return value;
        }
        throw new InvalidDataException("A number in a header block is out of all bounds.");
    }

    private static InvalidDataException Cut() => new("A header block ends in the middle of a field.");
}
