using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Passthrough;

/// <summary>Lists the boards that virtual machines may have: at the start, when the kernel says that a driver took or let go of a board,
/// and once a minute.</summary>
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
            var change = bus.Value;
            await Task.Factory.StartNew(Refresh, cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(bus.WaitForChangeAsync(change, ended.Token), Task.Delay(Beat, time, ended.Token));
            await ended.CancelAsync();
            await Task.Delay(Settle, time, cancellationToken); // all functions of a board change hands one after the other
        }
    }

    internal void Refresh()
    {
        var found = scan.Find();
        if (_isPublished && found.Length == _listed.Length && found.Zip(_listed).All(pair => pair.First.IsSameAs(pair.Second)))
            return;
        (_listed, _isPublished) = (found, true);
        board.Publish(new VendorInventory { Vendor = PassthroughScan.Vendor, State = VendorState.Ready, Devices = found });
        var heldBack = found.Count(device => device.IsHeldBack);
        LogFound(found.Length, heldBack);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} boards are bound for virtual machines, {HeldBack} of them held back")]
    private partial void LogFound(int count, int heldBack);
}

public static class PassthroughSetup
{
    /// <summary>Offers boards that a vfio driver holds. Adds nothing where it is not enabled.</summary>
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
