using System.Globalization;
using System.Text;
using AIInfra.Core.Health.Npd.Logs;
using AIInfra.Core.Health.Npd.Plugins;
using AIInfra.Linux.Journal;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Npd;

/// <summary>Journals through the real libsystemd. Their files are made by systemd-journal-remote, where it is: no systemd has to run.</summary>
public sealed class JournalTests : IDisposable
{
    private static readonly string[] Places = ["/lib/systemd/systemd-journal-remote", "/usr/lib/systemd/systemd-journal-remote"];

    private readonly NpdHost _host = new();

    public void Dispose() => _host.Dispose();

    private static readonly string Tools = RepositoryRoot.Combine("out", "tools", "debian");
    private static readonly Dictionary<string, string> Libraries = new()
    {
        ["LD_LIBRARY_PATH"] = $"{Tools}/usr/lib/x86_64-linux-gnu:/lib/x86_64-linux-gnu/systemd:/usr/lib/x86_64-linux-gnu/systemd",
    };

    private static async Task<string> MakerAsync()
    {
        var maker = Places.Select(place => Tools + place).Concat(Places).FirstOrDefault(File.Exists);
        Assert.SkipWhen(maker is null, "systemd-journal-remote is not installed: no journal can be made");
        await using var version = PeerProcess.Start(maker!, ["--version"], Libraries);
        Assert.SkipWhen(await version.WaitForExitAsync(TestContext.Current.CancellationToken) != 0, "systemd-journal-remote does not run: it is of another version than this host's libsystemd");
        return maker!;
    }

    private string Folder => Directory.CreateDirectory(_host.Combine("var/log/journal")).FullName;

    private async Task WriteAsync(params (string Identifier, string Message, double MinutesAgo)[] entries)
    {
        var maker = await MakerAsync();
        var text = new StringBuilder();
        foreach (var (identifier, message, ago) in entries)
        {
            var micros = (long)(_host.Time.GetUtcNow() - TimeSpan.FromMinutes(ago) - DateTimeOffset.UnixEpoch).TotalMicroseconds;
            text.Append(CultureInfo.InvariantCulture, $"__REALTIME_TIMESTAMP={micros}\n__MONOTONIC_TIMESTAMP={micros / 1000}\n_BOOT_ID=0123456789abcdef0123456789abcdef\nSYSLOG_IDENTIFIER={identifier}\nMESSAGE={message}\n\n");
        }
        var export = _host.Write("export.txt", text.ToString());
        await using var make = PeerProcess.Start(maker, ["--output", Path.Combine(Folder, "system.journal"), export], Libraries);
        Assert.Equal(0, await make.WaitForExitAsync(TestContext.Current.CancellationToken));
    }

    private const string Monitor = """
        { "plugin": "journald", "source": "docker-monitor", "logPath": "/var/log/journal", "lookback": "5m", "pluginConfig": { "source": "dockerd" },
          "rules": [ { "type": "temporary", "reason": "Corrupt", "pattern": "Error .* failed to register layer.*" } ] }
        """;

    [Fact]
    public async Task Lines_of_the_identifier_since_the_lookback_count_once_over_a_restart()
    {
        await WriteAsync(("dockerd", "Error 1 failed to register layer", 9), ("dockerd", "  Error 2 failed to register layer: x \n", 3), ("kubelet", "Error 3 failed to register layer", 2), ("dockerd", "all well", 1));
        var configuration = _host.Load(Monitor);
        using (var first = _host.Begin(configuration))
        {
            new JournalWorker("/var/log/journal", configuration.Logs, first.Boards, _host.Time, new RecordedLog<JournalWorker>()).Follow(TestContext.Current.CancellationToken, untilEnd: true);
            Assert.Equal(["Corrupt: Error 2 failed to register layer: x"], first.Events);
            first.Save();
        }

        using var second = _host.Begin(configuration);
        new JournalWorker("/var/log/journal", configuration.Logs, second.Boards, _host.Time, new RecordedLog<JournalWorker>()).Follow(TestContext.Current.CancellationToken, untilEnd: true);

        Assert.Empty(second.Events);
    }

    [Fact]
    public void A_journal_that_is_not_there_is_said_once()
    {
        var configuration = _host.Load(Monitor);
        using var life = _host.Begin(configuration);
        var log = new RecordedLog<JournalWorker>();
        var worker = new JournalWorker("/var/log/journal", configuration.Logs, life.Boards, _host.Time, log);

        worker.Follow(TestContext.Current.CancellationToken, untilEnd: true);
        worker.Follow(TestContext.Current.CancellationToken, untilEnd: true);

        Assert.Contains("There is no journal in", Assert.Single(log.Lines).Text, StringComparison.Ordinal);
        Assert.Contains("What monitor.json look for is not seen", life.Workers.Parts[worker.Part].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_corrupt_journal_ends_nothing_but_itself()
    {
        await WriteAsync(("dockerd", "Error 2 failed to register layer", 3));
        var file = Path.Combine(Folder, "system.journal");
        var bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        new Random(7).NextBytes(bytes.AsSpan(300));
        await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);
        var configuration = _host.Load(Monitor);
        using var life = _host.Begin(configuration);

        new JournalWorker("/var/log/journal", configuration.Logs, life.Boards, _host.Time, new RecordedLog<JournalWorker>()).Follow(TestContext.Current.CancellationToken, untilEnd: true);

        Assert.Empty(life.Events);
    }

    [Fact]
    public async Task The_log_counter_counts_matches_less_those_that_take_one_back()
    {
        await WriteAsync(("systemd", "Started kubelet.service.", 30), ("systemd", "Started kubelet.service.", 10), ("systemd", "Started kubelet.service.", 9), ("systemd", "Stopping kubelet.service...", 8),
            ("systemd", "Started kubelet.service.", 7), ("kubelet", "Started kubelet.service.", 6));
        var counter = new LogCounter(_host.Paths, new BootClock(_host.Paths, _host.Time), _host.Time);
        string[] flags = ["--journald-source=systemd", "--log-path=/var/log/journal", "--lookback=20m", "--pattern=Started kubelet.service.", "--revert-pattern=Stopping kubelet.service..."];

        var two = counter.Run([.. flags, "--count=2"], TestContext.Current.CancellationToken);
        var three = counter.Run([.. flags, "--count=3"], TestContext.Current.CancellationToken);

        Assert.Equal("2 matching log lines in 00:20:00, the limit is 2", two.Message);
        Assert.Equal("2 matching log lines", three.Message);
    }

    [Fact]
    public void Garbage_as_a_journal_is_no_fault_of_the_reader()
    {
        File.WriteAllBytes(Path.Combine(Folder, "system.journal"), [.. Enumerable.Range(0, 5000).Select(at => (byte)at)]);

        using var reader = JournalReader.Open(Folder, ["SYSLOG_IDENTIFIER=x"]);
        reader.Seek(0);

        Assert.False(reader.TryRead(out _));
    }
}
