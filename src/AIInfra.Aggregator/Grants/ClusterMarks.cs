using AIInfra.Aggregator.Cluster;
using AIInfra.Aggregator.Store;
using AIInfra.Core.Hosting;
using AIInfra.Kubernetes.Api;

namespace AIInfra.Aggregator.Grants;

/// <summary>Follows the cluster's nodes and marks those that take no work, whoever made it so: they weigh on the budgets.</summary>
/// <remarks>Every replica does, and writes the same. One watch of all nodes for the whole fleet, not one for each agent.</remarks>
/// <param name="labels">Which domains the cluster has them in; null: the nodes' own word counts.</param>
/// <param name="marks">Told of each node; null: nobody is.</param>
internal sealed class ClusterMarks(ApiClient client, FleetDatabase database, WorkerBoard parts, TimeProvider time, Func<double> random, ClusterLabels? labels = null, MarkWatch? marks = null) : IWorker
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "cluster nodes";

    /// <summary>So long the cluster may be out of sight before nothing is granted.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1), ShortWatch = TimeSpan.FromSeconds(5);

    private static readonly string[] OutOfServiceTaints = ["aiinfra.io/unhealthy", "node.kubernetes.io/out-of-service"];

    private readonly Backoff _backoff = Backoff.ForLoops(random);
    private long _seen = long.MinValue;
    private volatile string _why = "the cluster's nodes have not been read yet.";

    /// <summary>Null; else why it is not known which nodes are out of service: then nothing is granted.</summary>
    public string? Gap => _why is { Length: > 0 } why && Interlocked.Read(ref _seen) is var at && (at == long.MinValue || time.GetElapsedTime(at) > Patience) ? why : null;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await FollowAsync(cancellationToken);
            }
            catch (ApiException fault)
            {
                if (fault.Fault != ApiFault.Expired)
                    Lost($"the cluster's nodes cannot be watched: {fault.Message}");
                await Task.Delay(_backoff.Next(fault.RetryAfter), time, cancellationToken);
            }
            catch (StoreException fault)
            {
                Lost(fault.Message);
                await Task.Delay(_backoff.Next(), time, cancellationToken);
            }
        }
    }

    /// <summary>Why a node takes no work; empty when it does.</summary>
    internal static string Of(NodeObject node)
    {
        var why = new List<string>();
        if (node.Spec.Unschedulable == true)
            why.Add("cordoned");
        if (node.Spec.Taints.FirstOrDefault(taint => OutOfServiceTaints.Contains(taint.Key)) is { } taint)
            why.Add($"tainted {taint.Key}");
        if (node.Status.Conditions.FirstOrDefault(condition => condition.Type == "Ready") is not { Status: "True" })
            why.Add("not ready");
        return string.Join(", ", why);
    }

    /// <summary>Lists, then watches until a new list is needed.</summary>
    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var list = await client.ListAsync(ApiResources.Nodes, null, null, cancellationToken);
        var outOfService = list.Items.Select(node => (Name: node.Metadata.Name ?? "", Marks: Of(node))).Where(node => node.Marks.Length > 0).ToList();
        var domains = labels is null ? null : list.Items.Where(node => node.Metadata.Name is not null).ToDictionary(node => node.Metadata.Name!, labels.TextOf, StringComparer.Ordinal);
        await database.WriteAsync(async session =>
        {
            await session.RunAsync("DELETE FROM node_marks");
            foreach (var (name, text) in outOfService.OrderBy(node => node.Name, StringComparer.Ordinal))
                await WriteAsync(session, name, text);
            if (domains is not null)
                await ClusterLabels.ReplaceAsync(session, domains);
            return true;
        }, cancellationToken);
        foreach (var node in list.Items)
            marks?.Take(node);
        Seen();
        var version = list.Metadata.ResourceVersion ?? "";
        while (true)
        {
            var started = time.GetTimestamp();
            await foreach (var change in client.WatchAsync(ApiResources.Nodes, null, null, version, cancellationToken))
            {
                version = change.Item.Metadata.ResourceVersion ?? version;
                if (change.Kind != WatchKind.Bookmark)
                    await TakeAsync(change.Item, change.Kind == WatchKind.Deleted, cancellationToken);
                Seen();
            }
            Seen(); // the server ends each watch; the next one goes on from there
            if (time.GetElapsedTime(started) < ShortWatch)
                await Task.Delay(_backoff.Next(), time, cancellationToken);
            else
                _backoff.Reset();
        }
    }

    private async Task TakeAsync(NodeObject node, bool isGone, CancellationToken cancellationToken)
    {
        var (name, text, domains) = (node.Metadata.Name ?? "", isGone ? "" : Of(node), isGone ? null : labels?.TextOf(node));
        if (isGone)
            marks?.Gone(name);
        else
            marks?.Take(node);
        // A kubelet that says that it is well, says so each few minutes for each node: what does not change waits for no lock
        var (knownText, knownDomains) = await database.ReadAsync(async session => (
            await session.FirstAsync("SELECT marks FROM node_marks WHERE node = $1", row => row.GetString(0), name) ?? "",
            await session.FirstAsync("SELECT domains FROM cluster_labels WHERE node = $1", row => row.GetString(0), name)), cancellationToken);
        if (knownText == text && (isGone ? knownDomains is null : domains is null || knownDomains == domains))
            return;
        await database.WriteAsync(async session =>
        {
            if (knownText != text)
                await WriteAsync(session, name, text);
            if (domains is not null)
                await ClusterLabels.TakeAsync(session, name, domains);
            else if (isGone)
                await session.RunAsync("DELETE FROM cluster_labels WHERE node = $1", name);
            return true;
        }, cancellationToken);
    }

    private static Task<int> WriteAsync(SqlSession session, string name, string marks) => marks.Length == 0
        ? session.RunAsync("DELETE FROM node_marks WHERE node = $1", name)
        : session.RunAsync("INSERT INTO node_marks VALUES ($1, $2) ON CONFLICT (node) DO UPDATE SET marks = excluded.marks", name, marks);

    private void Seen()
    {
        Interlocked.Exchange(ref _seen, time.GetTimestamp());
        _why = "";
        parts.Ready(Part);
    }

    private void Lost(string why)
    {
        _why = why;
        parts.NotReady(Part, why);
    }
}
