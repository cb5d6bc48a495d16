using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIInfra.Core.Devices;

namespace AIInfra.Core.Health;

/// <summary>What a problem does to its subject.</summary>
public enum Severity
{
    /// <summary>Recorded, never touches health.</summary>
    Info,
    /// <summary>Worth an alert; the subject stays schedulable.</summary>
    Degraded,
    /// <summary>The subject must not get new work until it clears.</summary>
    Fatal,
}

public enum Cause { Application, Driver, Hardware, Fabric, Host }

/// <summary>The ladder, weakest first.</summary>
public enum SuggestedAction { None, Observe, TellPod, RestartService, ResetDevice, Drain, Reboot, Replace }

public enum SubjectKind { Node, Device, Port, Mount, Unit }

/// <summary>What a problem is on.</summary>
/// <param name="Id">A device's id, a port's, mount's or unit's name; empty for the node.</param>
public readonly record struct Subject(SubjectKind Kind, string Id)
{
    public static Subject Node => new(SubjectKind.Node, "");
    public static Subject Device(string id) => new(SubjectKind.Device, id);

    /// <summary>True when what is wrong with this is wrong with the device: a fault of a board is a fault of all its partitions.</summary>
    public bool IsOn(Device device) => Kind == SubjectKind.Device && (Id == device.Id || (device.ParentId is { } parent && Id == parent));

    public override string ToString() => Kind == SubjectKind.Node ? "node" : $"{Kind.ToString().ToLowerInvariant()} {Id}";
}

public enum ClearingKind
{
    /// <summary>When it has not been seen for <see cref="Clearing.Quiet"/>.</summary>
    Quiet,
    /// <summary>When the source that raised it reads the subject healthy.</summary>
    HealthyReading,
    /// <summary>When the device was reset (or the node booted).</summary>
    DeviceReset,
    /// <summary>When the node has booted and the subject answers.</summary>
    Boot,
    /// <summary>Only by hand.</summary>
    ByHand,
}

/// <summary>How a problem ends. Every problem can also be cleared by hand.</summary>
public readonly record struct Clearing(ClearingKind Kind, TimeSpan Quiet = default)
{
    public static Clearing AfterQuiet(TimeSpan quiet) => new(ClearingKind.Quiet, quiet);
    public static Clearing OnHealthyReading => new(ClearingKind.HealthyReading);
    public static Clearing OnReset => new(ClearingKind.DeviceReset);
    public static Clearing OnBoot => new(ClearingKind.Boot);
    public static Clearing ByHand => new(ClearingKind.ByHand);
}

/// <summary>One sighting of a fault, as a source reports it.</summary>
public sealed record ProblemReport
{
    /// <summary>For example <c>nvidia.xid.79</c>.</summary>
    public required string Id { get; init; }
    public required Subject Subject { get; init; }
    public required Severity Severity { get; init; }
    public required Cause Cause { get; init; }
    public required SuggestedAction Action { get; init; }
    public required Clearing Clearing { get; init; }
    /// <summary>One sentence for the engineer on call.</summary>
    public required string Message { get; init; }
    /// <summary>The line or reading that shows it. Outside input: escape it wherever it is shown.</summary>
    public required string Evidence { get; init; }
    /// <summary>When it happened; the source's clock.</summary>
    public required DateTimeOffset At { get; init; }
    /// <summary>How much it says about the cause when several faults of a device come at once: the highest is the headline of their
    /// <see cref="Incident"/>. 0 to 1000; null counts by the severity: fatal 500, degraded 200, info 100.</summary>
    public int? Rank { get; init; }
    /// <summary>Within this time it may be cleared and come back three times; then it is held until it has been quiet for as long.
    /// Null is 10 min; zero is for what a person switches: that is never held, and part of no incident.</summary>
    public TimeSpan? FlapWindow { get; init; }
    /// <summary>Who saw it, where several see the same fault: reports of two witnesses within 10 s are one sighting. Null: there is only one.</summary>
    public string? Witness { get; init; }
    /// <summary>Of two witnesses this one knows more: its severity and words stand for the sighting that both reported.</summary>
    public bool IsPrecise { get; init; }
}

/// <summary>A fault that stands. One for each (<see cref="Id"/>, <see cref="Subject"/>): a storm is one problem with a count.</summary>
public sealed record Problem
{
    public required string Id { get; init; }
    public required Subject Subject { get; init; }
    public required Severity Severity { get; init; }
    public required Cause Cause { get; init; }
    public required SuggestedAction Action { get; init; }
    public required Clearing Clearing { get; init; }
    public required string Message { get; init; }
    public required DateTimeOffset FirstSeen { get; init; }
    public required DateTimeOffset LastSeen { get; init; }
    public required long Count { get; init; }
    /// <summary>The last lines that show it, oldest first, at most five, each capped.</summary>
    public required ImmutableArray<string> Evidence { get; init; }
    /// <summary>The boot in which it was last seen; empty when the boot's id could not be read.</summary>
    public required string BootId { get; init; }
    /// <summary>See <see cref="ProblemReport.Rank"/>.</summary>
    public int? Rank { get; init; }
    /// <summary>What it came together with. Null for what is not on a device, or what a person switched: it stands for itself.</summary>
    public Incident? Incident { get; init; }
    /// <summary>See <see cref="ProblemReport.FlapWindow"/>.</summary>
    public TimeSpan? FlapWindow { get; init; }
    /// <summary>How often it came back within its window when that was too often; 0 otherwise. Above 0 it is held: it stands until it
    /// has been quiet for the window, whatever its source says.</summary>
    public int Flaps { get; init; }
    /// <summary>While it is held: what said that it is over. Null again with the next sighting.</summary>
    public string? Over { get; init; }

    /// <summary>False for one that follows from the headline of its incident.</summary>
    [JsonIgnore]
    public bool IsHeadline => Incident is null || Incident.Headline == Id;
    [JsonIgnore]
    internal TimeSpan Window => FlapWindow ?? FlapMemory.DefaultWindow;
}
