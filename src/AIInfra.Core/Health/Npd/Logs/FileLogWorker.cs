using System.Text;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Hosting;
using AIInfra.Core.State;
using AIInfra.Linux.Files;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Health.Npd.Logs;

/// <summary>What the readers of logs share.</summary>
public sealed record NpdLogBoards(NpdBoard Npd, WorkerBoard Workers, StateStore State, ReadingPositions Positions, BootClock Clock, HostPaths Host);

/// <summary>Follows one log file for its monitor, on a thread of its own, over rotation by rename, replacement and truncation.</summary>
/// <remarks>At the first start the place is found by the times in the file, so that a large one is not read through; later reading goes on
/// where it stopped, in that very file.</remarks>
public sealed partial class FileLogWorker : IWorker, IDisposable
{
    private const int Probe = 64 * 1024;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1), BetweenWarnings = TimeSpan.FromHours(1);

    private readonly NpdLogMonitor _monitor;
    private readonly NpdLogBoards _boards;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _path;
    private readonly FileLines _lines;
    private readonly FollowedFile _file;
    private readonly ReadingPositions.Place _place;
    private LineMatcher? _matcher;
    private string? _said;
    private long? _warned;
    private long _unparsed;

    public FileLogWorker(NpdLogMonitor monitor, NpdLogBoards boards, TimeProvider time, ILogger<FileLogWorker> logger)
    {
        (_monitor, _boards, _time, _logger) = (monitor, boards, time, logger);
        _path = Path.Join(boards.Host.Root, monitor.LogPath.TrimStart('/'));
        _lines = new FileLines(monitor.Format!, time);
        _file = new FollowedFile(_path);
        _place = boards.Positions[$"npd {monitor.Path} {monitor.LogPath}"];
    }

    /// <summary>Name of the part in /readyz.</summary>
    public string Part => $"npd log {_monitor.Name}";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = new ManualResetEventSlim();
        await using var stopping = cancellationToken.Register(stop.Set);
        await DiskThread.RunAsync(() =>
        {
            do
                ReadOnce();
            while (!stop.Wait(Look, CancellationToken.None));
        }, Part);
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Reads what is there. One step of the loop.</summary>
    internal void ReadOnce()
    {
        try
        {
            var kind = FileKind.Of(_path);
            if (kind != FileKind.Regular)
            {
                Say(kind == FileKind.Nothing ? $"{_path} is not there; it is waited for." : $"{_path} is {kind}; only a regular file can be followed. Point logPath to the file itself.",
                    isWaiting: kind == FileKind.Nothing);
                return;
            }
            _matcher ??= Begin();
            while (_file.TryRead(out var line, out _))
            {
                Take(line);
                Reached();
            }
            Reached();
            Say(null);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Say($"{_path} cannot be read: {fault.Message}");
        }
    }

    public void Dispose() => _file.Dispose();

    private LineMatcher Begin()
    {
        var stored = _boards.State.Stored.PositionOf(_place.Log);
        var start = _boards.Clock.StartOf(_monitor, isResumed: stored is not null);
        if (stored is { } known)
            _file.Begin(known.BootId, known.Sequence);
        else
            _file.BeginAt(FindStart(start));
        return new LineMatcher([(_monitor, start)], _boards.Npd, new SlowPatterns());
    }

    private void Take(ReadOnlySpan<byte> line)
    {
        if (_lines.Parse(line, out var isSkipped) is not var (at, text))
        {
            _unparsed += isSkipped || line.IsEmpty ? 0 : 1;
            WarnOfUnparsed();
            return;
        }
        _matcher!.Match(new NpdLine(Ascii.Trim(Encoding.UTF8.GetBytes(text)), at));
    }

    private void Reached()
    {
        _place.Begin(_file.Identity);
        _place.Reached(_file.Offset);
    }

    /// <summary>An offset shortly before the first line that is not older than the moment, by halving: lines are in order of time.</summary>
    private long FindStart(DateTimeOffset moment)
    {
        using var file = File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var (low, high) = (0L, RandomAccess.GetLength(file));
        var buffer = new byte[Probe];
        while (high - low > Probe)
        {
            var middle = low + ((high - low) / 2);
            var probe = buffer.AsSpan(0, RandomAccess.Read(file, buffer, middle));
            var isHole = !probe.ContainsAnyExcept((byte)0); // what a truncation leaves before a writer that keeps its place
            if (isHole || (FirstTime(probe) is { } time && time < moment))
                low = middle;
            else
                high = middle;
        }
        if (low == 0)
            return 0;
        var feed = buffer.AsSpan(0, RandomAccess.Read(file, buffer, low)).IndexOf((byte)'\n');
        return low + feed + 1;
    }

    /// <summary>Of the first whole line that has one.</summary>
    private DateTimeOffset? FirstTime(ReadOnlySpan<byte> text)
    {
        for (var feed = text.IndexOf((byte)'\n'); feed >= 0; feed = text.IndexOf((byte)'\n'))
        {
            text = text[(feed + 1)..];
            var end = text.IndexOf((byte)'\n');
            if (end >= 0 && _lines.TimeOf(Encoding.UTF8.GetString(text[..end])) is { } time)
                return time;
        }
        return null;
    }

    private void WarnOfUnparsed()
    {
        if (_unparsed == 0 || (_warned is { } before && _time.GetElapsedTime(before) < BetweenWarnings))
            return;
        LogUnparsed(_unparsed, _path, _monitor.Name);
        _unparsed = 0;
        _warned = _time.GetTimestamp();
    }

    /// <param name="isWaiting">Not there yet is no fault: a folder of files may name the logs of services that this host does not have.</param>
    private void Say(string? fault, bool isWaiting = false)
    {
        if (fault is null || isWaiting)
            _boards.Workers.Ready(Part);
        else
            _boards.Workers.NotReady(Part, $"{fault} What {_monitor.Name} looks for is not seen meanwhile.");
        if (fault is not null && fault != _said)
            LogNotRead(_monitor.Name, fault);
        else if (fault is null && _said is not null)
            LogReads(_path);
        _said = fault;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Monitor}: {Why}")]
    private partial void LogNotRead(string monitor, string why);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Path} is read")]
    private partial void LogReads(string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} lines of {Path} hold no time or no text as {Monitor} describes them; they are passed over. Said once an hour at most")]
    private partial void LogUnparsed(long count, string path, string monitor);
}
