using System.Collections.Immutable;

namespace AIInfra.Core.Configuration;

/// <summary>All settings there are, and the one check of what was written against them.</summary>
public sealed class ConfigSchema
{
    private readonly Dictionary<string, ConfigKey> _keys;
    private readonly HashSet<string> _sections;

    private readonly ImmutableArray<ConfigConflict> _conflicts;

    public ConfigSchema(ImmutableArray<ConfigKey> keys, params ReadOnlySpan<ConfigConflict> conflicts)
    {
        Keys = keys;
        _conflicts = [.. conflicts];
        _keys = keys.ToDictionary(key => key.Path, StringComparer.OrdinalIgnoreCase);
        _sections = keys.Select(key => Parent(key.Path)).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>In the order of the reference.</summary>
    public ImmutableArray<ConfigKey> Keys { get; }

    /// <summary>Checks every value. Later values win over earlier ones of the same key: file first, then environment.</summary>
    /// <returns>The configuration (defaults where nothing usable was written) and every error, in the order of the values.</returns>
    public (Config Config, ImmutableArray<ConfigError> Errors) Check(IEnumerable<ConfigValue> values)
    {
        var parsed = ImmutableDictionary.CreateBuilder<ConfigKey, object>();
        var errors = ImmutableArray.CreateBuilder<ConfigError>();
        var given = new Dictionary<ConfigKey, ConfigMark>();
        foreach (var value in values)
        {
            if (Find(value) is { } named)
            {
                given[named] = value.KeyMark;
                errors.AddRange(_conflicts.Where(conflict => conflict.Has(named) && given.ContainsKey(conflict.Other(named)))
                    .Select(conflict => new ConfigError(value.KeyMark, $"{named.Path} cannot be given together with {conflict.Other(named).Path} ({given[conflict.Other(named)]}): {conflict.Advice}")));
            }
            if (Find(value) is not { } key)
                errors.Add(new ConfigError(value.KeyMark, Unknown(value.Path)));
            else if (!key.TryRead(value, out var result))
                errors.Add(new ConfigError(value.Mark, $"{key.Path}: \"{value}\" is not usable; it must be {key.Form}."));
            else if (key.Refuse?.Invoke(value.ToString()) is { } refusal)
                errors.Add(new ConfigError(value.Mark, $"{key.Path}: \"{value}\" is not available in this version: {refusal}"));
            else
                parsed[key] = result;
        }
        return (new Config(parsed.ToImmutable()), errors.ToImmutable());
    }

    /// <summary>Keys of a file are spelled exactly; those of the environment in any case.</summary>
    private ConfigKey? Find(ConfigValue value) =>
        _keys.TryGetValue(value.Path, out var key) && (value.KeyMark.Line == 0 || key.Path == value.Path) ? key : null;

    private string Unknown(string path)
    {
        if (_sections.Contains(path))
            return $"{path} is a section; it must be a mapping, as in \"{path}: {{ {Last(Keys.First(key => Parent(key.Path) == path).Path)}: … }}\".";
        if (Spelling.Nearest(path, _keys.Keys) is { } nearest)
            return $"{path} is not a setting. Did you mean {_keys[nearest].Path}?";
        var siblings = Keys.Where(key => Parent(key.Path) == Parent(path)).Select(key => Last(key.Path)).ToList();
        return siblings.Count > 0
            ? $"{path} is not a setting. In {Parent(path)} there are: {string.Join(", ", siblings)}."
            : $"{path} is not a setting. The sections are: {string.Join(", ", Keys.Select(key => key.Path.Split('.')[0]).Distinct())}.";
    }

    private static string Parent(string path) => path.LastIndexOf('.') is > 0 and var dot ? path[..dot] : "";
    private static string Last(string path) => path[(path.LastIndexOf('.') + 1)..];
}

/// <summary>Two settings of which only one may be written.</summary>
/// <param name="Advice">Which of them is right when, as the end of a sentence.</param>
public sealed record ConfigConflict(ConfigKey First, ConfigKey Second, string Advice)
{
    internal bool Has(ConfigKey key) => key == First || key == Second;
    internal ConfigKey Other(ConfigKey key) => key == First ? Second : First;
}

/// <summary>The settings in effect. Immutable.</summary>
public sealed class Config(ImmutableDictionary<ConfigKey, object> values)
{
    /// <summary>True when it was written.</summary>
    public bool IsGiven(ConfigKey key) => values.ContainsKey(key);

    /// <summary>What was written, else the default.</summary>
    public T Get<T>(ConfigKey<T> key) where T : notnull => values.TryGetValue(key, out var value) ? (T)value : key.Default;
}
