using System.Collections.Immutable;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sampling;

namespace AIInfra.Core.Workloads;

/// <summary>Tells which pod a process of the host belongs to.</summary>
public interface IProcessPods
{
    /// <summary>Reads the host's procfs. One entry for each process that belongs to a pod that is known by name.</summary>
    IReadOnlyDictionary<int, (string Namespace, string Pod)> Find(IEnumerable<int> processes);
}

/// <summary>Divides the memory of devices among the pods whose processes have it, as the driver tells, each time that the driver was asked.</summary>
/// <remarks>Processes outside any pod, and what the driver keeps for itself, belong to nobody: the sum over pods is at most what the device has in use.</remarks>
public sealed class PodUseWorker(SampleBoard samples, IProcessPods pods, PodAccountingOptions options, TimeProvider time) : IWorker
{
    public const string Part = "device use by pods";

    private const int Limit = 2000;

    private Dictionary<(string Vendor, string Device, string Namespace, string Pod), LabelSet> _labels = [];

    internal sealed record PodMemory(LabelSet Labels, long Bytes);

    internal Latest<ImmutableList<PodMemory>> Current { get; } = new([]);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var seen = samples.Current.Value;
            Refresh(seen);
            await samples.Current.WaitForChangeAsync(seen, cancellationToken);
        }
    }

    internal void Refresh(NodeSample node)
    {
        var now = time.GetTimestamp();
        var uses = node.Vendors.SelectMany(vendor => vendor.Uses.Select(use => (vendor.Fields.Vendor, Use: use))).Where(one => time.GetElapsedTime(one.Use.Timestamp, now) <= options.MaxSampleAge).ToArray();
        if (uses.Length == 0 && Current.Value.IsEmpty)
            return;
        var owners = pods.Find(uses.SelectMany(one => one.Use.Processes).Select(process => process.Id).Distinct());
        var sums = new Dictionary<(string Vendor, string Device, string Namespace, string Pod), long>();
        foreach (var (vendor, use) in uses)
        {
            foreach (var process in use.Processes)
            {
                if (process.MemoryBytes is not { } bytes || !owners.TryGetValue(process.Id, out var pod) || bytes < 0)
                    continue;
                var key = (vendor, use.DeviceId, pod.Namespace, pod.Pod);
                sums[key] = sums.GetValueOrDefault(key) + bytes;
            }
        }
        _labels = sums.Keys.Take(Limit).ToDictionary(key => key,
            key => _labels.TryGetValue(key, out var known) ? known : AgentMetric.PodMemory.Labelled(key.Vendor, key.Device, key.Namespace, key.Pod));
        Current.Publish([.. _labels.Select(one => new PodMemory(one.Value, sums[one.Key]))]);
    }
}

/// <summary>Device memory by pod on the page.</summary>
public sealed class PodUseRows(PodUseWorker use) : PageRows
{
    public override void Write(PageWriter writer)
    {
        writer.Family(AgentMetric.PodMemory);
        foreach (var one in use.Current.Value)
            writer.Sample(one.Labels, one.Bytes);
    }
}
