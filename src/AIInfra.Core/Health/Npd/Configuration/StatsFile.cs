using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using AIInfra.Core.Health.Npd.Logs;
using AIInfra.Core.Health.Npd.Patterns;
using AIInfra.Core.Health.Npd.Stats;

namespace AIInfra.Core.Health.Npd.Configuration;

/// <summary>Reads the file of a system-stats-monitor.</summary>
internal static class StatsFile
{
    public static readonly string[] Sections = ["cpu", "disk", "host", "memory", "osFeature", "net"];

    private const string Fields = "Those of a system-stats-monitor are the sections cpu, disk, host, memory, osFeature and net, each with metricsConfigs, and invokeInterval and procPath.";

    public static NpdStatsMonitor Read(JsonFields fields, string path)
    {
        var names = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var (disk, features, net) = (fields.Object("disk"), fields.Object("osFeature"), fields.Object("net"));
        foreach (var section in new[] { fields.Object("cpu"), disk, fields.Object("host"), fields.Object("memory"), features, net })
            ReadNames(section, names);
        var interval = fields.Duration("invokeInterval", TimeSpan.FromSeconds(60));
        if (interval < TimeSpan.FromSeconds(1))
            fields.Error("invokeInterval", "is too short; it must be 1s or more.");
        if (disk.Duration("lsblkTimeout", TimeSpan.FromSeconds(5)) > interval && fields.Has("disk"))
            disk.Error("lsblkTimeout", "is longer than invokeInterval; it may not be.");
        if (fields.Text("procPath", "/proc") != "/proc")
            fields.Note("procPath", "is ignored: the host's files are found by host.proc.");
        var monitor = new NpdStatsMonitor
        {
            Path = path,
            Interval = interval,
            Names = names.ToImmutable(),
            WithRootDisk = disk.Flag("includeRootBlk", false),
            WithAllDisks = disk.Flag("includeAllAttachedBlk", false),
            WithoutInterfaces = Excluded(net),
            KnownModules = ReadModules(features, path),
        };
        foreach (var section in new[] { disk, features, net })
            section.NoteUnknown(Fields);
        fields.NoteUnknown(Fields);
        return monitor;
    }

    private static void ReadNames(JsonFields section, ImmutableSortedDictionary<string, string>.Builder names)
    {
        foreach (var (id, metric) in section.Object("metricsConfigs").Members())
        {
            var name = metric.Text("displayName");
            if (!StatsTable.Ids.Contains(id))
                metric.Note("displayName", $"is of \"{id}\", which is no metric of node-problem-detector; it is ignored.");
            else if (name.Length > 0)
                names[id] = name;
        }
    }

    private static Regex? Excluded(JsonFields net)
    {
        var text = net.Text("excludeInterfaceRegexp");
        try
        {
            return text.Length == 0 ? null : Re2Pattern.Capturing(text, NpdRegex.Patience);
        }
        catch (Re2Exception fault)
        {
            net.Error("excludeInterfaceRegexp", MonitorFields.WhyNot(text, fault));
            return null;
        }
    }

    /// <summary>Relative to the file. One that cannot be read leaves every module unknown, which is then noted.</summary>
    private static ImmutableHashSet<string> ReadModules(JsonFields features, string path)
    {
        var name = features.Text("knownModulesConfigPath", "guestosconfig/known-modules.json");
        var file = Path.GetFullPath(name, Path.GetDirectoryName(Path.GetFullPath(path))!);
        try
        {
            if (JsonNode.Parse(file, File.ReadAllBytes(file)) is ({ Kind: JsonTokenType.StartArray } node, null))
                return [.. node.Items.Select(item => item["moduleName"]?.Text).OfType<string>()];
            features.Note("knownModulesConfigPath", $"{file} is no list of modules; every module without a known name counts as unknown.");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            if (features.Has("metricsConfigs"))
                features.Note("knownModulesConfigPath", $"{file} cannot be read; every module without a known name counts as unknown.");
        }
        return [];
    }
}
