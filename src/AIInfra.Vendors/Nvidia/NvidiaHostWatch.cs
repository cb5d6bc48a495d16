using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;

namespace AIInfra.Vendors.Nvidia;

/// <summary>Keeps the <see cref="NvidiaHostView"/> new, so that Allocate need not look: when the devices have changed, and every half minute.</summary>
internal sealed class NvidiaHostWatch(HostPaths host, NvidiaOptions options, InventoryBoard inventory, TimeProvider time) : IWorker
{
    public const string Part = "nvidia host files";

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private NvidiaHostView? _view;

    /// <summary>The newest look. Only who asks before the first one waits for it.</summary>
    public NvidiaHostView View => Volatile.Read(ref _view) ?? First();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var devices = inventory.Current.Value;
            await Task.Factory.StartNew(Refresh, cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default); // a hung driver's files may block
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(inventory.Current.WaitForChangeAsync(devices, ended.Token), Task.Delay(Beat, time, ended.Token));
            await ended.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Looks now. Blocks on the host's files.</summary>
    public void Refresh() => Volatile.Write(ref _view, NvidiaHostView.Look(host, options.Injection.DevRoot));

    private NvidiaHostView First()
    {
        lock (_gate)
        {
            if (_view is null)
                Refresh();
            return _view!;
        }
    }
}
