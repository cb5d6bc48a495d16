using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Health.Npd.Logs;
using AIInfra.FunctionalTests.Npd;
using AIInfra.Linux.Journal;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Systemd;

/// <summary>A running journald writes, the agent's readers read its folder from outside: as in a container that has the host's journal mounted.</summary>
[Collection(BootedSystem.Collection)]
public sealed class JournaldTests : IDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly BootedMachine _machine;
    private readonly NpdHost _host = new();
    private readonly string _name = $"test-{Guid.NewGuid():N}";

    public JournaldTests(BootedSystem system)
    {
        _machine = system.Machine;
        Directory.CreateSymbolicLink(_host.Combine("var/log/journal"), _machine.JournalFolder);
    }

    public void Dispose() => _host.Dispose();

    private NpdConfiguration Monitor() => _host.Load($$"""
        { "plugin": "journald", "source": "test-monitor", "logPath": "/var/log/journal", "lookback": "20m", "pluginConfig": { "source": "{{_name}}" },
          "rules": [ { "type": "temporary", "reason": "Seen", "pattern": "fault .*" } ] }
        """);

    private Task<string> LogAsync(string message) => _machine.RunAsync("logger", "--tag", _name, message);

    private async Task LogAndFlushAsync(string message)
    {
        await LogAsync(message);
        await _machine.RunAsync("journalctl", "--sync");
    }

    private static JournalWorker Worker(NpdConfiguration configuration, NpdHost.Life life, NpdHost host) =>
        new("/var/log/journal", configuration.Logs, life.Boards, host.Time, new RecordedLog<JournalWorker>());

    /// <summary>Follows the journal while the test goes on.</summary>
    private async Task FollowAsync(NpdConfiguration configuration, NpdHost.Life life, Func<Task> test)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var worker = Worker(configuration, life, _host);
        var following = Task.Factory.StartNew(() => worker.Follow(stop.Token), Stop, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            await test();
        }
        finally
        {
            await stop.CancelAsync();
            await following.WaitAsync(TimeSpan.FromSeconds(30), CancellationToken.None);
        }
    }

    private static async Task SeenAsync(NpdHost.Life life, params string[] events)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (life.Events.Count < events.Length && TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(20))
            await Task.Delay(20, Stop);
        Assert.Equal(events, life.Events);
    }

    [Fact]
    public async Task Lines_come_as_they_are_written_by_the_three_ways_into_the_journal()
    {
        var configuration = Monitor();
        using var life = _host.Begin(configuration);

        await FollowAsync(configuration, life, async () =>
        {
            await LogAsync("fault 1 by syslog");
            await SeenAsync(life, "Seen: fault 1 by syslog");
            await _machine.RunAsync("systemd-cat", "--identifier", _name, "echo", "fault 2 by stdout");
            await SeenAsync(life, "Seen: fault 1 by syslog", "Seen: fault 2 by stdout");
            await _machine.RunAsync("logger", "--tag", "somebody", "fault of somebody else");
            await _machine.RunAsync("bash", "-c", $"printf 'SYSLOG_IDENTIFIER={_name}\nMESSAGE=fault 3 by the native protocol\n' | logger --journald");
            await SeenAsync(life, "Seen: fault 1 by syslog", "Seen: fault 2 by stdout", "Seen: fault 3 by the native protocol");
        });
    }

    [Fact]
    public async Task A_rotation_and_a_vacuum_lose_nothing_and_double_nothing()
    {
        var configuration = Monitor();
        using var life = _host.Begin(configuration);

        await FollowAsync(configuration, life, async () =>
        {
            for (var turn = 1; turn <= 3; turn++)
            {
                await LogAsync($"fault {turn}a");
                await _machine.RunAsync("journalctl", "--rotate");
                await LogAsync($"fault {turn}b");
                await SeenAsync(life, [.. Enumerable.Range(1, turn).SelectMany(number => new[] { $"Seen: fault {number}a", $"Seen: fault {number}b" })]);
                await _machine.RunAsync("journalctl", "--vacuum-files=1");
            }
            await LogAsync("fault 4");
            await SeenAsync(life, "Seen: fault 1a", "Seen: fault 1b", "Seen: fault 2a", "Seen: fault 2b", "Seen: fault 3a", "Seen: fault 3b", "Seen: fault 4");
        });
    }

    [Fact]
    public async Task After_a_restart_of_the_agent_what_was_written_meanwhile_is_read_once_also_over_a_rotation()
    {
        var configuration = Monitor();
        using (var first = _host.Begin(configuration))
        {
            await LogAndFlushAsync("fault 1");
            Worker(configuration, first, _host).Follow(Stop, untilEnd: true);
            Assert.Equal(["Seen: fault 1"], first.Events);
            first.Save();
        }
        await LogAndFlushAsync("fault 2");
        await _machine.RunAsync("journalctl", "--rotate");
        await LogAndFlushAsync("fault 3");

        using var second = _host.Begin(configuration);
        Worker(configuration, second, _host).Follow(Stop, untilEnd: true);

        Assert.Equal(["Seen: fault 2", "Seen: fault 3"], second.Events);
    }

    [Fact]
    public async Task A_journald_that_starts_anew_is_followed_on()
    {
        var configuration = Monitor();
        using var life = _host.Begin(configuration);

        await FollowAsync(configuration, life, async () =>
        {
            await LogAsync("fault 1");
            await SeenAsync(life, "Seen: fault 1");
            await _machine.RunAsync("systemctl", "kill", "--signal=KILL", "systemd-journald");
            await LogAsync("fault 2");
            await SeenAsync(life, "Seen: fault 1", "Seen: fault 2");
        });
    }

    [Fact]
    public async Task A_damaged_file_costs_its_own_lines_and_no_others()
    {
        for (var number = 0; number < 300; number++)
            await LogManyAsync(number);
        await LogAndFlushAsync("fault before");
        await _machine.RunAsync("journalctl", "--rotate");
        var archive = new DirectoryInfo(_machine.JournalFolder).GetFiles("system@*.journal", SearchOption.AllDirectories).OrderBy(file => file.LastWriteTimeUtc).Last();
        await using (var file = archive.Open(FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            var random = new Random(7);
            for (var at = 4096L; at < file.Length - 8; at += 512)
            {
                file.Position = at;
                file.WriteByte((byte)random.Next(256));
            }
        }
        var configuration = Monitor();
        using var life = _host.Begin(configuration);

        await FollowAsync(configuration, life, async () =>
        {
            await LogAsync("fault after");
            var started = TimeProvider.System.GetTimestamp();
            while (!life.Events.Contains("Seen: fault after") && TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(20))
                await Task.Delay(20, Stop);
            Assert.Contains("Seen: fault after", life.Events);
        });
        archive.Delete();

        async Task LogManyAsync(int number)
        {
            if (number % 100 == 0)
                await _machine.RunAsync("bash", "-c", $"for i in $(seq 100); do echo \"fault old $i {new string('x', 700)}\"; done | systemd-cat --identifier {_name}-old");
        }
    }

    [Fact]
    public async Task An_entry_whose_message_is_damaged_does_not_stop_the_reader()
    {
        await LogAndFlushAsync("fault first " + new string('a', 400));
        await LogAndFlushAsync("fault second " + new string('b', 400));
        await LogAndFlushAsync("fault third");
        await _machine.RunAsync("journalctl", "--rotate");
        var copy = Directory.CreateDirectory(_host.Combine("copy"));
        foreach (var file in new DirectoryInfo(_machine.JournalFolder).GetFiles("system@*.journal", SearchOption.AllDirectories))
            file.CopyTo(Path.Combine(copy.FullName, file.Name));
        Assert.True(Damage(copy, "MESSAGE=fault second "u8));

        using var reader = JournalReader.Open(copy.FullName, [$"SYSLOG_IDENTIFIER={_name}"]);
        reader.Seek(0);
        var read = new List<string>();
        while (reader.TryRead(out var entry))
            read.Add(System.Text.Encoding.UTF8.GetString(entry.Message).Split(' ') is [_, var which, ..] ? which : "");

        Assert.Equal(["first", "third"], read.Where(which => which.Length > 0));
    }

    /// <summary>Makes the data object that holds the text one of another kind: its header is 64 bytes, or 72 in the compact format.</summary>
    private static bool Damage(DirectoryInfo folder, ReadOnlySpan<byte> text)
    {
        foreach (var file in folder.GetFiles())
        {
            var bytes = File.ReadAllBytes(file.FullName);
            if (bytes.AsSpan().IndexOf(text) is >= 0 and var at)
            {
                var isCompact = (bytes[12] & 16) != 0; // HEADER_INCOMPATIBLE_COMPACT
                bytes[at - (isCompact ? 72 : 64)] = 7; // ObjectHeader.type
                File.WriteAllBytes(file.FullName, bytes);
                return true;
            }
        }
        return false;
    }
}
