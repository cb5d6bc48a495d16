using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.State;

namespace AIInfra.Core.Toolkits;

/// <summary>Looks which toolkits the host has: at the start and every ten minutes. What that means is judged then, and when the devices are others.</summary>
internal sealed class ToolkitWorker(ToolkitReader reader, ToolkitBoard board, InventoryBoard inventory, HealthBoard health, IEnumerable<IToolkitRules> rules, TimeProvider time) : IWorker
{
    public const string Part = "toolkits";

    private static readonly TimeSpan Beat = TimeSpan.FromMinutes(10);

    private readonly ImmutableArray<IToolkitRules> _rules = [.. rules];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            ImmutableArray<Toolkit> found = [];
            await DiskThread.RunAsync(() => found = reader.Read(), Part).WaitAsync(cancellationToken);
            board.Publish(found);
            using var next = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var due = Task.Delay(Beat, time, next.Token);
            while (!due.IsCompleted)
            {
                var devices = inventory.Current.Value;
                Judge(found, devices);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                await Task.WhenAny(due, inventory.Current.WaitForChangeAsync(devices, either.Token));
                await either.CancelAsync();
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    internal void Judge(ImmutableArray<Toolkit> found, NodeInventory devices)
    {
        foreach (var rule in _rules)
            rule.OnFound(found, devices, time.GetUtcNow(), health);
    }
}
