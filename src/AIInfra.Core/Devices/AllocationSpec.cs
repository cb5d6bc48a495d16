using System.Collections.Immutable;
using AIInfra.Core.Sharing;

namespace AIInfra.Core.Devices;

/// <summary>What a container needs to use a set of devices, in the kubelet's terms but without the kubelet's types.</summary>
public sealed record AllocationSpec
{
    public ImmutableSortedDictionary<string, string> Environment { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public ImmutableArray<AllocatedNode> DeviceNodes { get; init; } = [];
    public ImmutableArray<AllocatedMount> Mounts { get; init; } = [];
    public ImmutableSortedDictionary<string, string> Annotations { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    /// <summary>Fully qualified CDI names: <c>nvidia.com/gpu=0</c>.</summary>
    public ImmutableArray<string> CdiDevices { get; init; } = [];
}

/// <param name="HostPath">Absolute on the host, for example <c>/dev/nvidia0</c>.</param>
/// <param name="ContainerPath">Absolute in the container.</param>
/// <param name="Permissions">A subset of <c>rwm</c>.</param>
public sealed record AllocatedNode(string HostPath, string ContainerPath, string Permissions);

public sealed record AllocatedMount(string HostPath, string ContainerPath, bool IsReadOnly);

/// <summary>A vendor's answer to "these units go into one container". Pure: no driver is asked, it never blocks.</summary>
public interface IAllocator
{
    /// <summary>The vendor whose devices it answers for: <see cref="Device.Vendor"/>.</summary>
    string Vendor { get; }

    /// <param name="resource">As it is offered now.</param>
    /// <param name="units">At least one, all of it and of this vendor, in its order. Several may stand for one device.</param>
    /// <exception cref="AllocationRefusedException">They cannot be given now.</exception>
    AllocationSpec Allocate(OfferedResource resource, ImmutableArray<OfferedUnit> units);
}

/// <summary>Units cannot be given to a container.</summary>
/// <param name="sentence">What, why and what to do, for the pod's owner: without its stop.</param>
public sealed class AllocationRefusedException(string sentence) : Exception(sentence);
