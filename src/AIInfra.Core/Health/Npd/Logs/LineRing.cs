using System.Text;
using AIInfra.Core.Health.Logs;

namespace AIInfra.Core.Health.Npd.Logs;

/// <summary>The last lines of a log, so many as a pattern may span. At the start they are empty ones. Keeps bytes, and makes text of them only when asked.</summary>
internal sealed class LineRing(int size)
{
    private readonly Line[] _lines = [.. Enumerable.Range(0, size).Select(_ => new Line())];
    private int _next;

    private sealed class Line
    {
        public byte[] Bytes = [];
        public int Length;
        public DateTimeOffset At;
    }

    public int Size => size;

    public void Add(ReadOnlySpan<byte> text, DateTimeOffset at)
    {
        text = text.Length <= LogMatcher.LongestText ? text : text[..LogMatcher.LongestText];
        var line = _lines[_next];
        _next = (_next + 1) % size;
        if (line.Bytes.Length < text.Length)
            line.Bytes = new byte[Math.Max(256, text.Length)];
        text.CopyTo(line.Bytes);
        (line.Length, line.At) = (text.Length, at);
    }

    /// <summary>All lines, the oldest first, joined by line feeds.</summary>
    public string Join()
    {
        var text = new StringBuilder();
        for (var at = 0; at < size; at++)
        {
            var line = _lines[(_next + at) % size];
            text.Append(at == 0 ? "" : "\n").Append(Encoding.UTF8.GetString(line.Bytes, 0, line.Length));
        }
        return text.ToString();
    }

    /// <summary>The time of a line, counted from the oldest.</summary>
    public DateTimeOffset TimeOf(int fromOldest) => _lines[(_next + fromOldest) % size].At;
}
