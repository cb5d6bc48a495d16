using System.Collections.Concurrent;
using AIInfra.Aggregator.Audit;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;
using AIInfra.Core.Hosting;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.Remediation;

namespace AIInfra.Aggregator.Cluster;

/// <summary>Keeps the marks of node steps true where the aggregator does them: notes that a person took a cordon back, so that a later one by hand is not taken for the fleet's,
/// and takes off what was set for a problem that is over. It sets nothing that keeps work away.</summary>
/// <remarks>Every replica does; who is late finds it done.</remarks>
internal sealed class MarkWatch(ApiClient client, FleetView view, IAuditLog audit, WorkerBoard parts, TimeProvider time) : IWorker
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "cluster marks";

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(2), Settle = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<string, NodeObject> _marked = new(StringComparer.Ordinal);

    public void Take(NodeObject node)
    {
        if (node.Metadata.Name is not { } name)
            return;
        if (ClusterMark.IsOn(node))
            _marked[name] = node;
        else
            _marked.TryRemove(name, out _);
    }

    public void Gone(string node) => _marked.TryRemove(node, out _);

    public Task RunAsync(CancellationToken cancellationToken) => StoreBeat.EachAsync(Beat, time, parts, Part, SweepAsync, cancellationToken);

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        foreach (var (name, node) in _marked)
            await KeepAsync(name, node, cancellationToken);
    }

    private async Task KeepAsync(string name, NodeObject node, CancellationToken cancellationToken)
    {
        var record = view.Find(name);
        var (patch, says) = ClusterMark.Change(node, (problem, subject, since) => Stands(record, problem, subject, since));
        if (patch is null)
            return;
        try
        {
            Take(await client.PatchAsync(ApiResources.Nodes, null, name, null, patch, cancellationToken, isUrgent: true));
        }
        catch (ApiException fault) when (fault.Fault is ApiFault.Conflict or ApiFault.Invalid or ApiFault.NotFound)
        {
            return; // the object changed meanwhile, which the watch will tell
        }
        foreach (var sentence in says)
            await audit.WriteAsync(new AuditEntry(time.GetUtcNow(), "aggregator", "node.marks", name, "", sentence), cancellationToken);
    }

    /// <summary>What is not known stands: of a node that is away, or whose report of the problem may still be on its way.</summary>
    private bool Stands(NodeRecord? node, string problem, string subject, DateTimeOffset since) => node is not { IsConnected: true } || time.GetUtcNow() - since < Settle
        || node.Problems.Any(one => one.Key.Id == problem && one.Key.Subject.ToString() == subject && (one.FirstSeen <= since || one.Arrived <= since));
}
