using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace AIInfra.Core.Hosting.Logging;

/// <summary>One record for journald: <c>NAME=value</c> a line, or the name, a length and the bytes where a value has more lines than one.</summary>
internal sealed class JournalRecord
{
    private const int LongestName = 64, LongestValue = 16 << 10;

    private readonly ArrayBufferWriter<byte> _bytes = new(512);

    public ReadOnlySpan<byte> Bytes => _bytes.WrittenSpan;

    /// <summary>A value beyond 16 KiB is cut.</summary>
    /// <param name="name">Of capital letters, digits and underscores, beginning with a letter.</param>
    public JournalRecord Add(string name, string value)
    {
        var text = Encoding.UTF8.GetBytes(value.Length > LongestValue ? value[..LongestValue] : value);
        _bytes.Write(Encoding.ASCII.GetBytes(name));
        if (text.AsSpan().Contains((byte)'\n'))
        {
            _bytes.Write("\n"u8);
            BinaryPrimitives.WriteUInt64LittleEndian(_bytes.GetSpan(8), (ulong)text.Length);
            _bytes.Advance(8);
        }
        else
        {
            _bytes.Write("="u8);
        }
        _bytes.Write(text);
        _bytes.Write("\n"u8);
        return this;
    }

    /// <summary>The field of the journal for a word of a message: <c>MaxAge</c> is <c>AIINFRA_MAX_AGE</c>.</summary>
    public static string FieldName(string word)
    {
        var name = new StringBuilder("AIINFRA");
        for (var at = 0; at < word.Length; at++)
        {
            if (at == 0 || (char.IsAsciiLetterUpper(word[at]) && !char.IsAsciiLetterUpper(word[at - 1])))
                name.Append('_');
            name.Append(char.IsAsciiLetterOrDigit(word[at]) ? char.ToUpperInvariant(word[at]) : '_');
        }
        return name.Length > LongestName ? name.ToString(0, LongestName) : name.ToString();
    }
}
