using System.Collections.Immutable;
using System.Globalization;
using System.IO.Enumeration;
using System.Text;

namespace AIInfra.Core.VendorFiles;

/// <summary>A tree of the kernel's files (sysfs), read now and then: what devices are, not what they measure. Blocks as the drivers behind it do.</summary>
/// <param name="root">Folder here: <see cref="Hosting.HostPaths.Sys"/>.</param>
public sealed class KernelTree(string root)
{
    private const int LongestText = 16384;
    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0 };

    public string Here(string path) => Path.Combine(root, path);

    public bool Has(string path) => Path.Exists(Here(path));

    /// <summary>A file's text without white space around it; null when it cannot be read. Outside input, also in its length: at most 16 KiB.</summary>
    public string? Text(string path)
    {
        try
        {
            using var file = File.OpenHandle(Here(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            Span<byte> buffer = stackalloc byte[LongestText];
            return Encoding.UTF8.GetString(buffer[..RandomAccess.Read(file, buffer, 0)]).Trim('\0', ' ', '\n', '\t', '\r');
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>The same, null also when it is empty, and with every control character as a question mark.</summary>
    public string? Word(string path) => Text(path) is { Length: > 0 } text ? new string([.. text.Select(letter => char.IsControl(letter) ? '?' : letter).Take(128)]) : null;

    /// <summary>A decimal number, or a hexadecimal one with 0x in front; null for anything else.</summary>
    public long? Number(string path) => Text(path) is not { } text ? null
        : text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex) ? hex : null
            : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>Names in a folder, in order of their text and then of the numbers at their ends; none when there is no such folder.</summary>
    public ImmutableArray<string> Names(string path)
    {
        try
        {
            return [.. new FileSystemEnumerable<string>(Here(path), static (ref FileSystemEntry entry) => entry.FileName.ToString(), Everything).Order(ByNumber)];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Paths that fit a pattern with <c>*</c> in its steps, in order; none when nothing does.</summary>
    public ImmutableArray<string> Match(string pattern)
    {
        ImmutableArray<string> found = [""];
        foreach (var step in pattern.Split('/'))
        {
            found = step.Contains('*')
                ? [.. found.SelectMany(folder => Names(folder).Where(name => FileSystemName.MatchesSimpleExpression(step, name, ignoreCase: false)).Select(name => Join(folder, name)))]
                : [.. found.Select(folder => Join(folder, step)).Where(Has)];
        }
        return found;
    }

    private static string Join(string folder, string name) => folder.Length == 0 ? name : $"{folder}/{name}";

    /// <summary>The last step of where a link points; null for what is no link.</summary>
    public string? LinkName(string path)
    {
        try
        {
            return new FileInfo(Here(path)).LinkTarget is { } target ? Path.GetFileName(target.TrimEnd('/')) : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>card2 before card10.</summary>
    public static Comparer<string> ByNumber { get; } = Comparer<string>.Create((one, other) =>
    {
        var head = one.AsSpan().TrimEnd(Digits);
        var otherHead = other.AsSpan().TrimEnd(Digits);
        var order = head.SequenceCompareTo(otherHead);
        if (order == 0)
            order = (one.Length - head.Length).CompareTo(other.Length - otherHead.Length);
        return order != 0 ? order : string.CompareOrdinal(one, other);
    });

    private const string Digits = "0123456789";
}
