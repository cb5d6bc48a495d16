using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.State;
using AIInfra.Linux.KernelLog;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Health.Logs;

public sealed record KernelLogOptions
{
    /// <summary>The device, or a file of its records.</summary>
    public required string Path { get; init; }
    /// <summary>Believe records that a process wrote (facility not 0).</summary>
    public bool TrustUserspace { get; init; }
    /// <summary>Makes the vendors' decoders of one log.</summary>
    public required Func<IReadOnlyList<ILogRules>> Decoders { get; init; }
    public required ImmutableArray<LogRule> Rules { get; init; }
    /// <summary>Who else wants the records; none is read twice for it.</summary>
    public ImmutableArray<IKernelLogListener> Listeners { get; init; } = [];
}

/// <summary>What the worker tells, and from where it goes on.</summary>
public sealed record KernelLogBoards(
    HealthBoard Health, InventoryBoard Inventory, WorkerBoard Workers, StateStore State, ReadingPositions Positions, LogCounters Counters);

/// <summary>Reads the kernel log and tells the health board what it says. Matches on a thread of its own: the kernel's ring is the buffer.</summary>
public sealed partial class KernelLogWorker(KernelLogOptions options, KernelLogBoards boards, TimeProvider time, ILogger<KernelLogWorker> logger) : IWorker
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "kernel log";
    /// <summary>See <see cref="ProblemReport.Witness"/>.</summary>
    public const string Witness = "kernel log";

    private static readonly TimeSpan Retry = TimeSpan.FromMinutes(1), BetweenWarnings = TimeSpan.FromMinutes(1);

    private readonly ReadingPositions.Place _place = boards.Positions[$"{Part} {options.Path}"];
    private string? _said;
    private long _lines, _overruns, _lost; // of readers before this one, and what was told of this one
    private long? _warned;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _place.Begin(boards.Health.BootId);
        while (true)
        {
            if (TryOpen() is not { } reader)
            {
                await Task.Delay(Retry, time, cancellationToken);
                continue;
            }
            using (reader)
            {
                await FollowAsync(reader, cancellationToken);
            }
        }
    }

    private KernelLogReader? TryOpen()
    {
        try
        {
            var after = StartAfter();
            var reader = KernelLogReader.Open(options.Path, after);
            foreach (var listener in options.Listeners)
                listener.Begin(isResumed: after is not null);
            boards.Workers.Ready(Part);
            if (_said is not null)
                LogReads(options.Path);
            _said = null;
            return reader;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            boards.Workers.NotReady(Part, $"{fault.Message} Faults that only the kernel log tells of are not seen; set health.kernelLog.path to the log, or to nothing.");
            if (_said != fault.Message)
                LogNotRead(fault.Message, Retry.TotalSeconds);
            _said = fault.Message;
            return null;
        }
    }

    /// <summary>Where this boot's reading stopped; null without one.</summary>
    private long? StartAfter()
    {
        var boot = boards.Health.BootId;
        if (_place.Sequence is { } reached)
            return reached;
        return boards.State.Stored.PositionOf(_place.Log) is { } stored && stored.BootId == boot && boot.Length > 0 ? stored.Sequence : null;
    }

    private async Task FollowAsync(KernelLogReader reader, CancellationToken cancellationToken)
    {
        var reporter = new LogReporter(boards.Health, boards.Inventory, _place, time, Witness);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var stop = ended.Token.Register(reader.Stop);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                KernelLogReader.PreferThisThread();
                ReadAll(reader, reporter);
                done.SetResult();
            }
#pragma warning disable CA1031 // handed to whoever awaits the task
            catch (Exception fault)
