using System.Globalization;

namespace AIInfra.Linux.Files;

/// <summary>A text file that grows, read line by line and over its rotation: renamed away, its rest is read and then the new file under the
/// name; cut short, it is read from its beginning. A file that is not there yet is waited for. For one thread.</summary>
public sealed class FollowedFile(string path) : IDisposable
{
    /// <summary>Longer lines are cut here.</summary>
    private const int LongestLine = 64 * 1024;

    private readonly byte[] _buffer = new byte[LongestLine];
    private FileStream? _file;
    private ulong? _inode;
    private long _read; // offset of the end of the buffer
    private int _start, _end;
    private bool _isInsideCutLine;

    /// <summary>Which file is read, whatever it is called: another one after a rotation. Empty while there is none.</summary>
    /// <remarks>The number of its inode: as long as the file is open no other one can have it.</remarks>
    public string Identity => _inode is { } inode ? inode.ToString(CultureInfo.InvariantCulture) : "";

    /// <summary>Offset of the first byte that was not handed out.</summary>
    public long Offset => _read - (_end - _start);

    /// <summary>Begins where reading stopped before.</summary>
    /// <param name="identity">As <see cref="Identity"/> was; null: nothing was read before, and what is there by now is passed over.</param>
    public void Begin(string? identity, long offset)
    {
        if (!TryOpen())
            return;
        var length = _file!.Length;
        _read = identity is null ? length : identity == Identity && offset <= length ? offset : 0;
    }

    /// <summary>Begins at a place of the file that is there now.</summary>
    public void BeginAt(long offset)
    {
        if (TryOpen())
            _read = Math.Min(offset, _file!.Length);
    }

    /// <summary>The next whole line, without its line feed, valid until the next call. False when there is none now.</summary>
    /// <param name="offset">Where it begins.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public bool TryRead(out ReadOnlySpan<byte> line, out long offset)
    {
        while (true)
        {
            var unread = _buffer.AsSpan(_start, _end - _start);
            var feed = unread.IndexOf((byte)'\n');
            offset = Offset;
            if (feed < 0 && unread.Length < LongestLine)
            {
                if (Fill())
                    continue;
                line = default;
                return false;
            }
            var length = feed < 0 ? unread.Length : feed;
            var wasInside = _isInsideCutLine;
            _isInsideCutLine = feed < 0;
            _start += Math.Min(length + 1, unread.Length);
            if (wasInside)
                continue; // the rest of a cut line
            line = unread[..length];
            return true;
        }
    }

    public void Dispose() => _file?.Dispose();

    private bool Fill()
    {
        if (_file is null && !TryOpen())
            return false;
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        var count = RandomAccess.Read(_file!.SafeFileHandle, _buffer.AsSpan(_end), _read);
        _read += count;
        _end += count;
        return count > 0 || StartAnew();
    }

    /// <summary>The end is reached: of this file for ever, if the name stands for another one by now.</summary>
    private bool StartAnew()
    {
        if (FileIdentity.TryRead(path) is { } now && now.Inode != _inode)
        {
            _file!.Dispose();
            _file = null;
            return TryOpen();
        }
        if (_file!.Length >= _read)
            return false;
        Rewind();
        return true;
    }

    private bool TryOpen()
    {
        try
        {
            _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
        _inode = FileIdentity.TryRead(path)?.Inode;
        Rewind();
        return true;
    }

    private void Rewind() => (_read, _start, _end, _isInsideCutLine) = (0, 0, 0, false);
}
