using System.Collections.Immutable;
using System.Text;

namespace AIInfra.Core.VendorHost;

/// <summary>Texts out of a vendor's library. All of them are outside input.</summary>
public static class LibraryText
{
    private const int LongestId = 63;

    /// <summary>Up to the first NUL or the end of the buffer, without blanks around it; what is not UTF-8 becomes U+FFFD. Null when nothing is left.</summary>
    public static string? Of(ReadOnlySpan<byte> buffer)
    {
        var end = buffer.IndexOf((byte)0);
        var text = Encoding.UTF8.GetString(end < 0 ? buffer : buffer[..end]).Trim();
        return text.Length == 0 ? null : text;
    }

    /// <summary>It can be the id of a device: what the kubelet, metrics and CDI all take.</summary>
    public static bool IsUsableAsId(string? text) =>
        text is { Length: > 0 and <= LongestId } && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.');

    /// <summary>Those that the driver told.</summary>
    public static ImmutableSortedDictionary<string, string> Told(params ReadOnlySpan<(string Name, string? Text)> entries)
    {
        var told = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (name, text) in entries)
        {
            if (text is not null)
                told[name] = text;
        }
        return told.ToImmutable();
    }
}
