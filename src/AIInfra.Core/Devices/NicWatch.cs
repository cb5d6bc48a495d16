using AIInfra.Core.Hosting;
using AIInfra.Core.State;

namespace AIInfra.Core.Devices;

/// <summary>The newest <see cref="NicNearness"/>.</summary>
public sealed class NicBoard
{
    public Latest<NicNearness> Current { get; } = new(NicNearness.None);
}

/// <summary>Looks where the network cards are: at the start, when the devices change, and once a minute.</summary>
public sealed class NicWatch(HostPaths host, InventoryBoard inventory, NicBoard board, TimeProvider time) : IWorker
{
    public const string Part = "network cards";

    private static readonly TimeSpan Otherwise = TimeSpan.FromMinutes(1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var devices = inventory.Current.Value;
            var found = NicNearness.None;
            await DiskThread.RunAsync(() => found = new NicReader(host).Read(devices.Devices.Select(device => device.PciAddress).OfType<string>()), "pci").WaitAsync(cancellationToken);
            if (!found.IsSameAs(board.Current.Value))
                board.Current.Publish(found);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(inventory.Current.WaitForChangeAsync(devices, ended.Token), Task.Delay(Otherwise, time, ended.Token));
            await ended.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
