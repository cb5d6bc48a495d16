using System.Text.Json.Serialization;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;

namespace AIInfra.Agent.Control;

/// <summary>What <c>status</c> shows. Times are UTC.</summary>
/// <param name="IsReady">True when every part is ready.</param>
/// <param name="NotOffered">What could not be offered to the kubelet, and why, one sentence each.</param>
/// <param name="PodsUnknown">Why it is not known which pod holds which device; null when it is.</param>
/// <param name="Probes">By name.</param>
internal sealed record NodeStatus(
    string Node, string Version, DateTimeOffset Started, bool IsReady, IReadOnlyList<PartStatus> Parts,
    IReadOnlyList<VendorStatus> Vendors, IReadOnlyList<DeviceStatus> Devices, IReadOnlyList<ProblemStatus> Problems, IReadOnlyList<string> NotOffered, string? PodsUnknown,
    IReadOnlyList<ProbeStatus> Probes, RemediationStatus Remediation);

/// <param name="Detail">What is missing and what to do; null when ready.</param>
/// <param name="Faults">Faults in a row.</param>
internal sealed record PartStatus(string Name, bool IsReady, string? Detail, int Faults);

/// <summary>The newest look of a probe.</summary>
/// <param name="Detail">Why it is not done; null when it is.</param>
/// <param name="At">When it began; null before the first.</param>
/// <param name="Problems">Subjects that were found bad.</param>
/// <param name="Unknown">Subjects that gave no answer that says anything.</param>
internal sealed record ProbeStatus(
    string Name, ProbeState State, string? Detail, double IntervalSeconds, DateTimeOffset? At, double DurationSeconds, int Healthy, int Problems, int Unknown);

/// <param name="Reason">Why it is not ready; null when it is.</param>
internal sealed record VendorStatus(
    string Vendor, VendorState State, string? Reason, string? DriverVersion, string? LibraryVersion, bool IsSimulated, int Devices, int Healthy);

/// <param name="MemoryBytes">Null when unknown.</param>
/// <param name="Problems">Ids of the problems that stand on it; of a partition, also those of its board.</param>
/// <param name="Pods">Who holds it; null when that is not known.</param>
internal sealed record DeviceStatus(
    string Id, string Vendor, string Model, string Resource, int Index, string? NodeName, string? PciAddress, int? NumaNode, long? MemoryBytes,
    string? ParentId, bool IsHealthy, IReadOnlyList<string> Problems, IReadOnlyList<PodStatus>? Pods);

/// <summary>A problem that stands. Those of one incident follow each other, the headline first.</summary>
/// <param name="Clears">How it ends, as a phrase: <c>when the device was reset</c>.</param>
/// <param name="FirstSeen">Since when it stands.</param>
/// <param name="Evidence">The last lines that show it, oldest first.</param>
/// <param name="Incident">The same for problems of one device that came within seconds; null for what is not on a device.</param>
/// <param name="IsHeadline">False for one that follows from another problem of its incident.</param>
/// <param name="Flaps">How often it came back when that was too often, so that it is held; else 0.</param>
/// <param name="Devices">Who is hit.</param>
/// <param name="Next">What happens now, in sentences.</param>
/// <param name="PodsUnknown">Why it is not known which pods hold those devices; null when it is, or when no device is hit.</param>
/// <param name="Plan">What remediation does about it, or why nothing; null where no ladder takes it.</param>
internal sealed record ProblemStatus(
    string Id, string Subject, Severity Severity, Cause Cause, SuggestedAction Action, string Message, string Clears,
    DateTimeOffset FirstSeen, DateTimeOffset LastSeen, long Count, IReadOnlyList<string> Evidence,
    string? Incident, bool IsHeadline, int Flaps, IReadOnlyList<HitDevice> Devices, string Next, string? PodsUnknown, string? Plan);

/// <param name="Processes">Those that have work on it, or had when it last answered; a few.</param>
/// <param name="Pods">Who holds it; null when that is not known.</param>
internal sealed record HitDevice(
    string Id, string Vendor, int Index, string? PciAddress, string? Partition, bool IsHealthy, IReadOnlyList<HitProcess> Processes,
    IReadOnlyList<PodStatus>? Pods);

