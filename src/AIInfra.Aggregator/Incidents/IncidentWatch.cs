using System.Collections.Immutable;
using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Incidents;

/// <summary>Looks at the whole fleet every two seconds for what began on several nodes at once. Every replica does; the database makes one of what they find.</summary>
internal sealed partial class IncidentWatch(FleetView view, IncidentStore incidents, CorrelationRule rule, GrantPolicy policy, TimeProvider time, ILogger<IncidentWatch> logger) : IWorker
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "incidents";

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(2), New = TimeSpan.FromHours(1);

    /// <summary>Besides the labels of the budgets: where clusters say how they are built.</summary>
    private static readonly ImmutableArray<string> Topology = ["topology.kubernetes.io/zone", "topology.kubernetes.io/rack", "node.kubernetes.io/instance-type", "nvidia.com/gpu.clique"];

    private bool _hasOpen = true; // from before the start

    public Task RunAsync(CancellationToken cancellationToken) => StoreBeat.EachAsync(Beat, time, LookAsync, cancellationToken);

    /// <exception cref="StoreException">What was found is not written.</exception>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        var nodes = view.Nodes;
        var since = time.GetUtcNow() - New;
        var standing = nodes.Values.SelectMany(node => node.Problems.Where(IsWorthIt).Select(problem => (Node: node.Name, Problem: problem))).ToList();
        var onsets = standing.Where(one => one.Problem.Arrived >= since).GroupBy(one => (one.Node, one.Problem.Key.Id))
            .Select(group => new Onset(group.Key.Node, group.Key.Id, group.Min(one => one.Problem.Arrived))).ToList();
        if (onsets.Count < rule.Least && !_hasOpen)
            return;
        var found = onsets.Count < rule.Least ? [] : Correlator.Find(onsets, nodes.ToDictionary(node => node.Key, node => Parts(node.Value), StringComparer.Ordinal), rule);
        if (found.IsEmpty && !_hasOpen)
            return;
        var changes = await incidents.ApplyAsync(found, standing.ToLookup(one => one.Problem.Key.Id, one => one.Node), cancellationToken);
        _hasOpen = !found.IsEmpty || (await incidents.ReadAsync(1, cancellationToken)).Any(incident => incident.Ended is null);
        if (changes > 0)
            LogChanges(changes);
    }

    /// <summary>What says most on its subject, and is more than a remark.</summary>
    private static bool IsWorthIt(ProblemRecord problem) => problem.Severity != Severity.Info && (problem.Headline.Length == 0 || problem.Headline == problem.Key.Id);

    private ImmutableArray<SharedPart> Parts(NodeRecord node)
    {
        var parts = ImmutableArray.CreateBuilder<SharedPart>();
        foreach (var label in policy.Labels.Concat(Topology).Distinct(StringComparer.Ordinal))
        {
            if (node.Facts.Labels.TryGetValue(label, out var value))
                parts.Add(new SharedPart("domain", $"{label}={value}"));
        }
        parts.AddRange(node.Facts.Vendors.Where(vendor => vendor.DriverVersion.Length > 0).Select(vendor => new SharedPart("driver", $"{vendor.Name} {vendor.DriverVersion}")));
        if (node.Facts.Image.Length > 0)
            parts.Add(new SharedPart("image", node.Facts.Image));
        if (node.Facts.Kernel.Length > 0)
            parts.Add(new SharedPart("kernel", node.Facts.Kernel));
        parts.AddRange(NodeRows.Jobs(node).Select(job => new SharedPart("job", job)));
        return parts.ToImmutable();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} incidents of several nodes began, grew or ended; the audit and the API say which")]
    private partial void LogChanges(int count);
}
