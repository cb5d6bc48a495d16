using System.Diagnostics;
using System.Globalization;
using System.Text;
using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using Microsoft.Extensions.Logging.Abstractions;
using GrantRequest = AIInfra.Aggregator.Grants.GrantRequest;

namespace AIInfra.VendorHostChild;

/// <summary>One replica of the aggregator with its share of the nodes, all of which ask for grants as fast as they can. FOLDER hammer CONNECTION SHARE OF NODES, until there is a file <c>stop</c>.
/// What it was granted, and when, stands in <c>log-SHARE</c>: an observer can add up what all of them held at any moment.</summary>
/// <remarks>A line is a sign, the machine's monotonic clock, node, rack and fence: <c>+</c> granted (the clock after the answer), <c>-</c> given back (the clock before
/// it is said), <c>!</c> denied because the store was away. Every line is on the disk before the next thing is done.</remarks>
internal static class GrantHammer
{
    public const int PerRack = 10;

    private static readonly Lock Gate = new();

    /// <summary>What each replica is given: three of the fleet, one of a rack.</summary>
    public static readonly GrantPolicy Policy = new()
    {
        Budgets = [new Budget("fleet", "", Amount.Of(3)), new Budget("racks", "rack", Amount.Of(1))],
        View = new ViewRule(1, TimeSpan.Zero),
        Breaker = new BreakerRule { Percent = 100 },
    };

    public static async Task<int> RunAsync(string folder, string connection, int share, int of, int nodes)
    {
        await using var database = FleetDatabase.Open(connection, TimeProvider.System, NullLogger<FleetDatabase>.Instance);
        var replicas = new Replicas(database, Policy.View, TimeProvider.System);
        var store = new NodeStore(database, replicas, Policy.Labels, new TextPool());
        var ledger = new GrantLedger(database, replicas, Policy, NullLogger<GrantLedger>.Instance);
        using var log = new FileStream(Path.Combine(folder, $"log-{share}"), FileMode.Create, FileAccess.Write, FileShare.Read, 1);
        var own = Enumerable.Range(0, nodes).Where(node => node % of == share).ToList();
        await UntilDoneAsync(() => replicas.BeatAsync(CancellationToken.None));
        await UntilDoneAsync(() => store.WriteAsync([.. own.Select(node => new NodeChange(Name(node), null, Record(node, 1)))], CancellationToken.None));
        await UntilDoneAsync(() => replicas.BeatAsync(CancellationToken.None));
        using var ended = new CancellationTokenSource();
        var beats = BeatAsync(replicas, ended.Token);
        var stop = StopAsync(Path.Combine(folder, "stop"), ended);
        await Task.WhenAll(own.Select(node => NodeAsync(node, store, ledger, log, ended.Token)));
        await Task.WhenAll(beats, stop);
        return 0;
    }

    private static async Task NodeAsync(int node, NodeStore store, GrantLedger ledger, FileStream log, CancellationToken ended)
    {
        var random = new Random(node);
        for (var (sequence, turn) = (1, 0); !ended.IsCancellationRequested;)
        {
            var operation = $"op{turn}";
            var decision = await ledger.AskAsync(new GrantRequest(Name(node), operation, "reboot", DrainScope.Node, [], new ProblemKey("x", Subject.Node)), CancellationToken.None);
            if (decision.Outcome != GrantOutcome.Granted)
            {
                if (decision.Why.Contains("store", StringComparison.Ordinal))
                    Say(log, '!', node, 0);
                await Task.Delay(random.Next(1, 30), CancellationToken.None);
                continue;
            }
            turn++; // the same is asked until it is granted: where the answer was lost, the grant is there
            Say(log, '+', node, decision.Fence);
            await Task.Delay(random.Next(1, 20), CancellationToken.None);
            Say(log, '-', node, decision.Fence);
            var holder = new GrantHolder(Name(node), operation, decision.Grant, decision.Fence);
            await UntilDoneAsync(() => ledger.ReleaseAsync(holder, ActionOutcome.Done, "", CancellationToken.None));
            sequence++;
            await UntilDoneAsync(() => store.WriteAsync([new NodeChange(Name(node), null, Record(node, sequence))], CancellationToken.None));
        }
    }

    private static async Task StopAsync(string file, CancellationTokenSource ended)
    {
        while (!File.Exists(file))
            await Task.Delay(20);
        await ended.CancelAsync();
    }

    private static async Task BeatAsync(Replicas replicas, CancellationToken ended)
    {
        while (!ended.IsCancellationRequested)
        {
            await UntilDoneAsync(() => replicas.BeatAsync(CancellationToken.None));
            await Task.Delay(1000, CancellationToken.None);
        }
    }

    private static async Task UntilDoneAsync(Func<Task> work)
    {
        while (true)
        {
            try
            {
                await work();
                return;
            }
            catch (StoreException away) when (away.IsTransient)
            {
                await Task.Delay(50);
            }
        }
    }

    private static void Say(FileStream log, char sign, int node, long fence)
    {
        lock (Gate)
            log.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{sign} {Stopwatch.GetTimestamp()} {Name(node)} r{node / PerRack} {fence}\n")));
    }

    private static string Name(int node) => string.Create(CultureInfo.InvariantCulture, $"n{node:000}");

    private static NodeRecord Record(int node, long sequence) => new()
    {
        Name = Name(node),
        Incarnation = "i",
        Sequence = sequence,
        LastHeard = DateTimeOffset.UtcNow,
        IsConnected = true,
        Facts = NodeFacts.Unknown with { Labels = NodeFacts.Unknown.Labels.Add("rack", $"r{node / PerRack}") },
    };
}
