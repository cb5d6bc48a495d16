using System.Threading.Channels;

namespace AIInfra.Linux.Files;

/// <summary>Tells when names may have come or gone in one folder, or what else is asked for; the caller then reads the folder. A missed or lost event costs one
/// poll, never the change. The folder may be absent, and may be replaced by another of the same name.</summary>
/// <remarks>One caller at a time. Uses one inotify instance; where the host has none left it polls only.</remarks>
/// <param name="folder">Its files are watched, not those of folders in it.</param>
/// <param name="poll">The longest wait.</param>
/// <param name="time"></param>
/// <param name="changes">What counts as a change.</param>
public sealed class FolderWatch(string folder, TimeSpan poll, TimeProvider time, NotifyFilters changes = NotifyFilters.FileName) : IDisposable
{
    private static readonly TimeSpan Absent = TimeSpan.FromSeconds(1); // nothing tells when a folder comes that is not there

    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true }); // "changed" once is enough
    private FileSystemWatcher? _watcher;
    private FileIdentity? _watched;

    /// <summary>Returns after a change, after the poll interval, and at once when the folder came, went or was replaced since the last call.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        if (FollowFolder())
            return;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var changed = _changes.Reader.WaitToReadAsync(ended.Token).AsTask();
        var patience = _watched is null && poll > Absent ? Absent : poll;
        await Task.WhenAny(changed, Task.Delay(patience, time, ended.Token));
        await ended.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        _changes.Reader.TryRead(out _);
    }

    /// <summary>True when another folder, or none, is watched now.</summary>
    private bool FollowFolder()
    {
        var present = FileIdentity.TryRead(folder);
        if (present == _watched)
            return false;
        _watcher?.Dispose();
        _watcher = null;
        _watched = present;
        try
        {
            if (present is not null)
                _watcher = Watch();
        }
        catch (Exception fault) when (fault is IOException or ArgumentException) // no inotify instance left; gone again
        {
            _watcher = null;
        }
        return true;
    }

    private FileSystemWatcher Watch()
    {
        var watcher = new FileSystemWatcher(folder) { NotifyFilter = changes };
        watcher.Created += (_, _) => _changes.Writer.TryWrite(true);
        watcher.Deleted += (_, _) => _changes.Writer.TryWrite(true);
        watcher.Renamed += (_, _) => _changes.Writer.TryWrite(true);
        watcher.Changed += (_, _) => _changes.Writer.TryWrite(true);
        watcher.Error += (_, _) => _changes.Writer.TryWrite(true); // events were lost: look
        watcher.EnableRaisingEvents = true;
        return watcher;
    }

    public void Dispose() => _watcher?.Dispose();
}
