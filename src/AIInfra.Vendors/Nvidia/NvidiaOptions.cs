using System.Collections.Immutable;
using AIInfra.Core.Sharing;
using AIInfra.Vendors.Nvidia.Metrics;

namespace AIInfra.Vendors.Nvidia;

/// <summary>How a divided GPU is offered.</summary>
public enum MigStrategy
{
    /// <summary>Every GPU whole, divided or not.</summary>
    None,
    /// <summary>Partitions under the name of a GPU; they are all of one size.</summary>
#pragma warning disable CA1720 // the strategy's name, not the number's
    Single,
#pragma warning restore CA1720
    /// <summary>Each size of partition under a name of its own, beside the GPUs that are not divided.</summary>
    Mixed,
}

/// <summary>A way in which a container is told its devices.</summary>
public enum DeviceListStrategy
{
    /// <summary>An environment variable, which NVIDIA's container runtime reads.</summary>
    EnvVar,
    /// <summary>Mounts of /dev/null with the devices' names: a pod cannot ask for them without the kubelet.</summary>
    VolumeMounts,
    /// <summary>Names of CDI devices in annotations, for runtimes that do not read them from the kubelet.</summary>
    CdiAnnotations,
    /// <summary>Names of CDI devices, through the kubelet.</summary>
    CdiCri,
}

/// <summary>What is offered of NVIDIA's devices and how a container gets them. Section <c>vendors.nvidia</c>, and NVIDIA's own
/// device-plugin config where one is given. Immutable.</summary>
public sealed record NvidiaOptions
{
    public MigStrategy Mig { get; init; } = MigStrategy.None;
    public SharingPlan Sharing { get; init; } = SharingPlan.None;
    public NvidiaInjection Injection { get; init; } = new();
    public NvidiaLabelOptions Labels { get; init; } = new();
    /// <summary>What a CSV file chooses of DCGM's fields; null without one.</summary>
    public DcgmChoice? Dcgm { get; init; }
    /// <summary>The sliding window of counts of Xids and clock events.</summary>
    public TimeSpan CountWindow { get; init; } = TimeSpan.FromMinutes(5);
    public NvidiaSampling Sampling { get; init; } = NvidiaSampling.Always;
}

/// <summary>How a container gets its devices. Immutable.</summary>
public sealed record NvidiaInjection
{
    /// <summary>Empty: chosen by what the host has.</summary>
    public ImmutableArray<DeviceListStrategy> Lists { get; init; } = [];
    /// <summary>Devices go by their index; otherwise by their UUID.</summary>
    public bool AreIdsIndexes { get; init; }
    /// <summary>The device nodes as well, where a list strategy that is not CDI is used. Null: as is best with the strategy that is chosen.</summary>
    public bool? PassesDeviceNodes { get; init; }
    public bool HasGds { get; init; }
    public bool HasMofed { get; init; }
    public bool HasGdrCopy { get; init; }
    /// <summary>Root of the driver's files on the host: <c>/</c>, or <c>/run/nvidia/driver</c> for a driver in a container. Null: wherever they are.</summary>
    public string? DriverRoot { get; init; }
    /// <summary>Root above the /dev with the device nodes, on the host; by default <see cref="DriverRoot"/>, else <c>/</c>.</summary>
    public string DevRoot { get => field ?? DriverRoot ?? "/"; init; }
    /// <summary>What the key of a CDI annotation begins with.</summary>
    public string CdiAnnotationPrefix { get; init; } = "cdi.k8s.io/";
    /// <summary>The program that CDI hooks run, on the host; null for the one that is found there.</summary>
    public string? CdiHookPath { get; init; }
    /// <summary>Channels between nodes of one NVLink domain that every container gets.</summary>
    public ImmutableArray<int> ImexChannels { get; init; } = [];
    /// <summary>A container gets its channels or is refused; otherwise one that is not there is left out.</summary>
    public bool AreImexChannelsRequired { get; init; }
}

/// <summary>How feature labels are made. Immutable.</summary>
public sealed record NvidiaLabelOptions
{
    /// <summary>Adds the time at which they were made.</summary>
    public bool HasTimestamp { get; init; } = true;
    /// <summary>File with the machine's type, on the host; empty: unknown.</summary>
    public string MachineTypeFile { get; init; } = "/sys/class/dmi/id/product_name";
}
