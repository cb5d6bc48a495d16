using AIInfra.Core.Health.Npd.Configuration;

namespace AIInfra.UnitTests.Npd;

/// <summary>Loading: what a file is, how Go reads it, and what is said of a bad one.</summary>
public sealed class NpdFilesTests : IDisposable
{
    private const string Kernel = """
        { "plugin": "kmsg", "source": "k", "rules": [ { "type": "temporary", "reason": "Oom", "pattern": "Killed .*" } ] }
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("npd-");

    public void Dispose() => _folder.Delete(recursive: true);

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    private static string[] Errors(string text) => [.. NpdText.Load(text).Errors.Select(error => $"{error.Mark.Line}:{error.Mark.Column}: {error.Message}")];

    [Fact]
    public void A_folder_is_sorted_out_by_what_its_files_hold()
    {
        Write("a-kernel.json", Kernel);
        Write("b-journal.json", """{ "plugin": "journald", "pluginConfig": { "source": "kubelet" }, "rules": [] }""");
        Write("c-plugin.json", """{ "plugin": "custom", "rules": [] }""");
        Write("d-stats.json", """{ "cpu": { "metricsConfigs": { "cpu/load_1m": { "displayName": "cpu/load_1m" } } } }""");
        Write("exporter/stackdriver.json", """{ "apiEndpoint": "monitoring.example:443", "exportPeriod": "60s" }""");
        Write("guestosconfig/known.json", """[ { "moduleName": "crypto_simd" } ]""");
        Write("windows-defender.json", """{ "plugin": "custom", "rules": [ { "type": "temporary", "reason": "X", "path": "C:\\x.ps1" } ] }""");
        Write("..2026_01/kernel.json", Kernel);
        Write("readme.txt", "no monitor");

        var loaded = NpdFiles.Load([_folder.FullName]);

        Assert.Empty(loaded.Errors);
        Assert.Equal([NpdLogKind.Kmsg, NpdLogKind.Journald], loaded.Logs.Select(log => log.Kind));
        Assert.Equal((1, 1), (loaded.Plugins.Length, loaded.Stats.Length));
        Assert.Equal(["stackdriver.json", "known.json", "windows-defender.json"], loaded.Notes.Select(note => Path.GetFileName(note.Mark.Source)).Order(StringComparer.Ordinal).Order(Comparer<string>.Create((left, right) => Rank(left) - Rank(right))));

        static int Rank(string name) => name[0] switch { 's' => 0, 'k' => 1, _ => 2 };
    }

    [Fact]
    public void Keys_match_in_any_case_the_last_of_two_wins_and_unknown_ones_are_noted_once()
    {
        var loaded = NpdText.Load("""
            { "Plugin": "journald", "plugin": "kmsg", "SOURCE": "k", "bufferSIZE": 3, "logpath": null, "colour": "red",
              "rules": [ { "TYPE": "temporary", "reason": "A", "pattern": "x", "Reason": "B", "colour": "blue" } ] }
            """);

        Assert.Empty(loaded.Errors);
        var log = Assert.Single(loaded.Logs);
        Assert.Equal((NpdLogKind.Kmsg, "k", 3, "B"), (log.Kind, log.Source, log.BufferSize, log.LogRules[0].Reason));
        Assert.Contains("colour is no field", Assert.Single(loaded.Notes).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Defaults_are_those_of_node_problem_detector()
    {
        var log = NpdText.Load(Kernel).Logs[0];
        var plugin = NpdText.Load("""{ "plugin": "custom", "rules": [ { "type": "temporary", "reason": "A", "path": "/bin/true" } ] }""").Plugins[0];

        Assert.Equal((TimeSpan.Zero, TimeSpan.Zero, 10, true), (log.Lookback, log.Delay, log.BufferSize, log.ReportsMetrics));
        Assert.Equal((TimeSpan.FromSeconds(30), 80, 3, false, false), (plugin.Interval, plugin.MostOutput, plugin.Concurrency, plugin.UpdatesOnMessage, plugin.SkipsInitialStatus));
        Assert.Equal((TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30)), (plugin.PluginRules[0].Timeout, plugin.PluginRules[0].Interval));
    }

    [Theory]
    [InlineData("""{ "plugin": "kmsg", "bufferSize": "10", "rules": [] }""", "1:35: bufferSize is \"10\"; it must be a whole number")]
    [InlineData("""{ "plugin": "kmsg", "lookback": "5 minutes", "rules": [] }""", "lookback is \"5 minutes\"; it must be a duration such as 30s")]
    [InlineData("""{ "plugin": "kmsg", "lookback": "1d", "rules": [] }""", "lookback is \"1d\"")]
    [InlineData("""{ "plugin": "kmsg", "rules": {} }""", "rules is an object; it must be an array of objects")]
    [InlineData("""{ "plugin": "kmsg", "rules": [ { "type": "temporary", "reason": "A", "pattern": "a(b" } ] }""", "rules[0].pattern is no regular expression that RE2 takes: at character 2 of \"a(b\"")]
    [InlineData("""{ "plugin": "kmsg", "rules": [ { "type": "temporary", "pattern": "a" } ] }""", "rules[0].reason is missing or empty; it must be one word")]
    [InlineData("""{ "plugin": "dmesg", "rules": [] }""", "plugin is \"dmesg\"; it must be \"kmsg\", \"journald\" or \"filelog\"")]
    [InlineData("""{ "plugin": 5 }""", "plugin is 5; it must be")]
    [InlineData("""{ "plugin": "kmsg", }""", "the file is no JSON")]
    [InlineData("""{ "plugin": "kmsg" } // end""", "the file is no JSON")]
    [InlineData("""{ "rules": [] }""", "the file says neither")]
    [InlineData("\"kmsg\"", "the file holds \"kmsg\"; a monitor is an object")]
    [InlineData("""{ "plugin": "journald", "rules": [] }""", "pluginConfig.source is missing or empty")]
    [InlineData("""{ "plugin": "filelog", "pluginConfig": { "timestamp": "^.{15}", "message": "[", "timestampFormat": "x" }, "logPath": "/x", "rules": [] }""", "pluginConfig.message is no regular expression")]
    [InlineData("""{ "plugin": "filelog", "pluginConfig": { "timestamp": "a", "message": "b", "timestampFormat": "x" }, "rules": [] }""", "logPath is missing")]
    [InlineData("""{ "plugin": "custom", "pluginConfig": { "invoke_interval": "0s" }, "rules": [] }""", "pluginConfig.invoke_interval is not above zero")]
    [InlineData("""{ "plugin": "custom", "pluginConfig": { "concurrency": 0 }, "rules": [] }""", "pluginConfig.concurrency is 0; it must be a whole number from 1")]
    [InlineData("""{ "plugin": "custom", "rules": [ { "type": "sometimes", "reason": "A", "path": "/bin/true" } ] }""", "rules[0].type is \"sometimes\"; it must be temporary or permanent")]
    [InlineData("""{ "plugin": "custom", "rules": [ { "type": "permanent", "condition": "C", "reason": "A", "path": "/bin/true" } ] }""", "rules[0].condition is \"C\", which the file does not declare")]
    [InlineData("""{ "plugin": "custom", "rules": [ { "type": "temporary", "reason": "A", "path": "/bin/true", "timeout": "6s" } ] }""", "rules[0].timeout is longer than pluginConfig.timeout (5 s)")]
    [InlineData("""{ "plugin": "custom", "rules": [ { "type": "temporary", "reason": "A", "path": "./no/such.sh" } ] }""", "rules[0].path is \"./no/such.sh\", and there is no such file; looked for as ")]
    [InlineData("""{ "cpu": {}, "invokeInterval": "0s" }""", "invokeInterval is too short")]
    public void A_bad_file_is_told_with_its_place_and_what_would_be_right(string text, string error)
    {
        Assert.Contains(error, Assert.Single(Errors(text)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_bad_file_does_not_stop_the_others_and_all_its_faults_are_told()
    {
        Write("bad.json", """
            { "plugin": "kmsg",
              "bufferSize": -1,
              "rules": [ { "type": "temporary", "reason": "A", "pattern": "(" } ] }
            """);
        Write("good.json", Kernel);

        var loaded = NpdFiles.Load([_folder.FullName]);

        Assert.Equal("good.json", Assert.Single(loaded.Logs).Name);
        Assert.Equal([2, 3], loaded.Errors.Select(error => error.Mark.Line));
    }

    [Fact]
    public void A_script_is_looked_for_below_the_folder_above_the_file()
    {
        Write("config/plugin/check.sh", "#!/bin/sh\n");
        var file = Write("config/monitor.json", """{ "plugin": "custom", "rules": [ { "type": "temporary", "reason": "A", "path": "./config/plugin/check.sh" } ] }""");

        var loaded = NpdFiles.Load([file]);

        Assert.Equal(Path.Combine(_folder.FullName, "config/plugin/check.sh"), loaded.Plugins[0].PluginRules[0].Program);
        Assert.Contains("is not executable", Assert.Single(loaded.Notes).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_helpers_need_not_be_there()
    {
        var loaded = NpdText.Load("""{ "plugin": "custom", "rules": [ { "type": "temporary", "reason": "A", "path": "/home/kubernetes/bin/health-checker", "args": ["--component=kubelet"] } ] }""");

        Assert.Empty(loaded.Errors);
        Assert.True(loaded.Plugins[0].PluginRules[0].IsHealthChecker);
    }

    [Fact]
    public void What_is_no_file_is_told()
    {
        using var pipe = System.Diagnostics.Process.Start("mkfifo", Path.Combine(_folder.FullName, "pipe.json"));
        pipe.WaitForExit();

        var loaded = NpdFiles.Load([_folder.FullName, "/no/such/folder"]);

        Assert.Equal(["this is no regular file.", "there is no such file or folder; health.npdConfig names it."], loaded.Errors.Select(error => error.Message).Order(StringComparer.Ordinal).Reverse());
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("300ms", 300)]
    [InlineData("1.5h", 5_400_000)]
    [InlineData("2h45m", 9_900_000)]
    [InlineData("-1m", -60_000)]
    [InlineData("1h1m1s1ms", 3_661_001)]
    [InlineData(".5s", 500)]
    [InlineData("1µs", 0.001)]
    public void Durations_are_Gos(string text, double milliseconds)
    {
        Assert.Equal(milliseconds, GoDuration.Parse(text)!.Value.TotalMilliseconds, 6);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("5d")]
    [InlineData("s")]
    [InlineData("1h m")]
    [InlineData("1..5s")]
    [InlineData("9999999999h")]
    public void Other_durations_are_none(string text)
    {
        Assert.Null(GoDuration.Parse(text));
    }
}
