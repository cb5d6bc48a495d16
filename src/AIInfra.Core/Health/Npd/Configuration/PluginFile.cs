using System.Collections.Immutable;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Health.Npd.Configuration;

/// <summary>Reads the file of a custom-plugin-monitor.</summary>
internal static class PluginFile
{
    private const string Fields = "Those of a plugin monitor are plugin, pluginConfig (invoke_interval, timeout, max_output_length, concurrency, "
        + "enable_message_change_based_condition_update, skip_initial_status), source, conditions, rules and metricsReporting; of a rule type, condition, reason, path, args, timeout and invoke_interval.";

    public static NpdPluginMonitor Read(JsonFields fields, string path)
    {
        fields.Text("plugin");
        var conditions = MonitorFields.Conditions(fields);
        var own = fields.Object("pluginConfig");
        var interval = Positive(own, "invoke_interval", TimeSpan.FromSeconds(30));
        var timeout = Positive(own, "timeout", TimeSpan.FromSeconds(5));
        var monitor = new NpdPluginMonitor
        {
            Path = path,
            Source = fields.Text("source"),
            ReportsMetrics = fields.Flag("metricsReporting", true),
            Conditions = conditions,
            Interval = interval,
            MostOutput = own.Count("max_output_length", 80, 0, 4096),
            Concurrency = own.Count("concurrency", 3, 1, 1000),
            UpdatesOnMessage = own.Flag("enable_message_change_based_condition_update", false),
            SkipsInitialStatus = own.Flag("skip_initial_status", false),
            PluginRules = [.. fields.Objects("rules").Select(rule => ReadRule(rule, conditions, path, timeout, interval))],
        };
        own.NoteUnknown(Fields);
        fields.NoteUnknown(Fields);
        return monitor;
    }

    private static NpdPluginRule ReadRule(JsonFields rule, ImmutableArray<NpdDeclared> conditions, string file, TimeSpan mostTimeout, TimeSpan interval)
    {
        var (type, condition) = (rule.Text("type"), rule.Text("condition"));
        var reason = rule.Needed("reason", "one word in CamelCase, as NTPIsDown");
        if (type is not ("temporary" or "permanent"))
            rule.Error("type", $"is \"{type}\"; it must be temporary or permanent.");
        if (type == "permanent" && conditions.All(declared => declared.Type != condition))
            rule.Error("condition", $"is \"{condition}\", which the file does not declare under conditions; add it there.");
        var timeout = Positive(rule, "timeout", mostTimeout);
        if (timeout > mostTimeout)
            rule.Error("timeout", $"is longer than pluginConfig.timeout ({mostTimeout.TotalSeconds:0.###} s); it may not be.");
        var result = new NpdPluginRule(
            type == "permanent" ? condition : null, reason, rule.Mark, Program(rule, file), rule.Texts("args"), timeout, Positive(rule, "invoke_interval", interval));
        rule.NoteUnknown(Fields);
        return result;
    }

    /// <summary>As given, then below the folder above the file's own (where <c>./config/plugin/x.sh</c> is), then beside the file.</summary>
    private static string Program(JsonFields rule, string file)
    {
        var path = rule.Needed("path", "the program to run");
        if (path.Length == 0 || Path.GetFileName(path) is "health-checker" or "log-counter")
            return path; // done by the agent itself
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            rule.Error("path", "holds a NUL character, which no path can; take it out.");
            return path;
        }
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        string[] places = Path.IsPathRooted(path) ? [path] : [Path.GetFullPath(path), Path.GetFullPath(path, Path.GetDirectoryName(folder) ?? folder), Path.GetFullPath(path, folder)];
        if (places.FirstOrDefault(File.Exists) is not { } found)
        {
            rule.Error("path", $"is \"{path}\", and there is no such file{(places.Length > 1 ? $"; looked for as {string.Join(", ", places)}" : "")}.");
            return path;
        }
        if (!FileKind.IsExecutable(found))
            rule.Note("path", $"{found} is not executable: each run of it will end as Unknown. chmod +x it.");
        return found;
    }

    private static TimeSpan Positive(JsonFields fields, string name, TimeSpan fallback)
    {
        var value = fields.Duration(name, fallback);
        if (value > TimeSpan.Zero)
            return value;
        fields.Error(name, "is not above zero; it must be.");
        return fallback;
    }
}
