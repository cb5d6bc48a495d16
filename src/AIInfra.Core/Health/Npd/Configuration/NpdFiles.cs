using System.Text.Json;
using AIInfra.Core.Configuration;

namespace AIInfra.Core.Health.Npd.Configuration;

/// <summary>Loads the files of node-problem-detector as they are. What a file is, its content says; a bad one is left out and does not stop the others.</summary>
public static class NpdFiles
{
    private const int LongestFile = 1 << 20, MostFiles = 500, DeepestFolder = 4;

    /// <param name="paths">Files, or folders of <c>*.json</c>; what begins with a dot in a folder is passed over.</param>
    public static NpdConfiguration Load(IEnumerable<string> paths)
    {
        var faults = new FileFaults();
        var (logs, plugins, stats) = (new List<NpdLogMonitor>(), new List<NpdPluginMonitor>(), new List<NpdStatsMonitor>());
        foreach (var file in paths.SelectMany(path => Files(path, faults)).Distinct(StringComparer.Ordinal).Take(MostFiles + 1).ToList())
        {
            if (logs.Count + plugins.Count + stats.Count >= MostFiles)
            {
                faults.Error(new ConfigMark("health.npdConfig", 0, 0), $"there are more than {MostFiles} files; the others are left out.");
                break;
            }
            var own = new FileFaults();
            var monitor = Read(file, own);
            faults.Errors.AddRange(own.Errors);
            faults.Notes.AddRange(own.Notes);
            if (own.Errors.Count > 0)
                continue;
            switch (monitor)
            {
                case NpdLogMonitor log:
                    logs.Add(log);
                    break;
                case NpdPluginMonitor plugin:
                    plugins.Add(plugin);
                    break;
                case NpdStatsMonitor stat:
                    stats.Add(stat);
                    break;
            }
        }
        return new NpdConfiguration { Logs = [.. logs], Plugins = [.. plugins], Stats = [.. stats], Errors = [.. faults.Errors], Notes = [.. faults.Notes] };
    }

    private static List<string> Files(string path, FileFaults faults)
    {
        var mark = new ConfigMark(path, 0, 0);
        if (!Directory.Exists(path))
        {
            if (!File.Exists(path))
                faults.Error(mark, "there is no such file or folder; health.npdConfig names it.");
            return File.Exists(path) ? [path] : [];
        }
        try
        {
            var found = Walk(path, 0).ToList();
            if (found.Count == 0)
                faults.Error(mark, "the folder holds no *.json file; health.npdConfig names it.");
            return found;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            faults.Error(mark, $"the folder cannot be read: {fault.Message}");
            return [];
        }
    }

    /// <summary>A mounted ConfigMap has its files a second time in folders that begin with two dots.</summary>
    private static IEnumerable<string> Walk(string folder, int depth) =>
        Directory.GetFiles(folder, "*.json").Where(IsPlain).Order(StringComparer.Ordinal)
            .Concat(depth >= DeepestFolder ? [] : Directory.GetDirectories(folder).Where(IsPlain).Order(StringComparer.Ordinal).SelectMany(inner => Walk(inner, depth + 1)));

    private static bool IsPlain(string path) => !Path.GetFileName(path).StartsWith('.');

    /// <returns>A monitor; null for what is none.</returns>
    private static object? Read(string path, FileFaults faults)
    {
        var mark = new ConfigMark(path, 0, 0);
        try
        {
            if ((File.GetAttributes(path) & FileAttributes.Device) != 0 || Linux.Files.FileKind.Of(path) != Linux.Files.FileKind.Regular)
                faults.Error(mark, "this is no regular file.");
            else if (new FileInfo(path).Length > LongestFile)
                faults.Error(mark, $"the file is larger than {LongestFile:N0} bytes; is it a configuration of node-problem-detector?");
            else
                return ReadText(path, File.ReadAllBytes(path), faults);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            faults.Error(mark, $"the file cannot be read: {fault.Message}");
        }
        return null;
    }

    internal static object? ReadText(string path, ReadOnlySpan<byte> text, FileFaults faults)
    {
        var (node, error) = JsonNode.Parse(path, text);
        if (node is null)
        {
            faults.Errors.Add(error!);
            return null;
        }
        if (node.Kind == JsonTokenType.StartArray && node.Items.All(item => item["moduleName"] is not null))
        {
            faults.Note(node.Mark, "this is a list of known modules, no monitor; a system-stats-monitor names it.");
            return null;
        }
        if (node.Kind != JsonTokenType.StartObject)
        {
            faults.Error(node.Mark, $"the file holds {node.Word}; a monitor is an object.");
            return null;
        }
        if (Path.GetFileName(path).StartsWith("windows-", StringComparison.OrdinalIgnoreCase))
        {
            faults.Note(node.Mark, "this file is for Windows; it was read and is not used.");
            return null;
        }
        var fields = new JsonFields(node, "", faults);
        return node["plugin"] is { } plugin ? ReadMonitor(fields, path, plugin, faults) : ReadOther(fields, path, node, faults);
    }

    private static NpdMonitor? ReadMonitor(JsonFields fields, string path, JsonNode plugin, FileFaults faults)
    {
        switch (plugin.Text)
        {
            case "custom":
                return PluginFile.Read(fields, path);
            case "kmsg":
                return LogFile.Read(fields, path, NpdLogKind.Kmsg);
            case "journald":
                return LogFile.Read(fields, path, NpdLogKind.Journald);
            case "filelog":
                return LogFile.Read(fields, path, NpdLogKind.FileLog);
            default:
                faults.Error(plugin.Mark, $"plugin is {plugin.Word}; it must be \"kmsg\", \"journald\" or \"filelog\" (a log), or \"custom\" (programs to run).");
                return null;
        }
    }

    private static NpdStatsMonitor? ReadOther(JsonFields fields, string path, JsonNode node, FileFaults faults)
    {
        if (StatsFile.Sections.Any(fields.Has))
            return StatsFile.Read(fields, path);
        if (fields.Has("apiEndpoint") || fields.Has("exportPeriod"))
            faults.Note(node.Mark, "this configures the exporter to Stackdriver, which this agent does not have; it is not used. Scrape /metrics instead.");
        else
            faults.Error(node.Mark, $"the file says neither \"plugin\" (kmsg, journald, filelog or custom) nor has it a section of system statistics ({string.Join(", ", StatsFile.Sections)}).");
        return null;
    }
}
