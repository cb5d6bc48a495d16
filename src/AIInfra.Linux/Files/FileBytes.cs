using System.Text;

namespace AIInfra.Linux.Files;

/// <summary>Reads small files of /proc and /sys into one buffer that is kept. Not for two threads.</summary>
public sealed class FileBytes
{
    private const int Most = 16 << 20;

    private byte[] _buffer = new byte[4096];

    /// <summary>The whole file, valid until the next call; empty when it is missing or may not be read.</summary>
    public ReadOnlySpan<byte> Read(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            var length = 0;
            while (true)
            {
                if (length == _buffer.Length)
                {
                    if (length >= Most)
                        return _buffer;
                    Array.Resize(ref _buffer, length * 2);
                }
                var count = RandomAccess.Read(file, _buffer.AsSpan(length), length);
                if (count == 0)
                    return _buffer.AsSpan(0, length);
                length += count;
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Its text without what is blank at both ends; empty when it is missing.</summary>
    public string Text(string path) => Encoding.UTF8.GetString(Read(path)).Trim(' ', '\t', '\n', '\0');

    /// <summary>The number that it begins with; null when there is none.</summary>
    public long? Number(string path)
    {
        var text = Read(path);
        return System.Buffers.Text.Utf8Parser.TryParse(text, out long value, out var used) && used > 0 ? value : null;
    }
}
