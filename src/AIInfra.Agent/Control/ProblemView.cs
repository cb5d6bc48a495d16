using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;

namespace AIInfra.Agent.Control;

/// <summary>The problems that stand, for somebody who was just woken: worst first, incident by incident.</summary>
internal sealed class ProblemView(NodeInventory inventory, HealthSnapshot health, NodeSample sample, ProcessNames names, PodsView pods, ILookup<(string Problem, string Subject), string> plans)
{
    private const int MostProcesses = 16;

    private readonly Dictionary<string, DeviceUse> _uses = sample.Vendors.SelectMany(vendor => vendor.Uses).ToDictionary(use => use.DeviceId, StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<HitProcess>> _processes = new(StringComparer.Ordinal);

    public List<ProblemStatus> ToList() =>
    [
        .. health.Problems
            .GroupBy(problem => (problem.Subject, Incident: problem.Incident?.Id ?? problem.Id))
            .OrderByDescending(incident => incident.Max(problem => problem.Severity))
            .ThenBy(incident => incident.Min(problem => problem.FirstSeen))
            .SelectMany(incident => incident.OrderByDescending(problem => problem.IsHeadline).ThenBy(problem => problem.FirstSeen))
            .Select(problem => Of(problem, Hit(problem.Subject))),
    ];

    private ProblemStatus Of(Problem problem, List<HitDevice> hit) => new(
        problem.Id, problem.Subject.ToString(), problem.Severity, problem.Cause, problem.Action, problem.Message, Clears(problem),
        problem.FirstSeen, problem.LastSeen, problem.Count, problem.Evidence,
        problem.Incident?.Id, problem.IsHeadline, problem.Flaps, hit, Next(problem, hit), hit.Count > 0 ? pods.Unknown : null, plans[(problem.Id, problem.Subject.ToString())].FirstOrDefault());

    /// <summary>The device and its partitions; for the node, all.</summary>
    private List<HitDevice> Hit(Subject subject) =>
    [
        .. inventory.Devices
            .Where(device => subject.Kind == SubjectKind.Node || subject.IsOn(device))
            .Select(device => new HitDevice(
                device.Id, device.Vendor, device.Index, device.PciAddress, device.Partition is null ? null : device.Id, health.IsHealthy(device), Processes(device.Id),
                pods.Of(device.Id))),
    ];

    private IReadOnlyList<HitProcess> Processes(string deviceId)
    {
        if (!_processes.TryGetValue(deviceId, out var processes))
        {
            _processes[deviceId] = processes = _uses.TryGetValue(deviceId, out var use)
                ? [.. use.Processes.Take(MostProcesses).Select(process => new HitProcess(process.Id, names.Of(process.Id), process.MemoryBytes))] : [];
        }
        return processes;
    }

    private static string Next(Problem problem, List<HitDevice> hit)
    {
        var work = problem.Severity == Severity.Fatal && problem.Subject.Kind == SubjectKind.Device
            ? "No new work is placed on it; what runs there is left alone."
            : hit.Count > 0 ? "It stays schedulable." : "Nothing is taken out of service for it.";
        var advice = problem.Action switch
        {
            SuggestedAction.None or SuggestedAction.Observe => "Nothing needs to be done now.",
            SuggestedAction.TellPod => "Start the workload again.",
            SuggestedAction.RestartService => "Restart the service.",
            SuggestedAction.ResetDevice => "Reset the device once nothing uses it.",
            SuggestedAction.Drain => "Drain the node and look at the device.",
            SuggestedAction.Reboot => "Drain the node and boot it.",
            _ => "Have the part replaced.",
        };
        return $"{work} {advice} It clears {Clears(problem)}.";
    }

    private static string Clears(Problem problem)
    {
        if (problem is { Flaps: > 0, Over: { } over })
            return string.Create(CultureInfo.InvariantCulture, $"at {(problem.LastSeen + Window(problem)).UtcDateTime:HH:mm:ss}Z if it stays quiet ({over})");
        return problem.Clearing.Kind switch
        {
            ClearingKind.Quiet when problem.Clearing.Quiet >= TimeSpan.FromHours(1) => $"after {problem.Clearing.Quiet.TotalHours:0} h without another",
            ClearingKind.Quiet => $"after {problem.Clearing.Quiet.TotalMinutes:0} min without another",
            ClearingKind.HealthyReading => "when it reads healthy again",
            ClearingKind.DeviceReset => "when the device was reset, or the node booted",
            ClearingKind.Boot => "when the node has booted and the device answers",
            _ => "by hand only",
        };
    }

    private static TimeSpan Window(Problem problem) => problem.FlapWindow ?? HealthBoard.FlapWindow;
}
