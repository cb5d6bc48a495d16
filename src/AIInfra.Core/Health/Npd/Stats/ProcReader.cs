using System.Globalization;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.Health.Npd.Stats;

/// <summary>Reads the processors', memory's and interfaces' figures from /proc. A file that is missing or odd adds nothing.</summary>
internal sealed class ProcReader(HostPaths host)
{
    private const double TicksPerSecond = 100; // USER_HZ: the same on every architecture that is in use

    private static readonly string[] States = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest", "guest_nice"];
    private static readonly string[] Stages = ["user", "nice", "system", "idle", "iowait", "iRQ", "softIRQ", "steal", "guest", "guestNice"];
    private static readonly string[] Received = ["bytes", "packets", "errors", "dropped", "fifo", "frame", "compressed", "multicast"];
    private static readonly string[] Sent = ["bytes", "packets", "errors", "dropped", "fifo", "collisions", "carrier", "compressed"];

    public void ReadLoad(StatsSample sample)
    {
        if (Fields(Text("loadavg")) is not [var one, var five, var fifteen, ..])
            return;
        sample.AddText("cpu/runnable_task_count", one);
        sample.AddText("cpu/load_1m", one);
        sample.AddText("cpu/load_5m", five);
        sample.AddText("cpu/load_15m", fifteen);
    }

    public void ReadProcessors(StatsSample sample)
    {
        foreach (var fields in Lines("stat").Select(Fields))
        {
            switch (fields)
            {
                case ["cpu", ..]:
                    AddTimes(sample, fields, States, "cpu/usage_time", null);
                    break;
                case [['c', 'p', 'u', ..] name, ..]:
                    AddTimes(sample, fields, Stages, "system/cpu_stat", name);
                    break;
                case ["intr", var count, ..]:
                    sample.AddText("system/interrupts_total", count);
                    break;
                case ["processes", var count]:
                    sample.AddText("system/processes_total", count);
                    break;
                case ["procs_running", var count]:
                    sample.AddText("system/procs_running", count);
                    break;
                case ["procs_blocked", var count]:
                    sample.AddText("system/procs_blocked", count);
                    break;
            }
        }
    }

