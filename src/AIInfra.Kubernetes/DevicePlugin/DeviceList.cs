using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Kubernetes.Protos.DevicePlugin.V1Beta1;
using Device = AIInfra.Core.Devices.Device;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <param name="IsPresent">False when the inventory no longer has it. It stays listed: the kubelet dies on an id that it handed out and no longer finds.</param>
/// <param name="IsHealthy">What the kubelet is told.</param>
internal readonly record struct ListedDevice(Device Device, bool IsPresent, bool IsHealthy);

/// <summary>What the kubelet is told of one resource at one moment. Immutable.</summary>
internal sealed class DeviceList
{
    private readonly Lazy<ListAndWatchResponse> _message;

    private DeviceList(ImmutableArray<ListedDevice> devices, DeviceTopology topology)
    {
        (Devices, Topology) = (devices, topology);
        _message = new Lazy<ListAndWatchResponse>(Write);
    }

    public static DeviceList Empty { get; } = new([], new DeviceTopology([]));

    /// <summary>In the order of the inventory, then those that it no longer has.</summary>
    public ImmutableArray<ListedDevice> Devices { get; }
    /// <summary>Numbers the devices as <see cref="Devices"/> does.</summary>
    public DeviceTopology Topology { get; }
    /// <summary>The same object for every stream: it is only read.</summary>
    public ListAndWatchResponse Message => _message.Value;

    /// <summary>The list after a change; this one when nothing changed.</summary>
    /// <param name="offered">The resource's devices, ids valid.</param>
    public DeviceList With(ImmutableArray<Device> offered, HealthSnapshot health)
    {
        var present = offered.Select(device => device.Id).ToHashSet(StringComparer.Ordinal);
        ImmutableArray<ListedDevice> next =
        [
            .. offered.DistinctBy(device => device.Id).Select(device => new ListedDevice(device, true, IsHealthy(device, health))),
            .. Devices.Where(listed => !present.Contains(listed.Device.Id)).Select(listed => new ListedDevice(listed.Device, false, false)),
        ];
        if (next.SequenceEqual(Devices))
            return this;
        var isSameSet = next.Select(listed => listed.Device).SequenceEqual(Devices.Select(listed => listed.Device));
        return new DeviceList(next, isSameSet ? Topology : new DeviceTopology([.. next.Select(listed => listed.Device)]));
    }

    /// <summary>True when the kubelet could see no difference.</summary>
    public bool TellsTheSame(DeviceList other)
    {
        if (ReferenceEquals(this, other))
            return true;
        if (Devices.Length != other.Devices.Length)
            return false;
        for (var place = 0; place < Devices.Length; place++)
        {
            var (one, two) = (Devices[place], other.Devices[place]);
            if (one.IsHealthy != two.IsHealthy || one.Device.Id != two.Device.Id || one.Device.NumaNode != two.Device.NumaNode)
                return false;
        }
        return true;
    }

    /// <summary>The problem that makes a device Unhealthy, on it or on the device it is a part of; null when there is none.</summary>
    public static Problem? FatalProblem(Device device, HealthSnapshot health) => health.Problems.FirstOrDefault(problem =>
        problem is { Severity: Severity.Fatal, Subject.Kind: SubjectKind.Device }
        && (problem.Subject.Id == device.Id || problem.Subject.Id == device.ParentId));

    public static bool IsHealthy(Device device, HealthSnapshot health) =>
        health.IsHealthy(device.Id) && (device.ParentId is not { } parent || health.IsHealthy(parent));

    private ListAndWatchResponse Write()
    {
        var message = new ListAndWatchResponse { Devices = { Capacity = Devices.Length } };
        foreach (var listed in Devices)
        {
            message.Devices.Add(new Protos.DevicePlugin.V1Beta1.Device
            {
                ID = listed.Device.Id,
                Health = listed.IsHealthy ? DevicePluginApi.Healthy : DevicePluginApi.Unhealthy,
                // Without a known node there is no topology at all: -1 would count as one that fits nowhere.
                Topology = listed.Device.NumaNode is { } node ? new TopologyInfo { Nodes = { new NUMANode { ID = node } } } : null,
            });
        }
        return message;
    }
}