#pragma warning restore CA1031
            {
                done.SetException(fault);
            }
        })
        { IsBackground = true, Name = Part };
        thread.Start();
        var watch = RetryWaitingAsync(reporter, ended.Token);
        try
        {
            await done.Task;
        }
        finally
        {
            await ended.CancelAsync();
            await watch;
            (_lines, _overruns, _lost) = (boards.Counters.Lines, boards.Counters.Overruns, 0);
        }
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void ReadAll(KernelLogReader reader, LogReporter reporter)
    {
        var matcher = new LogMatcher(options.Decoders(), options.Rules, boards.Counters.Slow);
        var findings = new List<LogFinding>();
        var isFirst = true;
        do
        {
            while (!reader.IsStopped && reader.TryRead(out var record))
            {
                if (record.Facility == 0 || options.TrustUserspace)
                {
                    matcher.Match(new LogLine(record.Message, LogOrigin.Kernel, record.Sequence) { Microseconds = record.Microseconds }, findings);
                    foreach (var listener in options.Listeners)
                        listener.Read(record, TimeOf(reader, record));
                }
                foreach (var finding in findings)
                    reporter.Report(finding, TimeOf(reader, record));
                findings.Clear();
                reporter.Done(record.Sequence);
                boards.Counters.Set(_lines + reader.Lines, _overruns + reader.Overruns);
            }
            WarnOfOverruns(reader);
            if (isFirst)
                ClearWhatTheBootCleared();
            isFirst = false;
        }
        while (reader.Wait());
    }

    /// <summary>The ring is read: what an earlier boot raised on the node, or on a part that no driver answers for, and this one did not, is over.</summary>
    private void ClearWhatTheBootCleared()
    {
        var devices = boards.Inventory.Current.Value;
        boards.Health.ReportAnswering(Subject.Node);
        foreach (var problem in boards.Health.Current.Value.Problems)
        {
            if (problem.Subject is { Kind: not SubjectKind.Node, Id: var id } && devices.Find(id) is null
                && (PciAddress.Normalise(id) == id || options.Rules.Any(rule => rule.Id == problem.Id && rule.NamesPart)))
                boards.Health.ReportAnswering(problem.Subject);
        }
    }

    private async Task RetryWaitingAsync(LogReporter reporter, CancellationToken cancellationToken)
    {
        var patience = time.GetTimestamp();
        try
        {
            for (var left = LogReporter.Patience; left > TimeSpan.Zero; left = LogReporter.Patience - time.GetElapsedTime(patience))
            {
                var seen = boards.Inventory.Current.Value;
                reporter.RetryWaiting();
                try
                {
                    await boards.Inventory.Current.WaitForChangeAsync(seen, cancellationToken).WaitAsync(left, time, cancellationToken);
                }
                catch (TimeoutException)
                {
                    break;
                }
            }
            reporter.RetryWaiting();
        }
        catch (OperationCanceledException)
        {
            // What still waits is read again after the next start: the place was not moved past it.
        }
    }

    private DateTimeOffset TimeOf(KernelLogReader reader, in KernelLogRecord record) =>
        reader.IsLive || !reader.HasBootClock ? time.GetUtcNow() : WrittenAt(record.Microseconds);

    /// <summary>The kernel counts from the boot on nearly the clock that timestamps are of.</summary>
    private DateTimeOffset WrittenAt(long microseconds)
    {
        var now = time.GetUtcNow();
        var age = TimeSpan.FromSeconds((double)time.GetTimestamp() / time.TimestampFrequency) - TimeSpan.FromMicroseconds(microseconds);
        return age > TimeSpan.Zero ? now - age : now;
    }

    private void WarnOfOverruns(KernelLogReader reader)
    {
        if (!reader.HasBootClock || reader.Lost <= _lost || (_warned is { } before && time.GetElapsedTime(before) < BetweenWarnings))
            return;
        LogOverrun(reader.Lost - _lost, options.Path);
        _lost = reader.Lost;
        _warned = time.GetTimestamp();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The kernel log is not read. {Why} Trying again every {Seconds} s")]
    private partial void LogNotRead(string why, double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "The kernel log {Path} is read again")]
    private partial void LogReads(string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} lines of {Path} were overwritten before they could be read: a fault among them was not seen")]
    private partial void LogOverrun(long count, string path);
}