    public void ReadMemory(StatsSample sample)
    {
        var bytes = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var line in Lines("meminfo"))
        {
            if (line.Split(':') is [var name, var rest] && Fields(rest) is [var number, ..]
                && double.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var kilobytes))
                bytes[name] = kilobytes * 1024;
        }
        Add("memory/bytes_used", "MemFree", "free");
        Add("memory/bytes_used", "Buffers", "buffered");
        Add("memory/bytes_used", "Cached", "cached");
        Add("memory/bytes_used", "Slab", "slab");
        Add("memory/anonymous_used", "Active(anon)", "active");
        Add("memory/anonymous_used", "Inactive(anon)", "inactive");
        Add("memory/page_cache_used", "Active(file)", "active");
        Add("memory/page_cache_used", "Inactive(file)", "inactive");
        Add("memory/dirty_used", "Dirty", "dirty");
        Add("memory/dirty_used", "Writeback", "writeback");
        if (bytes.TryGetValue("Unevictable", out var unevictable))
            sample.Add("memory/unevictable_used", unevictable);
        string[] rest4 = ["MemFree", "Buffers", "Cached", "Slab"];
        if (!bytes.TryGetValue("MemTotal", out var total) || total <= 0 || !rest4.All(bytes.ContainsKey))
            return;
        var used = total - rest4.Sum(name => bytes[name]);
        sample.Add("memory/bytes_used", used, "used");
        sample.Add("memory/percent_used", used / total * 100, "used");

        void Add(string id, string name, string state)
        {
            if (bytes.TryGetValue(name, out var value))
                sample.Add(id, value, state);
        }
    }

    /// <param name="isWanted">Of an interface's name.</param>
    public void ReadInterfaces(StatsSample sample, Func<string, bool> isWanted)
    {
        foreach (var line in Lines("1/net/dev", "net/dev").Skip(2)) // of the host's own network, also where the agent has another
        {
            var colon = line.LastIndexOf(':');
            if (colon < 0 || Fields(line[(colon + 1)..]) is not { Length: 16 } fields || !isWanted(line[..colon].Trim()))
                continue;
            var name = line[..colon].Trim();
            for (var at = 0; at < 8; at++)
            {
                sample.AddText($"net/rx_{Received[at]}", fields[at], 1, name);
                sample.AddText($"net/tx_{Sent[at]}", fields[at + 8], 1, name);
            }
        }
    }

    public void ReadUptime(StatsSample sample)
    {
        if (Fields(Text("uptime")) is [var seconds, ..] && double.TryParse(seconds, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var up))
            sample.Add("host/uptime", Math.Floor(up), Text("sys/kernel/osrelease").Trim(), OsVersion());
    }

    public void ReadFeatures(StatsSample sample, IReadOnlySet<string> knownModules)
    {
        var options = Fields(Text("cmdline")).Select(word => word.Split('=', 2)).Where(pair => pair.Length == 2)
            .GroupBy(pair => pair[0]).ToDictionary(group => group.Key, group => group.Last()[1]);
        Feature("KTD", Option("csm.enabled"));
        Feature("UnifiedCgroupHierarchy", Option("systemd.unified_cgroup_hierarchy"));
        Feature("KernelModuleIntegrity", Option("module.sig_enforce") == 1 && Option("loadpin.enabled") == 1 ? 1 : 0);
        var modules = Lines("modules").Select(Fields).Where(fields => fields.Length >= 6).ToList();
        var unknown = modules.Where(fields => fields is [.., ['(', ..] taints] && taints.AsSpan().ContainsAny('O', 'P')).Select(fields => fields[0])
            .Where(name => !name.Contains("nvidia", StringComparison.Ordinal) && !knownModules.Contains(name)).ToList();
        sample.Add("system/os_feature", unknown.Count > 0 ? 1 : 0, "UnknownModules", string.Join(',', unknown));
        Feature("GPUSupport", modules.Any(fields => fields[0].Contains("nvidia", StringComparison.Ordinal)) ? 1 : 0);

        double Option(string name) => options.TryGetValue(name, out var text) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : 0;
        void Feature(string name, double value) => sample.Add("system/os_feature", value, name, "");
    }

    /// <summary>Name and version of /etc/os-release, whatever they are.</summary>
    private string OsVersion()
    {
        var fields = TextAt(Path.Join(host.Root, "etc/os-release")).Split('\n').Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2)
            .GroupBy(pair => pair[0]).ToDictionary(group => group.Key, group => group.Last()[1].Trim('"', '\''));
        var id = fields.GetValueOrDefault("ID", "");
        return id switch
        {
            "cos" => $"cos {fields.GetValueOrDefault("VERSION", "")}-{fields.GetValueOrDefault("BUILD_ID", "")}",
            "debian" or "ubuntu" => $"{id} {fields.GetValueOrDefault("VERSION", fields.GetValueOrDefault("VERSION_ID", ""))}",
            _ => $"{id} {fields.GetValueOrDefault("VERSION_ID", fields.GetValueOrDefault("VERSION", ""))}".Trim(),
        };
    }

    private static void AddTimes(StatsSample sample, string[] fields, string[] names, string id, string? processor)
    {
        for (var at = 0; at < names.Length && at + 1 < fields.Length; at++)
        {
            if (processor is null)
                sample.AddText(id, fields[at + 1], 1 / TicksPerSecond, names[at]);
            else
                sample.AddText(id, fields[at + 1], 1 / TicksPerSecond, processor, names[at]);
        }
    }

    internal static string[] Fields(string line) => line.Split([' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries);

    internal string[] Lines(params string[] names) => names.Select(Text).FirstOrDefault(text => text.Length > 0)?.Split('\n') ?? [];

    private string Text(string name) => TextAt(Path.Combine(host.Proc, name));

    private static string TextAt(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
