namespace AIInfra.Core.Health.Logs.Scan;

/// <summary>Lines of a stream of bytes. A longer line than the buffer is cut, and its rest passed over. Any bytes are welcome.</summary>
internal sealed class LineStream(Stream stream)
{
    public const int LongestLine = 64 * 1024;

    private readonly byte[] _buffer = new byte[LongestLine];
    private int _start, _end;
    private bool _isAtEnd, _isInsideCutLine;

    /// <summary>The number of the last line that was given, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>Bytes taken from the stream.</summary>
    public long Position { get; private set; }

    /// <summary>The next line without its line feed; valid until the next call. False at the end.</summary>
    public bool TryRead(out Span<byte> line)
    {
        while (true)
        {
            var unread = _buffer.AsSpan(_start, _end - _start);
            var feed = unread.IndexOf((byte)'\n');
            if (feed < 0 && unread.Length < LongestLine && Fill())
                continue;
            line = _buffer.AsSpan(_start, feed < 0 ? _end - _start : feed);
            _start += line.Length + (feed < 0 ? 0 : 1);
            var isRestOfCutLine = _isInsideCutLine;
            _isInsideCutLine = feed < 0 && !_isAtEnd;
            if (isRestOfCutLine && !(line.IsEmpty && feed < 0))
                continue;
            if (line.IsEmpty && feed < 0)
                return false;
            Number++;
            return true;
        }
    }

    /// <summary>Takes so many bytes, whatever they are. Those beyond <paramref name="into"/> are passed over. False at the end of the stream.</summary>
    public bool TryTake(long count, Span<byte> into, out int taken)
    {
        taken = 0;
        while (count > 0)
        {
            if (_start == _end && !Fill())
                return false;
            var piece = _buffer.AsSpan(_start, (int)Math.Min(count, _end - _start));
            var kept = piece[..Math.Min(piece.Length, into.Length - taken)];
            kept.CopyTo(into[taken..]);
            taken += kept.Length;
            Number += piece.Count((byte)'\n');
            _start += piece.Length;
            count -= piece.Length;
        }
        return true;
    }

    private bool Fill()
    {
        if (_isAtEnd)
            return false;
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        var count = stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += count;
        Position += count;
        _isAtEnd = count == 0;
        return count > 0;
    }
}
