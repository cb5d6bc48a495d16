using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace AIInfra.Core.Configuration;

/// <summary>One setting: its name, what may stand there, its default and what it does. Declared once; the check and the reference follow from it.</summary>
/// <param name="path">Full key: <c>kubelet.root</c>.</param>
/// <param name="form">What may stand there, to complete "must be …".</param>
/// <param name="defaultText">As it would be written in YAML.</param>
/// <param name="help">One sentence for the reference.</param>
public abstract class ConfigKey(string path, string form, string defaultText, string help)
{
    public string Path { get; } = path;
    public string Form { get; } = form;
    public string DefaultText { get; } = defaultText;
    public string Help { get; } = help;

    /// <summary>Null, or why a value that reads well cannot be used in this version; it gets the value as written.</summary>
    public Func<string, string?>? Refuse { get; protected init; }

    internal abstract bool TryRead(ConfigValue value, [NotNullWhen(true)] out object? parsed);
}

/// <inheritdoc cref="ConfigKey"/>
/// <param name="path"></param>
/// <param name="form"></param>
/// <param name="defaultText"></param>
/// <param name="help"></param>
/// <param name="read">Null when the text is not of the form.</param>
/// <param name="fallback">The default.</param>
public sealed class ConfigKey<T>(string path, string form, string defaultText, string help, Func<ConfigValue, (bool IsGood, T Value)> read, T fallback)
    : ConfigKey(path, form, defaultText, help) where T : notnull
{
    public T Default { get; } = fallback;

    /// <summary>The same setting, with <see cref="ConfigKey.Refuse"/>.</summary>
    public ConfigKey<T> Refusing(Func<string, string?> refuse) => new(Path, Form, DefaultText, Help, read, Default) { Refuse = refuse };

    internal override bool TryRead(ConfigValue value, [NotNullWhen(true)] out object? parsed)
    {
        var (isGood, result) = read(value);
        parsed = isGood ? result : null;
        return isGood;
    }
}

/// <summary>The forms that settings have.</summary>
public static class ConfigForm
{
    public static ConfigKey<string> Text(string path, string fallback, string help) =>
        new(path, "text", Show(fallback), help, value => (value.Scalar is not null, value.Scalar ?? ""), fallback);

    public static ConfigKey<string> Folder(string path, string fallback, string help) =>
        new(path, "an absolute path, as in /var/lib/aiinfra", Show(fallback), help,
            value => (value.Scalar is { Length: > 0 } text && text[0] == '/' && !text.Contains('\0'), value.Scalar ?? ""), fallback);

    /// <summary>At least one absolute path, each once.</summary>
    public static ConfigKey<ImmutableArray<string>> Folders(string path, ImmutableArray<string> fallback, string help) =>
        new(path, "a list of absolute paths, each once, as in [/var/lib/kubelet, /var/lib/k0s/kubelet]", Show(fallback), help,
            value => (Items(value).Length > 0 && Items(value).Distinct().Count() == Items(value).Length
                && Items(value).All(item => item is ['/', ..] && !item.Contains('\0')), Items(value)), fallback);

    public static ConfigKey<bool> Flag(string path, bool fallback, string help) =>
        new(path, "true or false", fallback ? "true" : "false", help, value => (value.Scalar is "true" or "false", value.Scalar == "true"), fallback);

    /// <summary>The texts listed, and nothing else.</summary>
    public static ConfigKey<string> Choice(string path, ImmutableArray<string> choices, string fallback, string help) =>
        new(path, Either(choices), Show(fallback), help, value => (value.Scalar is { } text && choices.Contains(text), value.Scalar ?? ""), fallback);

    public static ConfigKey<ImmutableArray<string>> Choices(string path, ImmutableArray<string> choices, ImmutableArray<string> fallback, string help) =>
        new(path, $"a list of {Either(choices)}", Show(fallback), help,
            value => (Items(value).Length > 0 && Items(value).All(choices.Contains), Items(value)), fallback);

