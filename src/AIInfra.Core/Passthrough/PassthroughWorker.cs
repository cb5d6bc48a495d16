using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Passthrough;

/// <summary>Lists what virtual machines may have: at the start, when the kernel says that a driver took or let go of a board or that a mediated device came or
/// went, when other drivers' boards are others, and once a minute.</summary>
internal sealed partial class PassthroughWorker(PassthroughScan scan, InventoryBoard board, Latest<PciChange> bus, TimeProvider time, ILogger<PassthroughWorker> logger) : IWorker
{
    public const string Part = "passthrough";

    private static readonly TimeSpan Beat = TimeSpan.FromMinutes(1), Settle = TimeSpan.FromMilliseconds(200);

    private ImmutableArray<Device> _listed = [];
    private bool _isPublished;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var (change, devices) = (bus.Value, board.Current.Value);
            await Task.Factory.StartNew(Refresh, cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(bus.WaitForChangeAsync(change, ended.Token), board.Current.WaitForChangeAsync(devices, ended.Token), Task.Delay(Beat, time, ended.Token));
            await ended.CancelAsync();
            await Task.Delay(Settle, time, cancellationToken); // all functions of a board change hands one after the other
        }
    }

    internal void Refresh()
    {
        var known = board.Current.Value.Devices.Where(device => device is { ParentId: null, PciAddress: not null } && device.Vendor != PassthroughScan.Vendor)
            .DistinctBy(device => device.PciAddress).ToDictionary(device => device.PciAddress!, device => device.Id, StringComparer.Ordinal);
        var found = scan.Find(known);
        if (_isPublished && found.Length == _listed.Length && found.Zip(_listed).All(pair => pair.First.IsSameAs(pair.Second)))
            return;
        (_listed, _isPublished) = (found, true);
        board.Publish(new VendorInventory { Vendor = PassthroughScan.Vendor, State = VendorState.Ready, Devices = found });
        var heldBack = found.Count(device => device.IsHeldBack);
        LogFound(found.Length, heldBack);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} devices are there for virtual machines, {HeldBack} of them held back")]
    private partial void LogFound(int count, int heldBack);
}

public static class PassthroughSetup
{
    /// <summary>Offers boards and virtual functions that a vfio driver holds, and mediated devices. Adds nothing where it is not enabled.</summary>
    public static IServiceCollection AddPassthrough(this IServiceCollection services, PassthroughOptions options)
    {
        if (!options.Enabled)
            return services;
        var offers = new PassthroughOffers();
        return services
            .AddSingleton<IOfferPolicy>(offers)
            .AddSingleton<IAllocator>(offers)
            .AddWorker(PassthroughWorker.Part, provider => new PassthroughWorker(
                new PassthroughScan(provider.GetRequiredService<HostPaths>(), options), provider.GetRequiredService<InventoryBoard>(),
                provider.GetRequiredService<PciChanges>().Of(null), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<PassthroughWorker>>()));
    }
}
