using System.Collections.Immutable;
using AIInfra.Aggregator.Store;
using AIInfra.Kubernetes.Api;

namespace AIInfra.Aggregator.Cluster;

/// <summary>In which failure domains the cluster itself has its nodes: for the labels of the policy its word counts, and not the node's own. A node that the cluster does not have speaks for itself.</summary>
/// <param name="labels">Of the policy.</param>
internal sealed class ClusterLabels(ImmutableArray<string> labels)
{
    /// <summary>The domains of a node, as <see cref="NodeRows.DomainText"/> writes them.</summary>
    public string TextOf(NodeObject node)
    {
        var known = node.Metadata.Labels ?? ImmutableSortedDictionary<string, string>.Empty;
        return NodeRows.Text(labels.Select(label => label + (known.TryGetValue(label, out var value) ? $"={value}" : "")));
    }

    /// <summary>Brings what is stored to a whole list of the cluster's nodes.</summary>
    public static async Task ReplaceAsync(SqlSession session, IReadOnlyDictionary<string, string> now)
    {
        var known = (await session.AllAsync("SELECT node, domains FROM cluster_labels", row => (Node: row.GetString(0), Domains: row.GetString(1)))).ToDictionary(one => one.Node, one => one.Domains, StringComparer.Ordinal);
        foreach (var gone in known.Keys.Where(node => !now.ContainsKey(node)).Order(StringComparer.Ordinal))
            await session.RunAsync("DELETE FROM cluster_labels WHERE node = $1", gone); // its next report says where it is
        foreach (var (node, domains) in now.Where(one => known.GetValueOrDefault(one.Key) != one.Value).OrderBy(one => one.Key, StringComparer.Ordinal))
            await PutAsync(session, node, domains);
    }

    /// <returns>False when it was known.</returns>
    public static async Task<bool> TakeAsync(SqlSession session, string node, string domains)
    {
        if (await session.FirstAsync("SELECT domains FROM cluster_labels WHERE node = $1", row => row.GetString(0), node) == domains)
            return false;
        await PutAsync(session, node, domains);
        return true;
    }

    private static async Task PutAsync(SqlSession session, string node, string domains)
    {
        await session.RunAsync("UPDATE revisions SET revision = revision"); // nobody writes nodes meanwhile
        await session.RunAsync("INSERT INTO cluster_labels VALUES ($1, $2) ON CONFLICT (node) DO UPDATE SET domains = excluded.domains", node, domains);
        if (await session.FirstAsync("SELECT domains FROM nodes WHERE name = $1", row => row.GetString(0), node) is not { } before || before == domains)
            return;
        await session.RunAsync("UPDATE nodes SET domains = $2 WHERE name = $1", node, domains);
        await session.RunAsync("UPDATE grants SET domains = $2 WHERE node = $1 AND state <> 'over'", node, domains);
        foreach (var (text, by) in ((string, int)[])[(before, -1), (domains, 1)])
        {
            foreach (var (label, value) in NodeRows.Domains(text))
                await session.RunAsync("INSERT INTO domain_sizes VALUES ($1, $2, $3) ON CONFLICT (label, value) DO UPDATE SET nodes = domain_sizes.nodes + excluded.nodes", label, value, by);
        }
    }
}
