using System.Globalization;
using System.Text;
using AIInfra.Core.Devices;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Npd.Logs;
using AIInfra.Core.Health.Npd.Plugins;
using AIInfra.Linux.Journal;
using AIInfra.Testing;
using AIInfra.Vendors;

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
            text.Append(CultureInfo.InvariantCulture, $"__REALTIME_TIMESTAMP={micros}\n__MONOTONIC_TIMESTAMP={micros / 1000}\n_BOOT_ID=0123456789abcdef0123456789abcdef\nSYSLOG_IDENTIFIER={identifier.Split('|')[0]}\n{Trusted(identifier)}MESSAGE={message}\n\n");
        }
        var export = _host.Write("export.txt", text.ToString());
        await using var make = PeerProcess.Start(maker, ["--output", Path.Combine(Folder, $"system{Directory.GetFiles(Folder).Length}.journal"), export], Libraries);
        Assert.Equal(0, await make.WaitForExitAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>What journald itself says of the writer: <c>kernel|k</c> is the kernel, <c>kubelet|1000</c> user 1000.</summary>
    private static string Trusted(string identifier) => identifier.Split('|') is [_, var writer] ? writer == "k" ? "_TRANSPORT=kernel\n" : $"_UID={writer}\n" : "_UID=0\n";

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

    private const string Pleg = "E0411 09:14:33.201144    2214 kubelet.go:2412] \"Skipping pod synchronization\" err=\"PLEG is not healthy: pleg was last seen active 3m12.44s ago; threshold is 3m0s\"";
    private const string Xid = "NVRM: Xid (PCI:0000:3b:00): 79, pid=1, name=python3, GPU has fallen off the bus.";

    /// <summary>Reads what is new, with the built-in packs, as the daemon does.</summary>
    private void ReadWithPacks(NpdHost.Life life, Core.Health.Npd.Configuration.NpdConfiguration configuration, bool takesKernel)
    {
        var inventory = new InventoryBoard();
        inventory.Publish(TestGpus.Inventory([TestGpus.Switched(1)[0] with { PciAddress = "0000:3b:00.0" }]));
        var boards = new KernelLogBoards(life.Health, inventory, life.Workers, life.Boards.State, life.Positions, new LogCounters());
        var options = new JournalRuleOptions(VendorLogs.Decoders, VendorLogs.Rules) { Services = VendorLogs.Services, TakesKernel = takesKernel };
        new JournalWorker("", configuration.Logs, life.Boards, _host.Time, new RecordedLog<JournalWorker>(), new JournalPacks(options, boards)).Follow(TestContext.Current.CancellationToken, untilEnd: true);
    }

    [Fact]
    public async Task Lines_of_services_raise_the_problems_of_the_packs_once_over_a_restart_beside_the_monitors_of_the_same_journal()
    {
        var configuration = _host.Load(Monitor);
        await WriteAsync(("kubelet", Pleg, 20), ("dockerd", "Error 1 failed to register layer", 3));
        using (var first = _host.Begin(configuration))
        {
            ReadWithPacks(first, configuration, takesKernel: false);
            Assert.Equal(["Corrupt: Error 1 failed to register layer"], first.Events);
            Assert.DoesNotContain("kubelet.pleg", first.Health.Current.Value.Problems.Select(problem => problem.Id)); // from before the agent: history
            first.Save();
        }
        _host.Time.Advance(TimeSpan.FromMinutes(10));
        await WriteAsync(("kubelet", Pleg, 5), ("other", Pleg, 4), ("kubelet|1000", Pleg, 3)); // of another service, and of a person

        using (var second = _host.Begin(configuration))
        {
            ReadWithPacks(second, configuration, takesKernel: false);
            Assert.Equal(1, Assert.Single(second.Health.Current.Value.Problems, problem => problem.Id == "kubelet.pleg").Count);
            second.Save();
        }
        using var third = _host.Begin(configuration);
        ReadWithPacks(third, configuration, takesKernel: false);
        Assert.Equal(1, Assert.Single(third.Health.Current.Value.Problems, problem => problem.Id == "kubelet.pleg").Count);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 1)]
    public async Task Lines_of_the_kernel_count_only_where_nobody_reads_its_own_log_and_never_from_a_process_that_calls_itself_kernel(bool takesKernel, int problems)
    {
        await WriteAsync(("kernel|k", Xid, 20), ("kernel", Xid, 19));
        using var life = _host.Begin(Core.Health.Npd.Configuration.NpdConfiguration.Empty);
        ReadWithPacks(life, Core.Health.Npd.Configuration.NpdConfiguration.Empty, takesKernel);

        Assert.Equal(problems, life.Health.Current.Value.Problems.Where(problem => problem.Id == "nvidia.xid.79").Sum(problem => problem.Count));
    }

    [Fact]
    public void A_host_without_a_journal_is_no_fault_where_no_monitor_wants_one()
    {
        using var life = _host.Begin(Core.Health.Npd.Configuration.NpdConfiguration.Empty);

        ReadWithPacks(life, Core.Health.Npd.Configuration.NpdConfiguration.Empty, takesKernel: false);

        Assert.True(life.Workers.Parts[JournalWorker.HostPart].IsReady);
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
        var file = Path.Combine(Folder, "system0.journal");
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
