using System.Runtime.InteropServices;
using AIInfra.Linux.Files;
using Microsoft.Win32.SafeHandles;

namespace AIInfra.Linux.KernelLog;

/// <summary>A file of kernel log records, one a line, that stands in for the device: read to its end, then followed. A file that was cut
/// short, or replaced under its name, is read from its beginning.</summary>
internal sealed class RecordFile : KernelLogReader
{
    /// <summary>Longer lines are cut here.</summary>
    private const int LongestLine = 64 * 1024;
    /// <summary>A replaced file raises no event on the new one: it is looked for so often.</summary>
    private const int LookMilliseconds = 1000;

    private readonly byte[] _buffer = new byte[LongestLine];
    private readonly SafeFileHandle _changes = Native.InotifyInit(Native.NonBlocking | Native.CloseOnExec);
    private readonly string _path;
    private SafeFileHandle _file;
    private FileIdentity? _identity;
    private long _offset;
    private int _start, _end;
    private bool _isInsideCutLine;

    public RecordFile(string path, long? after) : base(after)
    {
        _path = path;
        try
        {
            _file = Open();
        }
        catch
        {
            _changes.Dispose();
            throw;
        }
    }

    public override bool HasBootClock => false;

    protected override bool TryReadNext(out Span<byte> bytes)
    {
        while (true)
        {
            var unread = _buffer.AsSpan(_start, _end - _start);
            var feed = unread.IndexOf((byte)'\n');
            if (feed < 0 && unread.Length < LongestLine)
            {
                if (Fill())
                    continue;
                bytes = default;
                return false;
            }
            var length = feed < 0 ? unread.Length : feed;
            var wasInside = _isInsideCutLine;
            _isInsideCutLine = feed < 0;
            _start += Math.Min(length + 1, unread.Length);
            if (wasInside || length == 0 || unread[0] == ' ')
                continue; // the rest of a cut line, an empty one, a dictionary
            bytes = unread[..length];
            return true;
        }
    }

    protected override void WaitForMore(SafeFileHandle stopped)
    {
        Native.WaitReadable(stopped, _changes.IsInvalid ? null : _changes, LookMilliseconds);
        Span<byte> events = stackalloc byte[1024];
        while (!_changes.IsInvalid && Native.Read(_changes, events, events.Length) > 0)
        {
            // That something changed is all that is to be known.
        }
    }

    protected override void Close()
    {
        _file?.Dispose();
        _changes.Dispose();
    }

    /// <summary>More of the file. False when there is none now.</summary>
    private bool Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        var count = RandomAccess.Read(_file, _buffer.AsSpan(_end), _offset);
        if (count == 0)
            return StartAnew();
        _offset += count;
        _end += count;
        return true;
    }

    private bool StartAnew()
    {
        if (FileIdentity.TryRead(_path) is { } now && now != _identity && Native.IsRegular(_path))
        {
            var replaced = Open();
            _file.Dispose();
            _file = replaced;
        }
        else if (RandomAccess.GetLength(_file) >= _offset)
        {
            return false;
        }
        (_offset, _start, _end, _isInsideCutLine) = (0, 0, 0, false);
        return RandomAccess.GetLength(_file) > 0;
    }

    private SafeFileHandle Open()
    {
        _identity = FileIdentity.TryRead(_path);
        var file = Native.Open(_path, Native.ReadOnly | Native.CloseOnExec, 0);
        if (file.IsInvalid)
            throw Failure($"The kernel log {_path} cannot be opened", Marshal.GetLastPInvokeError());
        if (!_changes.IsInvalid)
            _ = Native.InotifyAdd(_changes, _path, Native.Modified | Native.Attributes | Native.DeletedSelf | Native.MovedSelf); // without it: the regular look
        return file;
    }
}
