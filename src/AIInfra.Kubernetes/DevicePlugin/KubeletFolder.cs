using System.Collections.Frozen;
using AIInfra.Core.Hosting;
using AIInfra.Linux.Files;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>What is in the kubelet's device-plugin folder.</summary>
/// <param name="Exists">False when the folder is missing or cannot be read.</param>
/// <param name="Kubelet">Which kubelet.sock is there: a restarted kubelet makes another one. Null when there is none.</param>
/// <param name="Names">All names in it.</param>
internal sealed record KubeletFolder(bool Exists, FileIdentity? Kubelet, FrozenSet<string> Names)
{
    public static KubeletFolder Missing { get; } = new(false, null, FrozenSet<string>.Empty);

    public static KubeletFolder Read(string path)
    {
        try
        {
            var names = Directory.EnumerateFileSystemEntries(path).Select(entry => Path.GetFileName(entry)).ToFrozenSet(StringComparer.Ordinal);
            return new KubeletFolder(true, FileIdentity.TryRead(Path.Combine(path, DevicePluginApi.KubeletSocket)), names);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Missing;
        }
    }

    public bool Equals(KubeletFolder? other) =>
        other is not null && Exists == other.Exists && Kubelet == other.Kubelet && Names.SetEquals(other.Names);

    public override int GetHashCode() => HashCode.Combine(Exists, Kubelet, Names.Count);
}

/// <summary>Keeps <see cref="KubeletFolder"/> up to date.</summary>
internal sealed class KubeletFolderWatch(string path, TimeProvider time)
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5);
    private readonly Lock _gate = new();

    public string Path => path;
    public Latest<KubeletFolder> Current { get; } = new(KubeletFolder.Missing);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var watch = new FolderWatch(path, Poll, time);
        while (true)
        {
            await watch.WaitAsync(cancellationToken);
            Refresh();
        }
    }

    /// <summary>Reads the folder now.</summary>
    public KubeletFolder Refresh()
    {
        lock (_gate)
        {
            var now = KubeletFolder.Read(path);
            if (!now.Equals(Current.Value))
                Current.Publish(now);
            return Current.Value;
        }
    }
}