    public static ConfigKey<ImmutableArray<string>> TextList(string path, ImmutableArray<string> fallback, string help) =>
        new(path, "a list of texts, as in [a, b]", Show(fallback), help, value => (true, Items(value)), fallback);

    /// <param name="form">What each item must be, to complete "a list of …".</param>
    /// <param name="fallback">Left out: none.</param>
    public static ConfigKey<ImmutableArray<string>> TextListOf(string path, string form, Func<string, bool> isGood, string help, ImmutableArray<string> fallback = default) =>
        new(path, $"a list of {form}", Show(fallback.IsDefault ? [] : fallback), help, value => (Items(value).All(isGood), Items(value)), fallback.IsDefault ? [] : fallback);

    /// <summary>A number with a unit: ms, s, m or h.</summary>
    public static ConfigKey<TimeSpan> Duration(string path, TimeSpan least, TimeSpan most, TimeSpan fallback, string help) =>
        new(path, $"a time from {Show(least)} to {Show(most)}, as in {Show(fallback)}", Show(fallback), help,
            value => (ParseDuration(value.Scalar) is { } time && time >= least && time <= most, ParseDuration(value.Scalar) ?? default), fallback);

    /// <summary>A whole number.</summary>
    public static ConfigKey<int> Number(string path, int least, int most, int fallback, string help) =>
        new(path, string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}"), fallback.ToString(CultureInfo.InvariantCulture), help,
            value => (ParseNumber(value.Scalar) is { } number && number >= least && number <= most, ParseNumber(value.Scalar) ?? 0), fallback);

    /// <summary>An IP address and a port.</summary>
    public static ConfigKey<IPEndPoint> Address(string path, string fallback, string help) =>
        new(path, "an IP address and a port, as in 0.0.0.0:9400 or [::]:9400", Show(fallback), help,
            value => (TryAddress(value.Scalar, out var address), address ?? new IPEndPoint(IPAddress.Any, 0)), IPEndPoint.Parse(fallback));

    private static bool TryAddress(string? text, [NotNullWhen(true)] out IPEndPoint? address)
    {
        address = null;
        var colon = text?.LastIndexOf(':') ?? -1;
        return colon > 0 && colon < text!.Length - 1 && text.AsSpan(colon + 1).ContainsAnyExceptInRange('0', '9') == false
            && IPEndPoint.TryParse(text, out address);
    }

    private static int? ParseNumber(string? text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>A time as it is written in a file: <c>30s</c>, <c>10m</c>, <c>2h</c>; null when it is none.</summary>
    public static TimeSpan? ParseDuration(string? text)
    {
        if (text is null)
            return null;
        var digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        if (digits <= 0 || !long.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > int.MaxValue)
            return null;
        return text[digits..] switch
        {
            "ms" => TimeSpan.FromMilliseconds(number),
            "s" => TimeSpan.FromSeconds(number),
            "m" => TimeSpan.FromMinutes(number),
            "h" => TimeSpan.FromHours(number),
            _ => null,
        };
    }

    /// <summary>The items of a list; a scalar is a list written with commas, as the environment has to.</summary>
    private static ImmutableArray<string> Items(ConfigValue value) => value.Scalar is { } text
        ? [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)]
        : value.Items;

    private static string Either(ImmutableArray<string> choices) => choices.Length == 1
        ? choices[0]
        : $"{string.Join(", ", choices[..^1])} or {choices[^1]}";

    private static string Show(string text) => text.Length == 0 ? "\"\"" : text;
    private static string Show(ImmutableArray<string> items) => $"[{string.Join(", ", items)}]";
    private static string Show(TimeSpan time) => time.Ticks % TimeSpan.TicksPerHour == 0 ? $"{time.TotalHours:0}h"
        : time.Ticks % TimeSpan.TicksPerMinute == 0 ? $"{time.TotalMinutes:0}m"
        : time.Ticks % TimeSpan.TicksPerSecond == 0 ? $"{time.TotalSeconds:0}s" : $"{time.TotalMilliseconds:0}ms";
}
