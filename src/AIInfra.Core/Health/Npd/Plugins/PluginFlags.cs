using System.Globalization;
using AIInfra.Core.Health.Npd.Configuration;

namespace AIInfra.Core.Health.Npd.Plugins;

/// <summary>The arguments of a helper, as <c>--name=value</c> or <c>--name value</c>, with one dash or two.</summary>
internal sealed class PluginFlags
{
    private readonly List<(string Name, string Value)> _given = [];

    /// <param name="known">The flags that there are; those that end with <c>?</c> are switches and take no word after them.</param>
    /// <param name="wrong">A sentence, or null when all are known.</param>
    public PluginFlags(IReadOnlyList<string> arguments, string[] known, out string? wrong)
    {
        wrong = null;
        for (var at = 0; at < arguments.Count; at++)
        {
            var (name, equals) = (arguments[at].TrimStart('-'), arguments[at].IndexOf('='));
            var value = equals < 0 ? null : arguments[at][(equals + 1)..];
            if (equals >= 0)
                name = name[..name.IndexOf('=')];
            var isSwitch = known.Contains(name + "?");
            if (!arguments[at].StartsWith('-') || (!isSwitch && !known.Contains(name)))
                wrong ??= $"{arguments[at]} is no flag of this helper; there are: {string.Join(", ", known.Select(flag => flag.TrimEnd('?')))}.";
            else if (value is null && !isSwitch && ++at >= arguments.Count)
                wrong ??= $"--{name} has no value.";
            else
                _given.Add((name, value ?? (isSwitch ? "true" : arguments[at])));
        }
    }

    /// <summary>What was given last; else the fallback.</summary>
    public string Text(string name, string fallback = "") => Given(name).LastOrDefault() ?? fallback;

    public IEnumerable<string> Given(string name) => _given.Where(flag => flag.Name == name).Select(flag => flag.Value);

    public TimeSpan Duration(string name, TimeSpan fallback, ref string? wrong)
    {
        if (Given(name).LastOrDefault() is not { } text)
            return fallback;
        if (GoDuration.Parse(text) is { } duration)
            return duration;
        wrong ??= $"--{name} is \"{text}\"; it must be {GoDuration.Form}.";
        return fallback;
    }

    public int Count(string name, int fallback, ref string? wrong)
    {
        if (Given(name).LastOrDefault() is not { } text)
            return fallback;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            return count;
        wrong ??= $"--{name} is \"{text}\"; it must be a whole number.";
        return fallback;
    }
}
