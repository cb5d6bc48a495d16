using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace AIInfra.Core.Health.Probes;

/// <summary>Small files of the kernel and of services: a value or nothing, never a fault.</summary>
public static class HostText
{
    private const int Usual = 4096, MostBytes = 256 * 1024;

    /// <summary>Without white space at its ends; null when the file cannot be read, or is larger than such a file can be.</summary>
    public static string? Read(string path)
    {
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            Span<byte> small = stackalloc byte[Usual];
            var length = Fill(file, small);
            if (length < Usual)
                return Encoding.UTF8.GetString(small[..length]).Trim();
            var large = new byte[MostBytes + 1];
            length = Fill(file, large);
            return length > MostBytes ? null : Encoding.UTF8.GetString(large.AsSpan(0, length)).Trim();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Null when it does not begin with a whole number.</summary>
    public static long? ReadNumber(string path) =>
        Read(path) is { } text && long.TryParse(text.Split(' ', 2)[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>Names in a folder, in order; none when there is no such folder.</summary>
    public static IReadOnlyList<string> Names(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static int Fill(SafeFileHandle file, Span<byte> buffer)
    {
        var length = 0;
        while (length < buffer.Length && RandomAccess.Read(file, buffer[length..], length) is > 0 and var count)
            length += count;
        return length;
    }
}
