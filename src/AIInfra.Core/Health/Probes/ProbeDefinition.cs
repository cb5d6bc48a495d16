using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health.Probes.Services;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using AIInfra.Linux.Systemd;

namespace AIInfra.Core.Health.Probes;

/// <summary>A probe as it is declared once: the settings, the reference and the schedule follow from it.</summary>
/// <param name="Name">As in <c>health.probes.NAME</c>: letters, the first small.</param>
/// <param name="Help">What it looks at, for the reference: one sentence.</param>
/// <param name="Interval">From one look to the next, unless it is set otherwise.</param>
/// <param name="Create">A new instance, which has seen nothing yet.</param>
public sealed record ProbeDefinition(string Name, string Help, TimeSpan Interval, Func<ProbeParts, Probe> Create)
{
    /// <summary>The problems that it reports.</summary>
    public required ImmutableArray<string> Problems { get; init; }
    /// <summary>A look that takes longer is given up; it is not started again before the old one has ended.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(20);
    /// <summary>So many looks in a row must find a subject bad before the problem is raised.</summary>
    public int BadToRaise { get; init; } = 1;
    /// <summary>So many looks in a row must find it good before the problem is cleared.</summary>
    public int GoodToClear { get; init; } = 2;
    /// <summary>Its own thresholds, beside <c>enabled</c> and <c>interval</c>.</summary>
    public ImmutableArray<ProbeLimit> Limits { get; init; } = [];
}

/// <summary>A whole number that a probe compares with, <c>health.probes.PROBE.NAME</c>.</summary>
/// <param name="Help">With the unit.</param>
public sealed record ProbeLimit(string Name, int Least, int Most, int Default, string Help);

/// <summary>How one probe is set.</summary>
public sealed record ProbeSettings(bool IsEnabled, TimeSpan Interval, ImmutableDictionary<string, int> Limits)
{
    public static ProbeSettings DefaultsOf(ProbeDefinition definition) =>
        new(true, definition.Interval, definition.Limits.ToImmutableDictionary(limit => limit.Name, limit => limit.Default));
}

/// <summary>What a probe may look at and with.</summary>
public sealed record ProbeParts
{
    public required HostPaths Host { get; init; }
    public required TimeProvider Time { get; init; }
    public required ProbeChildren Children { get; init; }
    /// <summary>Empty where no daemon runs.</summary>
    public InventoryBoard Inventory { get; init; } = new();
    /// <summary>The readings that vendors have taken already.</summary>
    public SampleBoard Samples { get; init; } = new();
    /// <summary>The kubelets' folders on the host.</summary>
    public ImmutableArray<string> KubeletRoots { get; init; } = ["/var/lib/kubelet"];
    /// <summary>The host's systemd, which is connected to when this is first called; null where nobody asks it.</summary>
    public Func<SystemdUnits>? Systemd { get; init; }
    /// <summary>Services that are watched for a failure, as systemd names them; a <c>*</c> stands for anything.</summary>
    public ImmutableArray<string> WatchedUnits { get; init; } = FailedUnitsProbe.Usual;
    /// <summary>Where tools (smartctl, nvme) are looked for, in this order.</summary>
    public ImmutableArray<string> ToolFolders { get; init; } = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    /// <summary>Of the probe that is created.</summary>
    public ImmutableDictionary<string, int> Limits { get; init; } = ImmutableDictionary<string, int>.Empty;

    /// <summary>The path of a tool; null when it is not installed.</summary>
    public string? FindTool(string name) => ToolFolders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
