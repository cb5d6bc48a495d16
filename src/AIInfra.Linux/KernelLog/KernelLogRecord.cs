using System.Buffers.Text;

namespace AIInfra.Linux.KernelLog;

/// <summary>One record of the kernel log, as <c>/dev/kmsg</c> prints it. Its spans lie in the buffer it was parsed from.</summary>
/// <remarks>Source: Documentation/ABI/testing/dev-kmsg: <c>priority,sequence,microseconds,flags[,key=value...];text</c>, then lines that
/// start with a blank and hold <c>KEY=value</c>.</remarks>
public readonly ref struct KernelLogRecord
{
    /// <summary>0 (emergency) to 7 (debug), see syslog(3).</summary>
    public int Level { get; private init; }
    /// <summary>0 for the kernel itself; anything else was written by a process.</summary>
    public int Facility { get; private init; }
    /// <summary>Grows by one with each record of a boot; a gap means that records were overwritten.</summary>
    public long Sequence { get; private init; }
    /// <summary>Since the boot, on the kernel's own clock.</summary>
    public long Microseconds { get; private init; }
    /// <summary><c>-</c>, or <c>c</c> for a piece of a line.</summary>
    public ReadOnlySpan<byte> Flags { get; private init; }
    /// <summary>The text, with <c>\xNN</c> turned back into bytes: mostly UTF-8, possibly anything, possibly with line feeds.</summary>
    public ReadOnlySpan<byte> Message { get; private init; }
    /// <summary>The lines after the text, each with its leading blank; escapes are left in.</summary>
    public ReadOnlySpan<byte> Dictionary { get; private init; }

    /// <summary>False for bytes that are no record. Never throws. Unescapes in place, so the buffer's text is changed.</summary>
    public static bool TryParse(Span<byte> bytes, out KernelLogRecord record)
    {
        record = default;
        var end = bytes.IndexOf((byte)'\n');
        var line = end < 0 ? bytes : bytes[..end];
        var semicolon = line.IndexOf((byte)';');
        if (semicolon < 0)
            return false;
        ReadOnlySpan<byte> head = line[..semicolon];
        if (!Number(ref head, out var priority) || !Number(ref head, out var sequence) || !Number(ref head, out var microseconds)
            || priority > int.MaxValue || head.IsEmpty)
            return false;
        var comma = head.IndexOf((byte)',');
        record = new KernelLogRecord
        {
            Level = (int)priority & 7,
            Facility = (int)(priority >> 3),
            Sequence = sequence,
            Microseconds = microseconds,
            Flags = comma < 0 ? head : head[..comma],
            Message = Unescape(line[(semicolon + 1)..]),
            Dictionary = end < 0 ? default : bytes[(end + 1)..],
        };
        return true;
    }

    /// <summary>A field of the dictionary, for example <c>SUBSYSTEM</c>; its value with escapes left in.</summary>
    public bool TryGetField(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        var rest = Dictionary;
        while (!rest.IsEmpty)
        {
            var end = rest.IndexOf((byte)'\n');
            var line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            if (line.Length > name.Length + 1 && line[0] == ' ' && line[1..].StartsWith(name) && line[name.Length + 1] == '=')
            {
                value = line[(name.Length + 2)..];
                return true;
            }
        }
        value = default;
        return false;
    }

    /// <summary>Turns <c>\xNN</c> back into the byte it stands for, in place.</summary>
    /// <returns>The beginning of <paramref name="text"/> that holds the result.</returns>
    public static Span<byte> Unescape(Span<byte> text)
    {
        var read = text.IndexOf((byte)'\\');
        if (read < 0)
            return text;
        var written = read;
        while (read < text.Length)
        {
            if (read + 3 < text.Length && text[read] == '\\' && text[read + 1] == 'x' && Nibble(text[read + 2]) is var high and >= 0
                && Nibble(text[read + 3]) is var low and >= 0)
            {
                text[written++] = (byte)((high << 4) | low);
                read += 4;
            }
            else
            {
                text[written++] = text[read++];
            }
        }
        return text[..written];
    }

    private static int Nibble(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => -1,
    };

    /// <summary>Takes a decimal number and the comma after it.</summary>
    private static bool Number(ref ReadOnlySpan<byte> head, out long value)
    {
        if (head.IsEmpty || head[0] is < (byte)'0' or > (byte)'9' || !Utf8Parser.TryParse(head, out value, out var length)
            || length >= head.Length || head[length] != ',')
        {
            value = 0;
            return false;
        }
        head = head[(length + 1)..];
        return true;
    }
}
