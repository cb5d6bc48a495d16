using AIInfra.Linux.Files;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>One agent a kubelet: of two that serve the same folder, the one that came first. A folder that was made anew is another folder. Any thread.</summary>
internal sealed class PluginFolderLock(string folder) : IDisposable
{
    private readonly Lock _gate = new();
    private FolderLock? _held;
    private FileIdentity? _of;

    /// <summary>False: another agent serves this folder.</summary>
    /// <exception cref="IOException">The folder cannot be opened.</exception>
    public bool TryHold()
    {
        lock (_gate)
        {
            var now = FileIdentity.TryRead(folder);
            if (_held is not null && now == _of)
                return true;
            _held?.Dispose();
            _held = FolderLock.TryTake(folder);
            _of = now;
            return _held is not null;
        }
    }

    public void Dispose() => _held?.Dispose();
}
