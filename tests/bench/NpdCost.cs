using System.Globalization;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Npd;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Health.Npd.Logs;
using AIInfra.Core.Health.Npd.Plugins;
using AIInfra.Core.Hosting;
using AIInfra.Vendors;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.Bench;

/// <summary>What node-problem-detector's monitors cost: lines against a kernel monitor beside all other rules, and a storm of plugins.</summary>
internal static class NpdCost
{
    private const int Lines = 1_000_000, Plugins = 100, StormSeconds = 40;

    /// <summary>Rules of the kind that a kernel monitor has, over a buffer of ten lines.</summary>
    private const string KernelMonitor = """
        { "plugin": "kmsg", "source": "kernel-monitor", "lookback": "5m", "bufferSize": 10,
          "conditions": [ { "type": "KernelDeadlock", "reason": "NoDeadlock", "message": "fine" }, { "type": "XfsShutdown", "reason": "XfsUp", "message": "fine" } ],
          "rules": [
            { "type": "temporary", "reason": "OOMKilling", "pattern": "Killed process \\d+ (.+) total-vm:\\d+kB, anon-rss:\\d+kB, file-rss:\\d+kB.*" },
            { "type": "temporary", "reason": "TaskHung", "pattern": "task [\\S ]+:\\w+ blocked for more than \\w+ seconds\\." },
            { "type": "temporary", "reason": "UnregisterNetDevice", "pattern": "unregister_netdevice: waiting for \\w+ to become free. Usage count = \\d+" },
            { "type": "temporary", "reason": "KernelOops", "pattern": "BUG: unable to handle .*" },
            { "type": "temporary", "reason": "DivideError", "pattern": "divide error: 0000 \\[#\\d+\\] SMP" },
            { "type": "temporary", "reason": "Ext4Error", "pattern": "EXT4-fs error .*" },
            { "type": "temporary", "reason": "Ext4Warning", "pattern": "EXT4-fs warning .*" },
            { "type": "temporary", "reason": "IOError", "pattern": "Buffer I/O error .*" },
            { "type": "temporary", "reason": "MemoryReadError", "pattern": "CE memory read error .*" },
            { "type": "temporary", "reason": "Trace", "pattern": "Call Trace:\\n.*\\n.*bad_page.*" },
            { "type": "permanent", "condition": "XfsShutdown", "reason": "XfsHasShutdown", "pattern": "XFS .* Shutting down filesystem.?" },
            { "type": "permanent", "condition": "KernelDeadlock", "reason": "DockerHung", "pattern": "task docker:\\w+ blocked for more than \\w+ seconds\\." } ] }
        """;

    public static async Task RunAsync(TextWriter report)
    {
        var folder = Directory.CreateTempSubdirectory("aiinfra-npd-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "kernel.json"), KernelMonitor);
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "storm.json"), Storm());
            var loaded = NpdFiles.Load([folder.FullName]);
            if (!loaded.Errors.IsEmpty)
                throw new InvalidOperationException(loaded.Errors[0].ToString());
            await Task.Factory.StartNew(() => Match(report, loaded), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            await StormAsync(report, loaded);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Storm()
    {
        var rules = Enumerable.Range(0, Plugins).Select(at => $$"""{ "type": "temporary", "reason": "Storm{{at}}", "path": "/bin/true" }""");
        return $$"""{ "plugin": "custom", "source": "storm", "pluginConfig": { "invoke_interval": "10s", "concurrency": 10 }, "rules": [ {{string.Join(", ", rules)}} ] }""";
    }

    private static void Match(TextWriter report, NpdConfiguration loaded)
    {
        using var health = new HealthBoard(TimeProvider.System, "bench", []);
        using var board = new NpdBoard(loaded, health, TimeProvider.System);
        var others = new LogMatcher(VendorLogs.Decoders(), VendorLogs.Rules, new SlowPatterns());
        var npd = new LineMatcher(loaded.Logs.Select(log => (log, DateTimeOffset.MinValue)), board, new SlowPatterns());
        var findings = new List<LogFinding>();
        var lines = LogCost.OrdinaryLines();
        var fault = "Buffer I/O error on dev sda1, logical block 7, async page read"u8.ToArray();
        var before = RunLines(withNpd: false);
        var after = RunLines(withNpd: true);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        foreach (var line in lines)
            npd.Match(new NpdLine(line, DateTimeOffset.UnixEpoch));
        report.Note("npd: log lines against the built-in rules and a kernel monitor of node-problem-detector's kind; baseline: without the monitor, same run");
        report.Row("npd: lines/s, one in 1000 a match", after, before, "1000000");
        report.Row("npd: allocated for a line without a match, bytes", (double)(GC.GetAllocatedBytesForCurrentThread() - allocated) / lines.Length, null, "0");

        double RunLines(bool withNpd)
        {
            var started = LogCost.ThreadCpuSeconds();
            for (var at = 0; at < Lines; at++)
            {
                var line = at % 1000 == 0 ? fault : lines[at % lines.Length];
                others.Match(new LogLine(line, LogOrigin.Kernel, at), findings);
                if (withNpd)
                    npd.Match(new NpdLine(line, DateTimeOffset.UnixEpoch));
                findings.Clear();
            }
            return Lines / (LogCost.ThreadCpuSeconds() - started);
        }
    }

    private static async Task StormAsync(TextWriter report, NpdConfiguration loaded)
    {
        using var health = new HealthBoard(TimeProvider.System, "bench", []);
        using var board = new NpdBoard(loaded, health, TimeProvider.System);
        var host = new HostPaths();
        using var runs = new PluginRuns(host, new BootClock(host, TimeProvider.System), TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var worker = new PluginWorker(loaded.Plugins[0], runs, board, TimeProvider.System, NullLogger<PluginWorker>.Instance).RunAsync(stop.Token);
        await Task.Delay(TimeSpan.FromSeconds(5)); // the first round, with all that is compiled for it
        var before = Environment.CpuUsage.TotalTime;
        await Task.Delay(TimeSpan.FromSeconds(StormSeconds));
        var used = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
        await stop.CancelAsync();
        await Task.WhenAny(worker);
        report.Note(string.Create(CultureInfo.InvariantCulture, $"npd: {Plugins} plugins (/bin/true), each every 10 s, for {StormSeconds} s; the agent's own time beside the plugins"));
        report.Row("npd: plugin storm, % of one core", used * 100 / StormSeconds, null, "2");
    }
}
