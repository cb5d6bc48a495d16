using System.Collections.Immutable;
using System.Text.RegularExpressions;
using AIInfra.Core.Configuration;

namespace AIInfra.Core.Health.Logs;

/// <summary>The fields of one rule as they were written, and what is wrong with them.</summary>
/// <param name="path">For the errors: <c>rules[3]</c>.</param>
internal sealed class RuleFields(string path, ConfigMark mark, ImmutableArray<ConfigError>.Builder errors)
{
    private const int ShortestLiteral = 3, LongestPattern = 2000;

    private static readonly string[] Known =
        ["id", "literals", "pattern", "source", "severity", "cause", "action", "clearing", "message", "clears", "subject"];

    private readonly Dictionary<string, (ConfigMark Mark, ImmutableArray<string> Values)> _fields = new(StringComparer.Ordinal);

    public string Path { get; } = path;

    public void Add(string key, ConfigMark keyMark, ConfigMark valueMark, ImmutableArray<string> values)
    {
        if (!Known.Contains(key))
            Error(keyMark, key, $"is no field of a rule; these are: {string.Join(", ", Known)}.");
        else if (key != "literals" && values.Length != 1)
            Error(valueMark, key, "must be one text.");
        else if (!_fields.TryAdd(key, (valueMark, values)))
            Error(keyMark, key, "is set a second time.");
    }

    /// <summary>Null when something is wrong, which then stands in the errors.</summary>
    public LogRule? Check()
    {
        var clears = Optional("clears");
        var id = clears ?? Needed("id", "such as acme.link-down");
        if (clears is not null && _fields.TryGetValue("id", out var both))
            Error(both.Mark, "id", "cannot stand beside clears: a line either raises a problem or ends one.");
        if (id is not null && !id.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '{' or '}' or '_'))
            Error(_fields[clears is null ? "id" : "clears"].Mark, clears is null ? "id" : "clears", "may hold letters, digits, dots and dashes, and {group} of the pattern.");
        var literals = CheckLiterals();
        CheckPattern();
        var isClear = clears is not null;
        return new LogRule
        {
            Id = id ?? "",
            Literals = literals,
            Pattern = Optional("pattern"),
            Origin = Word("source", "kernel", "kernel or service", text => text switch { "kernel" => LogOrigin.Kernel, "service" => (LogOrigin?)LogOrigin.Service, _ => null }),
            IsPart = Word("subject", "device", "device or part", text => text switch { "device" => false, "part" => (bool?)true, _ => null }),
            Severity = Word("severity", isClear ? "info" : null, "info, degraded or fatal", LogRule.SeverityOf),
            Cause = Word("cause", isClear ? "host" : null, "application, driver, hardware, fabric or host", LogRule.CauseOf),
            Action = Word("action", isClear ? "none" : null, "none, observe, tell-pod, restart-service, reset-device, drain, reboot or replace", LogRule.ActionOf),
            Clearing = Word("clearing", isClear ? "hand" : null, "quiet-10m, quiet-24h, healthy, reset, boot or hand", LogRule.ClearingOf),
            Message = isClear ? "" : Needed("message", "one sentence for the engineer on call") ?? "",
            IsClear = isClear,
            Source = mark.ToString(),
        };
    }

    private ImmutableArray<string> CheckLiterals()
    {
        if (!_fields.TryGetValue("literals", out var field) || field.Values.IsEmpty)
        {
            Error(mark, "literals", "is missing: texts of which a line must hold one before the pattern is tried.");
            return [];
        }
        if (field.Values.Any(literal => literal.Length < ShortestLiteral))
            Error(field.Mark, "literals", $"each must have at least {ShortestLiteral} characters, or every line would be tried.");
        return field.Values;
    }

    private void CheckPattern()
    {
        if (!_fields.TryGetValue("pattern", out var field))
            return;
        var pattern = field.Values[0];
        if (pattern.Length > LongestPattern)
        {
            Error(field.Mark, "pattern", $"has {pattern.Length} characters; it may have {LongestPattern}.");
            return;
        }
        try
        {
            _ = new Regex(pattern, PatternRule.Options, PatternRule.Patience);
        }
        catch (ArgumentException fault)
        {
            Error(field.Mark, "pattern", $"is no regular expression: {fault.Message}");
        }
    }

    private string? Optional(string key) => _fields.TryGetValue(key, out var field) ? field.Values[0] : null;

    private string? Needed(string key, string form)
    {
        if (Optional(key) is { Length: > 0 } text)
            return text;
        Error(mark, key, $"is missing: {form}.");
        return null;
    }

    private T Word<T>(string key, string? fallback, string form, Func<string, T?> read) where T : struct
    {
        if ((Optional(key) ?? fallback) is not { } text)
            Error(mark, key, $"is missing; it must be {form}.");
        else if (read(text) is { } value)
            return value;
        else
            Error(_fields[key].Mark, key, $"\"{text}\" is not usable; it must be {form}.");
        return default;
    }

    private void Error(ConfigMark at, string key, string message) => errors.Add(new ConfigError(at, $"{Path}.{key} {message}"));
}
