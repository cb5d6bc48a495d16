using System.Globalization;
using System.Text;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Health.Npd.Logs;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Npd;

/// <summary>Log files as they rotate, vanish and grow on a real file system.</summary>
public sealed class FileLogTests : IDisposable
{
    private const string Monitor = """
        { "plugin": "filelog", "source": "kernel-monitor", "logPath": "/var/log/kern.log", "lookback": "5m", "skipList": [" audit:"],
          "pluginConfig": { "timestamp": "^.{15}", "timestampFormat": "Jan _2 15:04:05", "message": "kernel: \\[.*\\] (.*)" },
          "rules": [ { "type": "temporary", "reason": "Oom", "pattern": "Killed process .*" } ] }
        """;

    private readonly NpdHost _host = new();
    private readonly NpdConfiguration _configuration;
    private readonly RecordedLog<FileLogWorker> _log = new();

    public FileLogTests() => _configuration = _host.Load(Monitor);

    public void Dispose() => _host.Dispose();

    private string Log => _host.Combine("var/log/kern.log");

    private FileLogWorker Worker(NpdHost.Life life) => new(_configuration.Logs[0], life.Boards, _host.Time, _log);

    private string Line(string text, double minutesAgo = 0) => string.Create(CultureInfo.InvariantCulture,
        $"{(_host.Time.GetUtcNow() - TimeSpan.FromMinutes(minutesAgo)).ToOffset(_host.Time.LocalTimeZone.GetUtcOffset(_host.Time.GetUtcNow())):MMM d HH:mm:ss} gpu-1 kernel: [ 12.3] {text}\n").Replace("Feb 3", "Feb  3", StringComparison.Ordinal);

    private void Append(params string[] lines) => File.AppendAllText(Log, string.Concat(lines));

    [Fact]
    public void Lines_since_the_lookback_count_and_skipped_and_odd_ones_do_not()
    {
        using var life = _host.Begin(_configuration);
        Append(Line("Killed process 1", 10), Line("Killed process 2", 3), Line("Killed process 3 audit: x", 2), "no time kernel: [] Killed process 4\n", Line("Killed process 5"));
        using var worker = Worker(life);

        worker.ReadOnce();

        Assert.Equal(["Oom: Killed process 2", "Oom: Killed process 5"], life.Events);
        Assert.Single(_log.Lines, line => line.Text.Contains("hold no time", StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_is_lost_or_read_twice_over_rotation_by_rename_replacement_and_truncation()
    {
        using var life = _host.Begin(_configuration);
        Append(Line("Killed process 1"));
        using var worker = Worker(life);
        worker.ReadOnce();

        Append(Line("Killed process 2"));
        File.Move(Log, Log + ".1");
        Append(Line("Killed process 3"));
        worker.ReadOnce();
        File.WriteAllText(Log + ".new", Line("Killed process 4"));
        File.Move(Log + ".new", Log, overwrite: true);
        worker.ReadOnce();
        File.Copy(Log, Log + ".2");
        File.WriteAllText(Log, "");
        worker.ReadOnce();
        Append(Line("Killed process 5"));
        worker.ReadOnce();

        Assert.Equal(["1", "2", "3", "4", "5"], life.Events.Select(step => step[^1..]));
    }

    [Fact]
    public void A_restarted_agent_goes_on_where_it_stopped()
    {
        Append(Line("Killed process 1"));
        using (var first = _host.Begin(_configuration))
        {
            using var worker = Worker(first);
            worker.ReadOnce();
            first.Save();
        }
        Append(Line("Killed process 2"));
        _host.Time.Advance(TimeSpan.FromMinutes(30)); // longer than the lookback

        using var second = _host.Begin(_configuration);
        using var next = Worker(second);
        next.ReadOnce();

        Assert.Equal(["Oom: Killed process 2"], second.Events);
    }

    [Fact]
    public void A_file_that_is_not_there_is_said_once_and_read_when_it_comes()
    {
        using var life = _host.Begin(_configuration);
        using var worker = Worker(life);

        worker.ReadOnce();
        worker.ReadOnce();
        var waits = life.Workers.Parts[worker.Part];
        Append(Line("Killed process 1"));
        worker.ReadOnce();

        Assert.True(waits.IsReady);
        Assert.Single(_log.Lines, line => line.Text.Contains("is not there", StringComparison.Ordinal));
        Assert.True(life.Workers.Parts[worker.Part].IsReady);
        Assert.Equal(["Oom: Killed process 1"], life.Events);
    }

    [Fact]
    public async Task A_FIFO_is_refused_by_name_and_never_waited_for()
    {
        using var life = _host.Begin(_configuration);
        using var make = System.Diagnostics.Process.Start("mkfifo", Log);
        await make.WaitForExitAsync(TestContext.Current.CancellationToken);
        using var worker = Worker(life);

        await Task.Run(worker.ReadOnce, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        Assert.Contains("is a FIFO; only a regular file can be followed", life.Workers.Parts[worker.Part].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_file_of_100_GB_only_its_end_is_read()
    {
        using var life = _host.Begin(_configuration);
        using (var file = new FileStream(Log, FileMode.Create))
        {
            file.SetLength(100L << 30); // sparse: it takes no room
            file.Seek(0, SeekOrigin.End);
            file.Write(Encoding.UTF8.GetBytes("\n" + Line("Killed process 1", 20)));
            for (var at = 0; at < 20_000; at++)
                file.Write(Encoding.UTF8.GetBytes(Line("ordinary", 15)));
            file.Write(Encoding.UTF8.GetBytes(Line("Killed process 2", 1)));
        }
        using var worker = Worker(life);
        var watch = System.Diagnostics.Stopwatch.StartNew();

        worker.ReadOnce();

        Assert.Equal(["Oom: Killed process 2"], life.Events);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 20);
    }
}
