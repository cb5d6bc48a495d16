using System.Collections.Immutable;
using System.Text.RegularExpressions;
using AIInfra.Core.Configuration;

namespace AIInfra.Core.Health.Logs;

/// <summary>The fields of one rule as they were written, and what is wrong with them.</summary>
/// <param name="path">For the errors: <c>rules[3]</c>.</param>
/// <param name="terms">Pieces of patterns by name: <c>%{name}</c> stands for one.</param>
/// <param name="isBuiltIn">Its patterns are checked by a test of the build, and its texts and examples are left aside.</param>
internal sealed class RuleFields(string path, ConfigMark mark, ImmutableArray<ConfigError>.Builder errors, IReadOnlyDictionary<string, string> terms, bool isBuiltIn)
{
    private const int ShortestLiteral = 3, LongestPattern = 2000;

    private static readonly string[] Known =
        ["id", "literals", "pattern", "source", "services", "severity", "cause", "action", "clearing", "message", "clears", "disables", "subject", "unit", "after", "zh", "advice", "advice-zh", "matches", "not"];
    private static readonly string[] Kinds = ["id", "clears", "disables"];
    private static readonly string[] Lists = ["literals", "services", "matches", "not"];

    private readonly Dictionary<string, (ConfigMark Mark, ImmutableArray<string> Values)> _fields = new(StringComparer.Ordinal);

    public string Path { get; } = path;

    public static bool IsList(string key) => Lists.Contains(key);

    public void Add(string key, ConfigMark keyMark, ConfigMark valueMark, ImmutableArray<string> values)
    {
        if (!Known.Contains(key))
            Error(keyMark, key, $"is no field of a rule; these are: {string.Join(", ", Known)}.");
        else if (!IsList(key) && values.Length != 1)
            Error(valueMark, key, "must be one text.");
        else if (!_fields.TryAdd(key, (valueMark, values)))
            Error(keyMark, key, "is set a second time.");
    }

    /// <summary>Null when something is wrong, which then stands in the errors.</summary>
    public LogRule? Check()
    {
        var (kind, id) = CheckKind();
        if (kind == "disables")
            return new LogRule { Id = id, Literals = [], Disables = true, Source = mark.ToString() };
        var isClear = kind == "clears";
        return new LogRule
        {
            Id = id,
            Literals = CheckLiterals(),
            Pattern = CheckPattern(),
            Origin = Word("source", "kernel", "kernel or service", text => text switch { "kernel" => LogOrigin.Kernel, "service" => (LogOrigin?)LogOrigin.Service, _ => null }),
            Services = List("services"),
            Threshold = Optional("after") is null ? null : Word("after", null, "a count and a time, such as 3 in 10m", LogRule.ThresholdOf),
            Subject = Word("subject", "device", "device, part or any", text => text switch { "device" => RuleSubject.Device, "part" => RuleSubject.Part, "any" => (RuleSubject?)RuleSubject.Any, _ => null }),
            Unit = Optional("unit"),
            Severity = Word("severity", isClear ? "info" : null, "info, degraded or fatal", LogRule.SeverityOf),
            Cause = Word("cause", isClear ? "host" : null, "application, driver, hardware, fabric or host", LogRule.CauseOf),
            Action = Word("action", isClear ? "none" : null, "none, observe, tell-pod, restart-service, reset-device, drain, reboot or replace", LogRule.ActionOf),
            Clearing = Word("clearing", isClear ? "hand" : null, "quiet-10m, quiet-24h, healthy, reset, boot or hand", LogRule.ClearingOf),
            Message = isClear ? "" : Needed("message", "one sentence for the engineer on call") ?? "",
            IsClear = isClear,
            Text = isBuiltIn || Optional("zh") is not { } chinese ? null : new RuleText(chinese, Optional("advice") ?? "", Optional("advice-zh") ?? ""),
            Examples = isBuiltIn ? null : new RuleExamples(List("matches"), List("not")),
            Source = mark.ToString(),
        };
    }

    /// <summary>Which of id, clears and disables it has, and whose.</summary>
    private (string Kind, string Id) CheckKind()
    {
        var kind = _fields.ContainsKey("disables") ? "disables" : _fields.ContainsKey("clears") ? "clears" : "id";
        foreach (var other in Kinds.Where(other => other != kind && _fields.ContainsKey(other)))
            Error(_fields[other].Mark, other, $"cannot stand beside {kind}: a rule raises a problem, ends one or switches one off.");
        if (kind == "disables" && _fields.Keys.FirstOrDefault(key => !Kinds.Contains(key)) is { } more)
            Error(_fields[more].Mark, more, "means nothing beside disables.");
        var id = Needed(kind, "such as acme.link-down") ?? "";
        if (!id.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '{' or '}' or '_'))
            Error(_fields[kind].Mark, kind, "may hold letters, digits, dots and dashes, and {group} of the pattern.");
        return (kind, id);
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

    private string? CheckPattern()
    {
        if (!_fields.TryGetValue("pattern", out var field))
            return null;
        var pattern = field.Values[0];
        foreach (var (name, text) in terms)
            pattern = pattern.Replace($"%{{{name}}}", text, StringComparison.Ordinal);
        if (pattern.Length > LongestPattern)
            Error(field.Mark, "pattern", $"has {pattern.Length} characters; it may have {LongestPattern}.");
        else if (pattern.Contains("%{", StringComparison.Ordinal))
            Error(field.Mark, "pattern", $"names a term with %{{…}} that is not in terms; there {(terms.Count == 0 ? "is none" : $"are: {string.Join(", ", terms.Keys)}")}.");
        else if (!isBuiltIn)
            Build(pattern, field.Mark);
        return pattern;
    }

    private void Build(string pattern, ConfigMark at)
    {
        try
        {
            _ = new Regex(pattern, PatternRule.Options, PatternRule.Patience);
        }
        catch (ArgumentException fault)
        {
            Error(at, "pattern", $"is no regular expression: {fault.Message}");
        }
    }

    private ImmutableArray<string> List(string key) => _fields.TryGetValue(key, out var field) ? field.Values : [];

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
