using System.Buffers.Binary;
using System.Buffers.Text;

namespace AIInfra.Core.Health.Logs.Scan;

/// <summary>What was scanned so far.</summary>
public readonly record struct ScanProgress(long Lines, long Bytes, long Findings);

/// <summary>Finds problems in a saved log, whatever wrote it and however its lines begin.</summary>
/// <param name="matcher">A new one: it may remember lines.</param>
/// <param name="trustUserspace">Records that a process wrote into the kernel's log are believed.</param>
public sealed class LogScanner(LogMatcher matcher, bool trustUserspace)
{
    private const int LinesBetweenLooks = 4096;
    private const long LongestField = 1L << 30;
    private const int LongestService = 64;

    private readonly List<LogFinding> _findings = [];
    private readonly byte[] _message = new byte[LineStream.LongestLine];
    private readonly byte[] _service = new byte[LongestService];
    private bool _isInEntry, _isKernels, _isAfterRecord;
    private int _messageLength, _serviceLength;
    private long _messageNumber, _messageTime = -1, _count;

    /// <summary>Reads the stream to its end.</summary>
    /// <param name="stream">Any bytes.</param>
    /// <param name="found">Called for each thing that was found, clearing lines included, in the order of the lines.</param>
    /// <param name="progress">Called now and then.</param>
    public ScanProgress Scan(Stream stream, Action<LogFinding> found, Action<ScanProgress> progress, CancellationToken cancellationToken)
    {
        var lines = new LineStream(stream);
        while (lines.TryRead(out var line))
        {
            Read(lines, line, lines.Number);
            Tell(found);
            if (lines.Number % LinesBetweenLooks != 0)
                continue;
            progress(new ScanProgress(lines.Number, lines.Position, _count));
            cancellationToken.ThrowIfCancellationRequested();
        }
        EndEntry();
        Tell(found);
        return new ScanProgress(lines.Number, lines.Position, _count);
    }

    private void Tell(Action<LogFinding> found)
    {
        foreach (var finding in _findings)
        {
            _count += finding.IsClear ? 0 : 1;
            found(finding);
        }
        _findings.Clear();
    }

    private void Read(LineStream lines, Span<byte> line, long number)
    {
        if (line.StartsWith("__CURSOR="u8))
        {
            EndEntry();
            _isInEntry = true;
            return;
        }
        if (_isInEntry)
        {
            ReadField(lines, line, number);
            return;
        }
        if (line.IsEmpty || (_isAfterRecord && line[0] == ' ' && line.Contains((byte)'=')))
            return; // the dictionary of a record
        if (line[^1] == '\r')
            line = line[..^1];
        var message = LineHead.Strip(line, trustUserspace, out var head);
        _isAfterRecord = head.IsRecord;
        matcher.Match(new LogLine(message, head.Origin, number) { Microseconds = head.Microseconds, Service = head.ServiceIn(line) }, _findings);
    }

    /// <summary>A field of the journal's export format: <c>NAME=value</c>, or <c>NAME</c>, eight bytes of length and the value.</summary>
    private void ReadField(LineStream lines, Span<byte> line, long number)
    {
        if (line.IsEmpty)
        {
            EndEntry();
            return;
        }
        if (line.SequenceEqual("_TRANSPORT=kernel"u8))
            _isKernels = true;
        else if (line.StartsWith("MESSAGE="u8))
            Keep(line["MESSAGE="u8.Length..], number);
        else if (line.StartsWith("SYSLOG_IDENTIFIER="u8) && line.Length - "SYSLOG_IDENTIFIER=".Length <= LongestService)
            _serviceLength = CopyTo(line["SYSLOG_IDENTIFIER="u8.Length..], _service);
        else if (line.StartsWith("__REALTIME_TIMESTAMP="u8) && Utf8Parser.TryParse(line["__REALTIME_TIMESTAMP="u8.Length..], out long time, out _) && time >= 0)
            _messageTime = time;
        else if (!line.Contains((byte)'='))
            ReadBinaryField(lines, line.SequenceEqual("MESSAGE"u8), number);
    }

    private void ReadBinaryField(LineStream lines, bool isMessage, long number)
    {
        Span<byte> size = stackalloc byte[8];
        var isWhole = lines.TryTake(size.Length, size, out _);
        var length = BinaryPrimitives.ReadInt64LittleEndian(size);
        if (!isWhole || length is < 0 or > LongestField)
        {
            _isInEntry = false; // this is no journal after all
            return;
        }
        lines.TryTake(length, isMessage ? _message : [], out var taken);
        lines.TryTake(1, [], out _);
        if (isMessage)
            (_messageLength, _messageNumber) = (taken, number);
    }

    private void Keep(ReadOnlySpan<byte> message, long number) => (_messageLength, _messageNumber) = (CopyTo(message, _message), number);

    private static int CopyTo(ReadOnlySpan<byte> text, byte[] buffer)
    {
        text.CopyTo(buffer);
        return text.Length;
    }

    private void EndEntry()
    {
        if (_messageLength > 0)
        {
            var line = new LogLine(_message.AsSpan(0, _messageLength), _isKernels ? LogOrigin.Kernel : LogOrigin.Service, _messageNumber)
            {
                Microseconds = _messageTime,
                Service = _service.AsSpan(0, _serviceLength),
            };
            matcher.Match(line, _findings);
        }
        (_isInEntry, _isKernels, _messageLength, _serviceLength, _messageTime) = (false, false, 0, 0, -1);
    }
}
