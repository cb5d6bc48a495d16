using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.Toolkits;

/// <summary>How a file says its version.</summary>
internal enum ToolkitForm
{
    /// <summary>The first word in it that begins with a digit.</summary>
    Word,
    /// <summary>A line <c>KEY=VERSION</c>.</summary>
    Key,
    /// <summary>JSON, by names joined with slashes.</summary>
    Json,
    /// <summary>A C header with KEY_MAJOR, KEY_MINOR and KEY_PATCHLEVEL.</summary>
    Define,
    /// <summary>The end of its own name, behind KEY.</summary>
    Name,
}

/// <summary>Files by which a toolkit is found: data, one row a line.</summary>
public sealed record ToolkitSource
{
    private const int LongestVersion = 40;
    private static readonly SearchValues<char> Allowed = SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-+");

    private ToolkitSource(string toolkit, string pattern, ToolkitForm form, string key) => (Toolkit, Pattern, Form, Key) = (toolkit, pattern, form, key);

    public string Toolkit { get; }
    /// <summary>Absolute on the host, with <c>*</c> in its steps.</summary>
    public string Pattern { get; }
    internal ToolkitForm Form { get; }
    private string Key { get; }

    /// <summary>Tab separated, the first line is the head: toolkit, file, form, key.</summary>
    /// <exception cref="FormatException">A line is not of the form: the build is broken.</exception>
    public static ImmutableArray<ToolkitSource> Read(IEnumerable<string> lines) => [.. lines.Select(line => line.Split('\t') is [var toolkit, ['/', ..] and var pattern, var form, var key]
        && Enum.TryParse<ToolkitForm>(form, ignoreCase: true, out var parsed) ? new ToolkitSource(toolkit, pattern, parsed, key) : throw new FormatException($"\"{line}\" is no toolkit"))];

    /// <param name="name">Of the file, without folder.</param>
    /// <param name="text">What it holds, or its beginning.</param>
    /// <returns>Null when it does not say; it is outside input.</returns>
    internal string? VersionOf(string name, string text) => Clean(Form switch
    {
        ToolkitForm.Word => Word(text),
        ToolkitForm.Key => text.Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith($"{Key}=", StringComparison.OrdinalIgnoreCase)).Select(line => line[(Key.Length + 1)..].Trim('"', ' ')).FirstOrDefault(),
        ToolkitForm.Json => Member(text),
        ToolkitForm.Define => Defined(text, "MAJOR") is { } major && Defined(text, "MINOR") is { } minor ? $"{major}.{minor}.{Defined(text, "PATCHLEVEL") ?? "0"}" : null,
        _ => name.StartsWith(Key, StringComparison.Ordinal) ? name[Key.Length..] : null,
    });

    private static string? Word(string text)
    {
        foreach (var word in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (char.IsAsciiDigit(word[0]))
                return word;
        }
        return null;
    }

    private string? Member(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var element = document.RootElement;
            foreach (var name in Key.Split('/'))
            {
                if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
                    return null;
            }
            return element.ValueKind == JsonValueKind.String ? element.GetString() : null;
        }
        catch (Exception fault) when (BrokenJson.IsTold(fault))
        {
            return null;
        }
    }

    private string? Defined(string text, string part) => text.Split('\n').Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        .Where(words => words is ["#define", var name, { Length: < 8 } number, ..] && name == $"{Key}_{part}" && number.All(char.IsAsciiDigit)).Select(words => words[2]).FirstOrDefault();

    private static string? Clean(string? version)
    {
        var end = version.AsSpan().IndexOfAnyExcept(Allowed);
        var clean = (end < 0 ? version : version![..end])?.TrimEnd('.', '-', '+');
        return clean is { Length: > 0 and <= LongestVersion } && char.IsAsciiDigit(clean[0]) ? clean : null;
    }
}
