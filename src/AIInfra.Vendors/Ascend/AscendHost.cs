using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;

namespace AIInfra.Vendors.Ascend;

/// <summary>What of the host's files a container's NPUs depend on, as of one look. Immutable.</summary>
/// <param name="Nodes">Device nodes of the driver that are there, relative to /dev.</param>
/// <param name="Mounts">The driver's files and folders that are there, absolute on the host.</param>
/// <param name="HasRuntime">The Ascend Docker Runtime is installed.</param>
internal sealed record AscendHostView(FrozenSet<string> Nodes, ImmutableArray<string> Mounts, bool HasRuntime)
{
    private const string Runtime = "usr/local/Ascend/Ascend-Docker-Runtime/ascend-docker-runtime";

    private static readonly ImmutableArray<string> Heads = ["davinci", "vdavinci", .. AscendNodes.Common, .. AscendNodes.Optional];

    /// <summary>What programs of CANN and npu-smi look for in a container, as the vendor's guides mount it.</summary>
    private static readonly ImmutableArray<string> Files =
        ["/usr/local/Ascend/driver", "/usr/local/dcmi", "/usr/local/bin/npu-smi", "/etc/ascend_install.info", "/etc/hccn.conf"];

    /// <summary>Blocks on the host's files; what cannot be read is not there.</summary>
    public static AscendHostView Look(HostPaths host) => new(
        NamesIn(host.Dev).Where(name => Heads.Any(head => name.StartsWith(head, StringComparison.Ordinal))).ToFrozenSet(StringComparer.Ordinal),
        [.. Files.Where(file => Path.Exists(Path.Join(host.Root, file)))],
        File.Exists(Path.Combine(host.Root, Runtime)));

    private static string[] NamesIn(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(folder).Select(path => Path.GetFileName(path))];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}

/// <summary>Keeps the <see cref="AscendHostView"/> new, so that Allocate need not look: when the devices have changed, and every half minute.</summary>
internal sealed class AscendHostWatch(HostPaths host, InventoryBoard inventory, TimeProvider time) : IWorker
{
    public const string Part = "ascend host files";

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private AscendHostView? _view;

    /// <summary>The newest look. Only who asks before the first one waits for it.</summary>
    public AscendHostView View
    {
        get
        {
            if (Volatile.Read(ref _view) is { } seen)
                return seen;
            lock (_gate)
                return _view ??= AscendHostView.Look(host);
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var devices = inventory.Current.Value;
            if (devices.Vendors.Any(vendor => vendor is { Vendor: AscendFields.Vendor, Devices.IsEmpty: false }))
                await Task.Factory.StartNew(() => Volatile.Write(ref _view, AscendHostView.Look(host)), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(inventory.Current.WaitForChangeAsync(devices, ended.Token), Task.Delay(Beat, time, ended.Token));
            await ended.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
