using System.Collections.Immutable;
using AIInfra.Core.Hosting;
using AIInfra.Core.State;
using AIInfra.Linux.Files;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Health.Logs;

/// <param name="Paths">Where they are; one that is not there is waited for.</param>
public sealed record LogFileOptions(ImmutableArray<string> Paths, Func<IReadOnlyList<ILogRules>> Decoders, ImmutableArray<LogRule> Rules);

/// <summary>Follows the log files of services, over their rotation. What was in a file before the agent first saw it is history and not told.</summary>
public sealed partial class LogFileWorker(LogFileOptions options, KernelLogBoards boards, TimeProvider time, ILogger<LogFileWorker> logger) : IWorker
{
    public const string Part = "log files";

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var logs = options.Paths.Select(path => new Log(path, boards, options, time)).ToList();
        try
        {
            while (true)
            {
                foreach (var log in logs.Where(log => log.MayHaveMore()))
                    await DiskThread.RunAsync(() => Read(log)).WaitAsync(cancellationToken);
                await Task.Delay(Look, time, cancellationToken);
            }
        }
        finally
        {
            logs.ForEach(log => log.Dispose());
        }
    }

    private void Read(Log log)
    {
        try
        {
            log.ReadAll();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            if (log.Said != fault.Message)
                LogNotRead(log.Path, log.Said = fault.Message);
        }
    }

    /// <summary>One file with what is remembered of it.</summary>
    private sealed class Log(string path, KernelLogBoards boards, LogFileOptions options, TimeProvider time) : IDisposable
    {
        private readonly FollowedFile _file = new(path);
        private readonly ReadingPositions.Place _place = boards.Positions[$"file {path}"];
        private readonly LogMatcher _matcher = new(options.Decoders(), options.Rules, boards.Counters.Slow);
        private readonly List<LogFinding> _findings = [];
        private LogReporter? _reporter;
        private (long Length, DateTime Written)? _seen;

        public string Path => path;
        public string? Said { get; set; }

        /// <summary>Asks for its size and time only: most looks find nothing new.</summary>
        public bool MayHaveMore()
        {
            var now = new FileInfo(path);
            var seen = now.Exists ? (now.Length, now.LastWriteTimeUtc) : ((long, DateTime)?)null;
            var isNews = seen != _seen || _reporter is null;
            _seen = seen;
            return isNews;
        }

        public void ReadAll()
        {
            if (_reporter is null)
            {
                var stored = boards.State.Stored.PositionOf(_place.Log);
                _file.Begin(stored?.BootId, stored?.Sequence ?? 0);
                _reporter = new LogReporter(boards.Health, boards.Inventory, _place, time, $"file {path}");
                Keep();
            }
            var identity = _file.Identity;
            while (_file.TryRead(out var line, out var offset))
            {
                _matcher.Match(new LogLine(line.TrimEnd((byte)'\r'), LogOrigin.Service, offset), _findings);
                foreach (var finding in _findings)
                    _reporter.Report(finding, time.GetUtcNow());
                _findings.Clear();
                if (identity != _file.Identity)
                    _place.Begin(identity = _file.Identity);
                _reporter.Done(_file.Offset);
            }
            if (identity != _file.Identity)
                Keep();
        }

        public void Dispose() => _file.Dispose();

        private void Keep()
        {
            _place.Begin(_file.Identity);
            _reporter!.Done(_file.Offset);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The log file {Path} cannot be read: {Why} It is tried again when it changes")]
    private partial void LogNotRead(string path, string why);
}
