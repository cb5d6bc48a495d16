using System.Collections.Immutable;
using AIInfra.Core.Health;
using Google.Protobuf.Collections;
using Wire = AIInfra.Fleet.V1;

namespace AIInfra.Aggregator.Nodes;

/// <summary>From the messages of the protocol to records. Words that are not known here (of a newer agent) become the cautious ones that are.</summary>
internal sealed class WireRecords(TextPool pool)
{
    private const int Name = 253, Label = 317, Sentence = 1024, Line = 512, MostLabels = 200, MostVendors = 32, MostLinks = 64, MostLines = 5, MostHeld = 256, MostParts = 100;

    public NodeFacts Facts(Wire.NodeFacts facts) => new()
    {
        Labels = Texts(facts.Labels, MostLabels, Label, 63),
        Vendors = [.. facts.Vendors.Take(MostVendors).Select(vendor => new VendorRecord(
            pool.Of(vendor.Name), pool.Of(vendor.State), pool.Of(vendor.Reason, Sentence), pool.Of(vendor.DriverVersion), pool.Of(vendor.LibraryVersion)))],
        IsSimulated = facts.Simulated,
        Remediation = pool.Of(facts.Remediation),
        IsPaused = facts.Paused,
        NotReady = Texts(facts.NotReady, MostParts, Name, Sentence),
        AgentVersion = pool.Of(facts.AgentVersion),
        BootId = TextPool.Cut(facts.BootId, Name),
        MachineId = TextPool.Cut(facts.MachineId, Name),
        Image = pool.Of(facts.Image),
        Kernel = pool.Of(facts.Kernel),
    };

    public DeviceRecord Device(Wire.Device device, OwnNames names) => new()
    {
        Id = names.Of(device.Id),
        Vendor = pool.Of(device.Vendor),
        Model = pool.Of(device.Model),
        Resource = pool.Of(device.Resource),
        Index = device.Index,
        PciAddress = pool.Of(device.PciAddress),
        Serial = TextPool.Cut(device.Serial, Name),
        NumaNode = device.NumaNode < 0 ? null : device.NumaNode,
        MemoryBytes = device.MemoryBytes <= 0 ? null : device.MemoryBytes,
        Parent = names.Of(device.Parent),
        Profile = pool.Of(device.Profile),
        IsHealthy = device.Healthy,
        Links = [.. device.Links.Take(MostLinks).Select(link => new LinkRecord(names.Of(link.Peer), pool.Of(link.Kind), link.Count))],
    };

    /// <param name="arrived">When those that stood before came in.</param>
    public ProblemRecord Problem(Wire.Problem problem, OwnNames names, Dictionary<ProblemKey, DateTimeOffset> arrived, DateTimeOffset now)
    {
        var key = Key(problem.Key, names);
        return new ProblemRecord
        {
            Key = key,
            Severity = problem.Severity switch { "info" => Severity.Info, "fatal" => Severity.Fatal, _ => Severity.Degraded },
            Cause = problem.Cause switch { "application" => Cause.Application, "driver" => Cause.Driver, "hardware" => Cause.Hardware, "fabric" => Cause.Fabric, _ => Cause.Host },
            Action = Fleet.WireWords.ActionOf(problem.Action) ?? SuggestedAction.Observe,
            Message = pool.Of(problem.Message, Sentence),
            FirstSeen = Time(problem.FirstSeenMilliseconds) ?? now,
            LastSeen = Time(problem.LastSeenMilliseconds) ?? now,
            Arrived = arrived.TryGetValue(key, out var before) ? before : now,
            Count = Math.Max(1, problem.Count),
            Evidence = [.. problem.Evidence.Take(MostLines).Select(line => TextPool.Cut(line, Line))],
            Incident = TextPool.Cut(problem.Incident, Name),
            Headline = pool.Of(problem.Headline),
        };
    }

    public ProblemKey Key(Wire.ProblemKey? key, OwnNames names) => key is null ? default
        : new ProblemKey(pool.Of(key.Id), new Subject(Fleet.WireWords.SubjectKindOf(key.SubjectKind) ?? SubjectKind.Unit, names.Of(key.Subject)));

    public static string Order(ProblemRecord problem) => Order(problem.Key);

    public static string Order(ProblemKey key) => $"{key.Id}\n{(int)key.Subject.Kind}\n{key.Subject.Id}";

    public WorkloadRecord Workload(Wire.Workload workload, OwnNames names) => new(
        TextPool.Cut(workload.Id, Name), pool.Of(workload.Namespace, Name), TextPool.Cut(workload.Name, Name), pool.Of(workload.Job, Name),
        [.. workload.Devices.Take(MostHeld).Select(names.Of)]);

    public OperationRecord Operation(Wire.Operation operation, OwnNames names) => new()
    {
        Step = TextPool.Cut(operation.Step, Name),
        Operation = TextPool.Cut(operation.Id, Name),
        Action = pool.Of(operation.Action),
        State = pool.Of(operation.State),
        Outcome = pool.Of(operation.Outcome),
        Says = TextPool.Cut(operation.Says, Sentence),
        Problem = Key(operation.Problem, names),
        Ladder = pool.Of(operation.Ladder),
        Rung = operation.Rung,
        Intended = Time(operation.IntendedMilliseconds),
        Acted = Time(operation.ActedMilliseconds),
        Closed = Time(operation.ClosedMilliseconds),
        Helped = operation.Helped switch { "yes" => true, "no" => false, _ => null },
        Grant = TextPool.Cut(operation.Grant, Name),
        Fence = operation.Fence > long.MaxValue ? long.MaxValue : (long)operation.Fence,
    };

    /// <summary>Null for 0 and for what no calendar has.</summary>
    private static DateTimeOffset? Time(long milliseconds) =>
        milliseconds is > 0 and <= 253_402_300_799_999 ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;

    private ImmutableSortedDictionary<string, string> Texts(MapField<string, string> texts, int most, int longestKey, int longestValue) => texts
        .OrderBy(entry => entry.Key, StringComparer.Ordinal).Take(most)
        .Select(entry => KeyValuePair.Create(pool.Of(entry.Key, longestKey), pool.Of(entry.Value, longestValue)))
        .DistinctBy(entry => entry.Key, StringComparer.Ordinal).ToImmutableSortedDictionary(StringComparer.Ordinal);
}
