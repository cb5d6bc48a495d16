using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Hosting;
using AIInfra.Core.Labels;
using AIInfra.Core.Sampling;
using AIInfra.Core.Sharing;

namespace AIInfra.Agent.Control;

/// <summary>The boards' newest snapshots as the control socket shows them.</summary>
internal sealed class NodeView(
    string node, InventoryBoard inventory, HealthBoard health, SampleBoard samples, OfferBoard offers, PodResourcesBoard pods, WorkerBoard workers, HostPaths host,
    LabelBoard labels, ProbeBoard probes, RemediationControl remediation, TimeProvider time)
{
    private readonly DateTimeOffset _started = time.GetUtcNow();
    private readonly ProcessNames _names = new(host);

    public NodeStatus Status()
    {
        var (now, problems, holders) = (inventory.Current.Value, health.Current.Value, Pods());
        return new NodeStatus(
            node, ProgramInfo.Version, _started, workers.IsReady,
            [.. workers.Parts.Values.Select(part => new PartStatus(part.Name, part.IsReady, part.Detail, part.Faults))],
            [.. now.Vendors.Select(vendor => Vendor(vendor, problems))],
            Devices(now, problems, holders), Problems(now, problems, holders), offers.Current.Value.Faults, holders.Unknown,
            [.. probes.Current.Value.Values.Select(Probe)], remediation.Status());
    }

    public IReadOnlyList<DeviceStatus> Devices() => Devices(inventory.Current.Value, health.Current.Value, Pods());

    public IReadOnlyDictionary<string, string> Labels() => labels.Current.Value;

    public IReadOnlyList<ProblemStatus> Problems() => Problems(inventory.Current.Value, health.Current.Value, Pods());

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<HistoryStep> History() =>
        [.. health.Current.Value.Transitions.Select(step => new HistoryStep(
            step.At, step.Kind, step.ProblemId, step.Subject.ToString(), step.Severity, step.Why, step.BootId, step.BootId == health.BootId))];

    private List<ProblemStatus> Problems(NodeInventory now, HealthSnapshot problems, PodsView holders) =>
        new ProblemView(now, problems, samples.Current.Value, _names, holders, remediation.Plans()).ToList();

    private PodsView Pods() => new(pods.Current.Value, offers.Current.Value);

    private static ProbeStatus Probe(ProbeReport report) => new(
        report.Name, report.State, report.Detail, report.Interval.TotalSeconds, report.At, report.Duration.TotalSeconds,
        report.Results.Count(result => result.Answer == ProbeAnswer.Healthy), report.Results.Count(result => result.Answer == ProbeAnswer.Problem),
        report.Results.Count(result => result.Answer == ProbeAnswer.Unknown));

    private static VendorStatus Vendor(VendorInventory vendor, HealthSnapshot problems) => new(
        vendor.Vendor, vendor.State, vendor.Reason, vendor.DriverVersion, vendor.LibraryVersion, vendor.IsSimulated,
        vendor.Devices.Length, vendor.Devices.Count(problems.IsHealthy));

    internal static List<DeviceStatus> Devices(NodeInventory now, HealthSnapshot problems, PodsView holders) =>
        [.. now.Devices.Select(device => new DeviceStatus(
            device.Id, device.Vendor, device.Model, device.ResourceName, device.Index, device.NodeName, device.PciAddress, device.NumaNode,
            device.MemoryBytes, device.ParentId, problems.IsHealthy(device),
            [.. problems.Problems.Where(problem => problem.Subject.IsOn(device)).Select(problem => problem.Id).Distinct()],
            holders.Of(device.Id)))];
}
