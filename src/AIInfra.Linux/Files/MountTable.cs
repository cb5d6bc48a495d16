using System.Buffers.Text;
using System.Collections.Immutable;
using System.Text;

namespace AIInfra.Linux.Files;

/// <summary>One mount, as a line of mountinfo says; see proc_pid_mountinfo(5).</summary>
/// <param name="Root">The folder of the file system that is mounted: other than <c>/</c> for a bind mount.</param>
/// <param name="Point">Where it is mounted. Any bytes but NUL and slash may stand in its names.</param>
/// <param name="Options">Of the mount.</param>
/// <param name="Source">Comes from whoever mounted it.</param>
/// <param name="SuperOptions">Of the file system.</param>
public sealed record Mount(
    int Id, int Parent, int Major, int Minor, string Root, string Point, string Options, string Type, string Source, string SuperOptions)
{
    public bool IsReadOnly => Has(Options, "ro");
    public bool IsFileSystemReadOnly => Has(SuperOptions, "ro");

    private static bool Has(string options, string option) => options.Split(',').Contains(option);
}

/// <summary>Reads mountinfo, which never waits for a file system. Lines that are none are left out.</summary>
public static class MountTable
{
    private const int Most = 100_000;

    public delegate bool TypeFilter(ReadOnlySpan<byte> type);

    /// <param name="text">Of the file.</param>
    /// <param name="isWanted">By the file system's type; others cost nothing.</param>
    public static ImmutableArray<Mount> Parse(ReadOnlySpan<byte> text, TypeFilter isWanted)
    {
        var mounts = ImmutableArray.CreateBuilder<Mount>();
        foreach (var range in text.Split((byte)'\n'))
        {
            if (mounts.Count < Most && ParseLine(text[range], isWanted) is { } mount)
                mounts.Add(mount);
        }
        return mounts.ToImmutable();
    }

    private static Mount? ParseLine(ReadOnlySpan<byte> line, TypeFilter isWanted)
    {
        var end = line.IndexOf(" - "u8);
        if (end < 0)
            return null;
        var left = line[..end];
        var right = line[(end + 3)..];
        var type = Take(ref right);
        if (type.IsEmpty || !isWanted(type))
            return null;
        var source = Take(ref right);
        var superOptions = Take(ref right);
        var id = Take(ref left);
        var parent = Take(ref left);
        var device = Take(ref left);
        var root = Take(ref left);
        var point = Take(ref left);
        var options = Take(ref left);
        var colon = device.IndexOf((byte)':');
        return colon > 0 && Number(id) is { } number && Number(parent) is { } over && Number(device[..colon]) is { } major && Number(device[(colon + 1)..]) is { } minor
            && point is [(byte)'/', ..]
            ? new Mount(number, over, major, minor, Unescape(root), Unescape(point), Encoding.UTF8.GetString(options), Unescape(type), Unescape(source), Unescape(superOptions))
            : null;
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> rest)
    {
        var end = rest.IndexOf((byte)' ');
        var word = end < 0 ? rest : rest[..end];
        rest = end < 0 ? [] : rest[(end + 1)..];
        return word;
    }

    private static int? Number(ReadOnlySpan<byte> text) => Utf8Parser.TryParse(text, out int value, out var used) && used == text.Length && value >= 0 ? value : null;

    /// <summary>The kernel writes blanks, tabs, line ends, backslashes and some others as a backslash and three octal digits.</summary>
    internal static string Unescape(ReadOnlySpan<byte> text)
    {
        if (!text.Contains((byte)'\\'))
            return Encoding.UTF8.GetString(text);
        var plain = new byte[text.Length];
        var length = 0;
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '\\' && at + 3 < text.Length && IsOctal(text[at + 1]) && IsOctal(text[at + 2]) && IsOctal(text[at + 3]))
            {
                plain[length++] = (byte)(((text[at + 1] - '0') << 6) | ((text[at + 2] - '0') << 3) | (text[at + 3] - '0'));
                at += 3;
            }
            else
            {
                plain[length++] = text[at];
            }
        }
        return Encoding.UTF8.GetString(plain.AsSpan(0, length));
    }

    private static bool IsOctal(byte digit) => digit is >= (byte)'0' and <= (byte)'7';
}
