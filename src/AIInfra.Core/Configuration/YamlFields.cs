using System.Collections.Immutable;
using System.Globalization;

namespace AIInfra.Core.Configuration;

/// <summary>The fields of one mapping of another program's file: each is asked for by name, and what nobody asked for is an error.</summary>
/// <param name="path">Full key of the mapping, empty for the file itself: <c>flags.plugin</c>.</param>
/// <param name="node">Null when the mapping is not there: every field has its fallback then.</param>
/// <param name="errors">Takes every fault, with its place.</param>
public sealed class YamlFields(string path, YamlNode? node, ImmutableArray<ConfigError>.Builder errors)
{
    private const string TruthForm = "true or false";

    private readonly Dictionary<string, YamlEntry> _entries = Entries(path, node, errors);
    private readonly List<string> _asked = [];

    /// <summary>Where the mapping begins; no place when it is not there.</summary>
    public ConfigMark Mark { get; } = node?.Mark ?? default;

    /// <summary>The value of a field that is set; null when it is not. The first look at a key makes it known.</summary>
    public YamlEntry? Find(string key)
    {
        _asked.Add(key);
        return _entries.TryGetValue(key, out var entry) && entry.Value is not YamlScalar { IsNull: true } ? entry : null;
    }

    public YamlFields Section(string key) => new(Full(key), Find(key)?.Value, errors);

    public string? Text(string key) => Find(key) is not { } entry ? null
        : entry.Value is YamlScalar scalar ? scalar.Text
        : Wrong<string>(entry.Value, key, "text");

    /// <summary>One of the texts listed.</summary>
    public string? Choice(string key, params ReadOnlySpan<string> choices)
    {
        if (Find(key) is not { } entry)
            return null;
        return entry.Value is YamlScalar scalar && choices.Contains(scalar.Text) ? scalar.Text : Wrong<string>(entry.Value, key, Either(choices));
    }

    /// <summary>As YAML 1.1 has it, which is what Go programs read.</summary>
    public bool? Flag(string key)
    {
        if (Find(key) is not { } entry)
            return null;
        return (entry.Value as YamlScalar) switch
        {
            { IsPlain: true, Text: "true" or "True" or "TRUE" or "yes" or "Yes" or "YES" or "on" or "On" or "ON" } => true,
            { IsPlain: true, Text: "false" or "False" or "FALSE" or "no" or "No" or "NO" or "off" or "Off" or "OFF" } => false,
            _ => WrongValue<bool>(entry.Value, key, TruthForm),
        };
    }

    public int? Number(string key, int least, int most)
    {
        if (Find(key) is not { } entry)
            return null;
        return NumberOf(entry.Value) is { } number && number >= least && number <= most ? number
            : WrongValue<int>(entry.Value, key, string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}"));
    }

    /// <summary>The items of a list; empty when the field is not set.</summary>
    public ImmutableArray<YamlNode> List(string key)
    {
        if (Find(key) is not { } entry)
            return [];
        if (entry.Value is YamlList list)
            return list.Items;
        Wrong<string>(entry.Value, key, "a list");
        return [];
    }

    /// <summary>An error at a field that is set.</summary>
    public void Error(ConfigMark at, string key, string sentence) => errors.Add(new ConfigError(at, $"{Full(key)}: {sentence}"));

    /// <summary>Call it when every field was asked for: what is left over is no field.</summary>
    public void Close() => errors.AddRange(Unknown());

    /// <summary>The same for a file whose own program passes over them.</summary>
    public ImmutableArray<ConfigError> Unknown() => [.. _entries.Values.Where(entry => !_asked.Contains(entry.Key)).Select(entry => new ConfigError(entry.KeyMark,
        $"{Full(entry.Key)} is no key of this file. " + (Spelling.Nearest(entry.Key, _asked) is { } meant ? $"Did you mean {Full(meant)}?"
            : $"{(path.Length == 0 ? "At the top there" : $"In {path} there")} may be: {string.Join(", ", _asked.Distinct())}.")))];

    public string Full(string key) => path.Length == 0 ? key : key.StartsWith('[') ? path + key : $"{path}.{key}";

    /// <summary>A whole number that is not quoted; null for anything else.</summary>
    public static int? NumberOf(YamlNode node) =>
        node is YamlScalar { IsPlain: true, Text: var text } && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>A value as an error shows it: short, and without control characters.</summary>
    public static string Show(YamlNode node) => node switch
    {
        YamlScalar scalar => new string([.. scalar.Text.Take(60).Select(letter => char.IsControl(letter) ? '?' : letter)]),
        YamlList list => $"a list of {list.Items.Length}",
        _ => "a mapping",
    };

    private T? Wrong<T>(YamlNode value, string key, string form) where T : class
    {
        Error(value.Mark, key, $"\"{Show(value)}\" is not usable; it must be {form}.");
        return null;
    }

    private T? WrongValue<T>(YamlNode value, string key, string form) where T : struct
    {
        Wrong<string>(value, key, form);
        return null;
    }

    private static string Either(ReadOnlySpan<string> choices) => choices.Length == 1
        ? choices[0]
        : $"{string.Join(", ", choices[..^1].ToArray())} or {choices[^1]}";

    private static Dictionary<string, YamlEntry> Entries(string path, YamlNode? node, ImmutableArray<ConfigError>.Builder errors)
    {
        if (node is YamlMap map)
            return map.Entries.ToDictionary(entry => entry.Key, StringComparer.Ordinal);
        if (node is not null)
            errors.Add(new ConfigError(node.Mark, $"{(path.Length == 0 ? "the file" : path)} must be a mapping; \"{Show(node)}\" stands there."));
        return [];
    }
}
