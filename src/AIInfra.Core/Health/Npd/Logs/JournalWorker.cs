using System.Collections.Immutable;
using System.Text;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Hosting;
using AIInfra.Core.State;
using AIInfra.Linux.Journal;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Health.Npd.Logs;

/// <summary>Reads one journal for all monitors that name it, on a thread of its own.</summary>
public sealed partial class JournalWorker : IWorker
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5), Retry = TimeSpan.FromMinutes(1);

    private readonly string _folder;
    private readonly ImmutableArray<NpdLogMonitor> _monitors;
    private readonly NpdLogBoards _boards;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ReadingPositions.Place _place;
    private string? _said;

    /// <param name="folder">As the files name it; empty: the host's own journal.</param>
    public JournalWorker(string folder, ImmutableArray<NpdLogMonitor> monitors, NpdLogBoards boards, TimeProvider time, ILogger<JournalWorker> logger)
    {
        (_folder, _monitors, _boards, _time, _logger) = (folder, monitors, boards, time, logger);
        _place = boards.Positions[$"npd journal {folder}"];
    }

    /// <summary>Name of the part in /readyz.</summary>
    public string Part => $"npd journal {_folder}".TrimEnd();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            // A wait in libsystemd cannot be interrupted: the thread ends by itself within its patience.
            await DiskThread.RunAsync(() => Follow(cancellationToken), Part).WaitAsync(cancellationToken);
            await Task.Delay(Retry, _time, cancellationToken);
        }
    }

    /// <summary>Reads until cancelled, or until the journal refuses, which is then said.</summary>
    internal void Follow(CancellationToken cancellationToken, bool untilEnd = false)
    {
        try
        {
            using var reader = JournalReader.Open(JournalFolder.Of(_folder, _boards.Host), _monitors.Select(monitor => $"SYSLOG_IDENTIFIER={monitor.Identifier}").Distinct());
            var matchers = Begin(reader);
            while (!cancellationToken.IsCancellationRequested)
            {
                while (!cancellationToken.IsCancellationRequested && reader.TryRead(out var entry))
                {
                    var at = DateTimeOffset.UnixEpoch.AddMicroseconds(entry.Microseconds);
                    foreach (var (identifier, matcher) in matchers)
                    {
                        if (entry.Identifier.SequenceEqual(identifier))
                            matcher.Match(new NpdLine(Ascii.Trim(entry.Message), at));
                    }
                    _place.Reached(entry.Microseconds);
                }
                Say(null);
                if (untilEnd)
                    return;
                reader.Wait(Patience);
            }
        }
        catch (IOException fault)
        {
            Say(fault.Message);
        }
    }

    private List<(byte[] Identifier, LineMatcher Matcher)> Begin(JournalReader reader)
    {
        var reached = _place.Sequence ?? _boards.State.Stored.PositionOf(_place.Log)?.Sequence;
        _place.Begin(_boards.Clock.BootId);
        var starts = _monitors.Select(monitor => (Monitor: monitor, Start: _boards.Clock.StartOf(monitor, isResumed: reached is not null))).ToList();
        var first = starts.Min(entry => entry.Start);
        reader.Seek(Math.Max((reached ?? -1) + 1, (long)(first - DateTimeOffset.UnixEpoch).TotalMicroseconds));
        return [.. starts.GroupBy(entry => entry.Monitor.Identifier).Select(group =>
            (Encoding.UTF8.GetBytes(group.Key), new LineMatcher(group.Select(entry => (entry.Monitor, entry.Start)), _boards.Npd, new SlowPatterns())))];
    }

    private void Say(string? fault)
    {
        if (fault is null)
            _boards.Workers.Ready(Part);
        else
            _boards.Workers.NotReady(Part, $"{fault} What {string.Join(", ", _monitors.Select(monitor => monitor.Name))} look for is not seen meanwhile.");
        if (fault is not null && fault != _said)
            LogNotRead(fault, Retry.TotalSeconds);
        else if (fault is null && _said is not null)
            LogReads(Part);
        _said = fault;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Why} Trying again every {Seconds} s")]
    private partial void LogNotRead(string why, double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Journal} is read again")]
    private partial void LogReads(string journal);
}
