using System.Text.Json.Serialization;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;

namespace AIInfra.Agent.Control;

/// <summary>What <c>status</c> shows. Times are UTC.</summary>
/// <param name="IsReady">True when every part is ready.</param>
internal sealed record NodeStatus(
    string Node, string Version, DateTimeOffset Started, bool IsReady, IReadOnlyList<PartStatus> Parts,
    IReadOnlyList<VendorStatus> Vendors, IReadOnlyList<DeviceStatus> Devices, IReadOnlyList<ProblemStatus> Problems);

/// <param name="Detail">What is missing and what to do; null when ready.</param>
/// <param name="Faults">Faults in a row.</param>
internal sealed record PartStatus(string Name, bool IsReady, string? Detail, int Faults);

/// <param name="Reason">Why it is not ready; null when it is.</param>
internal sealed record VendorStatus(
    string Vendor, VendorState State, string? Reason, string? DriverVersion, string? LibraryVersion, bool IsSimulated, int Devices, int Healthy);

/// <param name="MemoryBytes">Null when unknown.</param>
/// <param name="Problems">Ids of the problems that stand on it.</param>
internal sealed record DeviceStatus(
    string Id, string Vendor, string Model, string Resource, int Index, string? NodeName, string? PciAddress, int? NumaNode, long? MemoryBytes,
    string? ParentId, bool IsHealthy, IReadOnlyList<string> Problems);

/// <param name="Clears">How it ends, as a phrase: <c>when the device was reset</c>.</param>
/// <param name="Evidence">The last lines that show it, oldest first.</param>
internal sealed record ProblemStatus(
    string Id, string Subject, Severity Severity, Cause Cause, SuggestedAction Action, string Message, string Clears,
    DateTimeOffset FirstSeen, DateTimeOffset LastSeen, long Count, IReadOnlyList<string> Evidence);

/// <param name="Config">The file that was checked.</param>
/// <param name="Errors">Each with its place.</param>
internal sealed record ConfigCheck(string Config, bool IsGood, IReadOnlyList<string> Errors);

/// <summary>What <c>explain</c> says, in the language that was asked for.</summary>
internal sealed record ProblemExplanation(
    string Id, Severity Severity, Cause Cause, SuggestedAction Action, string Meaning, string UsualCause, string Agent, string Advice, string Clears);

internal sealed record ProgramVersion(string Version, string Runtime);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NodeStatus))]
[JsonSerializable(typeof(IReadOnlyList<DeviceStatus>))]
[JsonSerializable(typeof(IReadOnlyList<ProblemStatus>))]
[JsonSerializable(typeof(ConfigCheck))]
[JsonSerializable(typeof(ProgramVersion))]
[JsonSerializable(typeof(ProblemExplanation))]
internal sealed partial class ControlJson : JsonSerializerContext;