/// <param name="Name">Null when it has ended.</param>
/// <param name="MemoryBytes">Of the device's memory; null when unknown.</param>
internal sealed record HitProcess(int Id, string? Name, long? MemoryBytes);

/// <summary>A container that holds a device. Its names come from outside.</summary>
internal sealed record PodStatus(string Namespace, string Pod, string Container);

/// <summary>One step in the life of a problem.</summary>
/// <param name="Boot">The kernel's id of the boot it happened in; empty when unknown.</param>
internal sealed record HistoryStep(
    DateTimeOffset At, TransitionKind Step, string Problem, string Subject, Severity Severity, string Why, string Boot, bool IsThisBoot);

/// <param name="On">The subject, as <c>problems</c> shows it, or a device's id, address or node name; null when only one can be meant.</param>
internal sealed record ClearRequest(string Problem, string? On);

internal sealed record VendorRequest(string Vendor);

/// <summary>What became of a request to change something.</summary>
/// <param name="Says">What was done, or why nothing was.</param>
/// <param name="Details">One line each: what it was done on, or what stands in the way.</param>
internal sealed record CommandAnswer(bool IsDone, string Says, IReadOnlyList<string> Details);

/// <param name="Config">The file that was checked.</param>
/// <param name="Errors">Each with its place.</param>
internal sealed record ConfigCheck(string Config, bool IsGood, IReadOnlyList<string> Errors);

/// <summary>What <c>explain</c> says, in the language that was asked for.</summary>
internal sealed record ProblemExplanation(
    string Id, Severity Severity, Cause Cause, SuggestedAction Action, string Meaning, string UsualCause, string Agent, string Advice, string Clears);

/// <summary>What <c>explain</c> says of a node condition, in the language that was asked for.</summary>
/// <param name="FedBy">Ids of problems, or their beginnings followed by <c>*</c>.</param>
internal sealed record ConditionExplanation(string Condition, string Meaning, IReadOnlyList<string> FedBy);

/// <summary>Which units a container would be given now, and why.</summary>
/// <param name="Refusal">Why there is no choice, with what to do; null when there is one.</param>
/// <param name="Says">The reason in a sentence; null when there is no choice.</param>
/// <param name="Free">Units that could be chosen.</param>
/// <param name="Held">Units that pods hold; null when the kubelet does not say, so that all healthy ones count as free.</param>
/// <param name="Unhealthy">Units that are out of service.</param>
/// <param name="RunnerUp">The best of the other choices; null when there is no other.</param>
internal sealed record AllocationExplanation(
    string? Resource, int Count, string? Refusal, string? Says, int Free, int? Held, int Unhealthy, AllocationChoice? Chosen, AllocationChoice? RunnerUp);

/// <param name="Links">Weight of the links between the devices: more is better, and counts first.</param>
/// <param name="Broken">Weight of the links to devices that stay free: less is better, it leaves good groups whole.</param>
/// <param name="Nics">How near network cards are: more is better.</param>
internal sealed record AllocationChoice(IReadOnlyList<AllocationUnit> Units, long Links, long Broken, long Nics);

/// <param name="Nic">The nearest way to a network card that can do RDMA; null when there is none.</param>
internal sealed record AllocationUnit(string Id, int Index, string? PciAddress, int? NumaNode, LinkKind? Nic);

internal sealed record ProgramVersion(string Version, string Runtime);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NodeStatus))]
[JsonSerializable(typeof(IReadOnlyList<DeviceStatus>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
[JsonSerializable(typeof(IReadOnlyList<ProblemStatus>))]
[JsonSerializable(typeof(IReadOnlyList<HistoryStep>))]
[JsonSerializable(typeof(ClearRequest))]
[JsonSerializable(typeof(VendorRequest))]
[JsonSerializable(typeof(CommandAnswer))]
[JsonSerializable(typeof(ActionsReport))]
[JsonSerializable(typeof(PauseRequest))]
[JsonSerializable(typeof(ApproveRequest))]
[JsonSerializable(typeof(ResumeRequest))]
[JsonSerializable(typeof(ConfigCheck))]
[JsonSerializable(typeof(ProgramVersion))]
[JsonSerializable(typeof(ProblemExplanation))]
[JsonSerializable(typeof(ConditionExplanation))]
[JsonSerializable(typeof(AllocationExplanation))]
internal sealed partial class ControlJson : JsonSerializerContext;
