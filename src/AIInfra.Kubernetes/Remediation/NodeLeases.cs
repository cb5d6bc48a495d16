using System.Collections.Concurrent;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.Reporting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.Remediation;

/// <summary>The leases of <see cref="LeaseGrants"/> for many nodes: taken in each node's name by somebody who grants on their behalf. A node's own agent finds them as its own, and nobody else gets them.</summary>
/// <param name="options">Without a node's name; the same as the agents'.</param>
public sealed class NodeLeases(ApiClient client, LeaseOptions options, TimeProvider time, ILoggerFactory loggers) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Held> _held = new(StringComparer.Ordinal);

    /// <summary>A node's lease, renewed until it is given back.</summary>
    private sealed record Held(LeaseGrants Grants, IGrant Grant, string Operation, CancellationTokenSource Ended, Task Renewing);

    /// <summary>Nodes whose lease is held here, with the operation that it is for.</summary>
    public IEnumerable<(string Node, string Operation)> All => _held.Select(one => (one.Key, one.Value.Operation));

    public bool IsHeld(string node, string operation) => _held.TryGetValue(node, out var held) && held.Operation == operation && held.Grant.IsHeld;

    /// <summary>Takes one of the places of the node's domain, or finds that it has one. One question of a node at a time.</summary>
    /// <returns>Null when it is held; else why not, as a sentence.</returns>
    /// <exception cref="OperationCanceledException">Of the token.</exception>
    public async Task<string?> TakeAsync(string node, string operation, CancellationToken cancellationToken)
    {
        if (IsHeld(node, operation))
            return null;
        await DropAsync(node);
        var (board, cluster) = (new NodeBoard(), new ClusterBoard());
        try
        {
            board.Take(NodeSnapshot.Of(await client.GetAsync(ApiResources.Nodes, null, node, cancellationToken))); // its domain, as the cluster has it now
        }
        catch (ApiException fault)
        {
            return $"the node's failure domain is not known: {fault.Message}";
        }
        cluster.Take(new ClusterLink(client, board, node));
        var grants = new LeaseGrants(cluster, options with { NodeName = node }, new WorkerBoard(), time, loggers.CreateLogger<LeaseGrants>());
        var answer = await grants.AskAsync(new GrantRequest(operation, "", DrainScope.Node), cancellationToken);
        var ended = new CancellationTokenSource();
        if (answer.Grant is not { } grant)
        {
            ended.Dispose();
            grants.Dispose();
            return answer.Why;
        }
        _held[node] = new Held(grants, grant, operation, ended, grants.RunAsync(ended.Token));
        return null;
    }

    /// <summary>Gives it back, for others to take at once.</summary>
    public async Task GiveBackAsync(string node, string operation)
    {
        if (!_held.TryGetValue(node, out var held) || held.Operation != operation || !_held.TryRemove(KeyValuePair.Create(node, held)))
            return;
        await held.Grant.DisposeAsync();
        await EndAsync(held);
    }

    /// <summary>Holds it here no more and does not give it back: it is the node's until it runs out, and whoever asks for the node finds it.</summary>
    public async Task DropAsync(string node)
    {
        if (_held.TryRemove(node, out var held))
            await EndAsync(held);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _held.Keys)
            await DropAsync(node);
    }

    private static async Task EndAsync(Held held)
    {
        await held.Ended.CancelAsync();
        await held.Renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        held.Grants.Dispose();
        held.Ended.Dispose();
    }
}
