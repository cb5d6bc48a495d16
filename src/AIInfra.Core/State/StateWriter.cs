using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.VendorHost;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.State;

/// <summary>Keeps the stored state up to date with the boards: the first change at once, then at most once a second.</summary>
/// <remarks>The boards never wait for it. While the disk refuses or hangs, the part <c>state</c> is not ready and says why; the boards are
/// the memory, so a later write that succeeds has lost nothing.</remarks>
public sealed partial class StateWriter(
    StateStore store, StateBoards boards, TimeProvider time, ILogger<StateWriter> logger) : IWorker
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "state";

    private static readonly TimeSpan Batch = TimeSpan.FromSeconds(1), Retry = TimeSpan.FromSeconds(10), HangsAfter = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastWrite = TimeSpan.FromSeconds(2);

    private string? _said;

    private VendorReleases Releases { get; } = boards.Releases ?? new VendorReleases(time, []);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var positions = TakePositions();
                var (health, inventory, releases) = (boards.Health.Current.Value, boards.Inventory.Current.Value, Releases.Current.Value);
                var fault = await WriteAsync(() => store.Save(health, inventory, boards.Health.BootId, positions, [.. releases.Values]), cancellationToken);
                Tell(fault);
                await Task.Delay(fault is null ? Batch : Retry, time, cancellationToken);
                if (fault is null)
                    await WaitForChangeAsync(health, inventory, releases, cancellationToken);
            }
        }
        finally
        {
            await FlushAsync();
        }
    }

    /// <summary>First the positions, then the health: all that was said up to them is then in it, also what waits for the end of a storm's window.</summary>
    private ImmutableArray<ReadingPosition> TakePositions()
    {
        var positions = boards.Positions?.Take() ?? [];
        boards.Health.PublishWithheld();
        return positions;
    }

    /// <returns>Null when it is written, else why it is not.</returns>
    private async Task<string?> WriteAsync(Action save, CancellationToken cancellationToken)
    {
        var write = DiskThread.RunAsync(save);
        try
        {
            try
            {
                await write.WaitAsync(HangsAfter, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                Tell($"The disk that holds {store.Folder} (state.path) has not answered for {HangsAfter.TotalSeconds} s: look into the kernel log.");
                await write.WaitAsync(cancellationToken); // the one hung write is waited for: a second one would only hang as well
            }
            return null;
        }
        catch (Exception fault) when (StateFault.Explain(fault, store.Folder) is not null)
        {
            return StateFault.Explain(fault, store.Folder);
        }
    }

    private async Task WaitForChangeAsync(
        HealthSnapshot health, NodeInventory inventory, ImmutableSortedDictionary<string, VendorRelease> releases, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(
            boards.Health.Current.WaitForChangeAsync(health, either.Token),
            boards.Inventory.Current.WaitForChangeAsync(inventory, either.Token),
            Releases.Current.WaitForChangeAsync(releases, either.Token));
        await either.CancelAsync(); // or each turn would leave a waiter behind on the board that stays quiet
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>The agent ends: what the last second brought is written, if the disk does it in time.</summary>
    private async Task FlushAsync()
    {
        try
        {
            var positions = TakePositions();
            await DiskThread.RunAsync(() => store.Save(boards.Health.Current.Value, boards.Inventory.Current.Value, boards.Health.BootId, positions,
                [.. Releases.Current.Value.Values])).WaitAsync(LastWrite, time);
        }
        catch (TimeoutException)
        {
            LogUnwritten($"The disk has not answered for {LastWrite.TotalSeconds} s.");
        }
        catch (Exception fault) when (StateFault.Explain(fault, store.Folder) is not null)
        {
            LogUnwritten(StateFault.Explain(fault, store.Folder)!);
        }
    }

    private void Tell(string? fault)
    {
        if (fault is null)
            boards.Workers.Ready(Part);
        else
            boards.Workers.NotReady(Part, $"{fault} Until then the agent remembers nothing over a restart.");
        if (fault is not null && fault != _said)
            LogRefused(fault, Retry.TotalSeconds);
        else if (fault is null && _said is not null)
            LogWritten(store.Folder);
        _said = fault;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "State is kept in memory only. {What} Trying again every {Seconds} s")]
    private partial void LogRefused(string what, double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "State is written to {Folder} again; nothing was lost")]
    private partial void LogWritten(string folder);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The last changes of the state were not written. {What}")]
    private partial void LogUnwritten(string what);
}

/// <summary>What the writer reads and where it says how it fares.</summary>
public sealed record StateBoards(
    HealthBoard Health, InventoryBoard Inventory, WorkerBoard Workers, ReadingPositions? Positions = null, VendorReleases? Releases = null);
