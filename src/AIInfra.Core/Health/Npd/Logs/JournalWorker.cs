using System.Collections.Immutable;
using System.Text;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Hosting;
using AIInfra.Core.State;
using AIInfra.Linux.Journal;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Health.Npd.Logs;

/// <summary>The rules of packs for the host's own journal, and what they tell.</summary>
public sealed record JournalPacks(JournalRuleOptions Options, KernelLogBoards Boards);

/// <summary>Reads one journal on a thread of its own, for all monitors that name it and, of the host's own journal, for the rules of packs.</summary>
public sealed partial class JournalWorker : IWorker
{
    /// <summary>Name of the part in /readyz that reads the host's own journal for the rules of packs.</summary>
    public const string HostPart = "journal";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5), Retry = TimeSpan.FromMinutes(1);

    private readonly string _folder;
    private readonly ImmutableArray<NpdLogMonitor> _monitors;
    private readonly NpdLogBoards _boards;
    private readonly JournalPacks? _packs;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ReadingPositions.Place _place;
    private string? _said;

    /// <param name="folder">As the files name it; empty: the host's own journal.</param>
    /// <param name="packs">Null: for the monitors alone.</param>
    public JournalWorker(
        string folder, ImmutableArray<NpdLogMonitor> monitors, NpdLogBoards boards, TimeProvider time, ILogger<JournalWorker> logger, JournalPacks? packs = null)
    {
        (_folder, _monitors, _boards, _packs, _time, _logger) = (folder, monitors, boards, packs, time, logger);
        _place = boards.Positions[packs is null ? $"npd journal {folder}" : "journal"];
    }

    /// <summary>Name of the part in /readyz.</summary>
    public string Part => _packs is null ? $"npd journal {_folder}".TrimEnd() : HostPart;

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
            using var reader = JournalReader.Open(JournalFolder.Of(_folder, _boards.Host), Matches());
            var (matchers, rules) = Begin(reader);
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
                    if (rules is null)
                        _place.Reached(entry.Microseconds);
                    else
                        rules.Read(entry, at);
                }
                rules?.Rest();
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

    /// <summary>What is asked of the journal; nothing: every entry.</summary>
    private IEnumerable<string> Matches() => _packs is { Options.Identifiers: null } ? []
        : _monitors.Select(monitor => monitor.Identifier).Concat(_packs?.Options.Identifiers ?? []).Distinct().Select(identifier => $"SYSLOG_IDENTIFIER={identifier}");

    private (List<(byte[] Identifier, LineMatcher Matcher)> Monitors, JournalRules? Rules) Begin(JournalReader reader)
    {
        var reached = _place.Sequence ?? _boards.State.Stored.PositionOf(_place.Log)?.Sequence;
        _place.Begin(_boards.Clock.BootId);
        var starts = _monitors.Select(monitor => (Monitor: monitor, Start: _boards.Clock.StartOf(monitor, isResumed: reached is not null))).ToList();
        var first = starts.Select(entry => entry.Start).ToList();
        JournalRules? rules = null;
        if (_packs is { } packs)
        {
            var (booted, now) = (_boards.Clock.Booted(), _time.GetUtcNow());
            var from = reached is null ? now : booted;
            first.Add(packs.Options.TakesKernel ? booted : from);
            rules = new JournalRules(packs.Options, packs.Boards, new LogReporter(packs.Boards.Health, packs.Boards.Inventory, _place, _time, JournalRules.Witness), from, booted);
            if (reached is null)
                _place.Reached(ToMicroseconds(packs.Options.TakesKernel ? booted : now) - 1); // also when the agent ends before anything comes
        }
        reader.Seek(Math.Max((reached ?? -1) + 1, ToMicroseconds(first.Min())));
        return ([.. starts.GroupBy(entry => entry.Monitor.Identifier).Select(group =>
            (Encoding.UTF8.GetBytes(group.Key), new LineMatcher(group.Select(entry => (entry.Monitor, entry.Start)), _boards.Npd, new SlowPatterns())))], rules);
    }

    private static long ToMicroseconds(DateTimeOffset moment) => (long)(moment - DateTimeOffset.UnixEpoch).TotalMicroseconds;

    /// <summary>That a host has no journal is no fault where only the rules of packs would read it.</summary>
    private void Say(string? fault)
    {
        if (fault is null || _monitors.IsEmpty)
            _boards.Workers.Ready(Part);
        else
            _boards.Workers.NotReady(Part, $"{fault} What {string.Join(", ", _monitors.Select(monitor => monitor.Name))} look for is not seen meanwhile.");
        if (fault is not null && fault != _said && _monitors.IsEmpty)
            LogNone(fault);
        else if (fault is not null && fault != _said)
            LogNotRead(fault, Retry.TotalSeconds);
        else if (fault is null && _said is not null)
            LogReads(Part);
        _said = fault;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Why} Trying again every {Seconds} s")]
    private partial void LogNotRead(string why, double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "The logs of services are not read from a journal: {Why}")]
    private partial void LogNone(string why);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Journal} is read again")]
    private partial void LogReads(string journal);
}
