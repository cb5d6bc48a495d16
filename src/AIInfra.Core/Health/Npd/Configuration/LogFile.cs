using System.Collections.Immutable;
using System.Text.RegularExpressions;
using AIInfra.Core.Health.Npd.Logs;
using AIInfra.Core.Health.Npd.Patterns;

namespace AIInfra.Core.Health.Npd.Configuration;

/// <summary>Reads the file of a system-log-monitor.</summary>
internal static class LogFile
{
    private const int DefaultBuffer = 10, LargestBuffer = 1000;
    private const string Fields = "Those of a log monitor are plugin, pluginConfig, logPath, skipList, lookback, delay, bufferSize, source, conditions, rules and metricsReporting; "
        + "of a rule type, condition, reason, pattern and patternGeneratedMessageSuffix.";

    public static NpdLogMonitor Read(JsonFields fields, string path, NpdLogKind kind)
    {
        fields.Text("plugin");
        var conditions = MonitorFields.Conditions(fields);
        var own = fields.Object("pluginConfig");
        var (logPath, skip) = (fields.Text("logPath"), fields.Texts("skipList"));
        if (kind == NpdLogKind.FileLog && logPath.Length == 0)
            fields.Error("logPath", "is missing; it must be the path of the log file.");
        if (kind != NpdLogKind.FileLog && !skip.IsEmpty)
            fields.Note("skipList", "is only looked at for a filelog; it is ignored, as node-problem-detector ignores it.");
        var monitor = new NpdLogMonitor
        {
            Path = path,
            Kind = kind,
            Source = fields.Text("source"),
            ReportsMetrics = fields.Flag("metricsReporting", true),
            LogPath = logPath,
            Lookback = fields.Duration("lookback", TimeSpan.Zero),
            Delay = fields.Duration("delay", TimeSpan.Zero),
            BufferSize = fields.Count("bufferSize", DefaultBuffer, 0, LargestBuffer) is > 0 and var size ? size : DefaultBuffer,
            Conditions = conditions,
            LogRules = [.. fields.Objects("rules").Select(rule => ReadRule(rule, conditions)).OfType<NpdLogRule>()],
            Identifier = kind == NpdLogKind.Journald ? own.Needed("source", "the SYSLOG_IDENTIFIER of the lines, as kubelet") : own.Text("source"),
            Format = kind == NpdLogKind.FileLog ? ReadFormat(own, skip) : null,
        };
        fields.NoteUnknown(Fields);
        return monitor;
    }

    private static NpdLogRule? ReadRule(JsonFields rule, ImmutableArray<NpdDeclared> conditions)
    {
        var (type, condition) = (rule.Text("type"), rule.Text("condition"));
        var reason = rule.Needed("reason", "one word in CamelCase, as OOMKilling");
        var pattern = MonitorFields.Pattern(rule, "pattern");
        var suffix = rule.Text("patternGeneratedMessageSuffix");
        rule.NoteUnknown(Fields);
        if (type is not ("temporary" or "permanent"))
            rule.Note("type", $"is \"{type}\"; it counts as permanent, as in node-problem-detector. It should be temporary or permanent.");
        var isPermanent = type != "temporary";
        if (isPermanent && conditions.All(declared => declared.Type != condition))
            rule.Note("condition", $"is \"{condition}\", which the file does not declare under conditions: the rule never does anything, as in node-problem-detector.");
        if (pattern is { Literals.IsEmpty: true })
            rule.Note("pattern", "holds no text that every match must hold: it is tried on every line. A word in it makes it cheaper.");
        return pattern is null ? null : new NpdLogRule(isPermanent ? condition : null, reason, rule.Mark, pattern, suffix);
    }

    private static NpdFileFormat? ReadFormat(JsonFields fields, ImmutableArray<string> skip)
    {
        var (timestamp, message) = (Capturing(fields, "timestamp"), Capturing(fields, "message"));
        var layout = fields.Needed("timestampFormat", "a layout of Go's time package, as Jan _2 15:04:05");
        fields.NoteUnknown("A filelog has timestamp, message and timestampFormat in pluginConfig.");
        return timestamp is null || message is null ? null : new NpdFileFormat(timestamp, message, layout, skip);
    }

    private static Regex? Capturing(JsonFields fields, string name)
    {
        var text = fields.Needed(name, "a regular expression (RE2)");
        try
        {
            return Re2Pattern.Capturing(text, NpdRegex.Patience);
        }
        catch (Re2Exception fault)
        {
            fields.Error(name, MonitorFields.WhyNot(text, fault));
            return null;
        }
    }
}
