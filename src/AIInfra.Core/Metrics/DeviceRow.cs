using System.Collections.Immutable;
using AIInfra.Core.Devices;

namespace AIInfra.Core.Metrics;

/// <summary>A device on the page with all labels of its series. Immutable; it stands in the next plan too unless it, its vendor or its work is another.</summary>
internal sealed class DeviceRow
{
    private readonly ImmutableArray<LabelSet?> _byProfile;

    public DeviceRow(LabelledDevice labelled, ImmutableArray<MetricProfile> profiles)
    {
        Labelled = labelled;
        var device = labelled.Device;
        HealthLabels = AgentMetric.DeviceHealthy.Labelled(
            device.Vendor, device.Id, device.PciAddress, $"{device.Index}", device.ResourceName, labelled.Vendor.IsSimulated ? "true" : "false");
        AgeLabels = AgentMetric.DeviceSampleAge.Labelled(device.Vendor, device.Id);
        _byProfile = [.. profiles.Select(profile => profile.Vendor == device.Vendor ? new LabelSet(profile.Labels(labelled)) : null)];
    }

    public LabelledDevice Labelled { get; }
    public Device Device => Labelled.Device;
    public LabelSet HealthLabels { get; }
    public LabelSet AgeLabels { get; }
    /// <summary>When it last answered; null before its first answer. Outlives the plan. Guarded by the page's lock.</summary>
    public DeviceAge Age { get; init; } = new();

    /// <summary>Null for a profile of another vendor.</summary>
    /// <param name="profile">Its place among those that are selected.</param>
    public LabelSet? LabelsIn(int profile) => _byProfile[profile];

    /// <summary>Nothing has changed that its labels tell.</summary>
    public bool IsOf(LabelledDevice other) =>
        ReferenceEquals(Device, other.Device)
        && Labelled.Vendor.DriverVersion == other.Vendor.DriverVersion && Labelled.Vendor.IsSimulated == other.Vendor.IsSimulated
        && (Labelled.Workload is { } workload ? workload.IsSameAs(other.Workload) : other.Workload is null);
}

/// <summary>Timestamp of the newest answer of a device that was ever seen.</summary>
internal sealed class DeviceAge
{
    public long? LastAnswer { get; set; }
}
