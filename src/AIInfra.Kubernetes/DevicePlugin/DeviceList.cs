using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Core.Sharing;
using AIInfra.Kubernetes.Protos.DevicePlugin.V1Beta1;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <param name="GoneSince">Timestamp from which on it is no longer offered; null while it is. It stays listed until <see cref="Withdrawals"/> lets it go: the
/// kubelet dies on an id that it handed out and no longer finds.</param>
/// <param name="IsHealthy">What the kubelet is told.</param>
internal readonly record struct ListedUnit(OfferedUnit Unit, long? GoneSince, bool IsHealthy)
{
    public bool IsPresent => GoneSince is null;

    /// <summary>Nodes that are known, each once. None: the kubelet is given no topology.</summary>
    public IEnumerable<int> NumaNodes => Unit.Devices.Select(device => device.NumaNode).OfType<int>().Distinct().Order();

    /// <summary>True when the kubelet could see no difference.</summary>
    public bool TellsTheSame(ListedUnit other) =>
        IsHealthy == other.IsHealthy
        && (ReferenceEquals(Unit, other.Unit) || (Unit.Id == other.Unit.Id && NumaNodes.SequenceEqual(other.NumaNodes)));
}

/// <summary>What the kubelet is told of one resource at one moment. Immutable.</summary>
internal sealed class DeviceList
{
    private readonly Lazy<ListAndWatchResponse> _message;

    private DeviceList(OfferedResource resource, ImmutableArray<ListedUnit> units, UnitTopology topology)
    {
        (Resource, Units, Topology) = (resource, units, topology);
        _message = new Lazy<ListAndWatchResponse>(Write);
    }

    /// <summary>Of a resource none of whose units is known yet. Ids that the kubelet has given to pods are listed as gone: what was offered before this
    /// agent was started may be offered no more, and be in use.</summary>
    public static DeviceList Before(string resource, IEnumerable<string> given, long now)
    {
        ImmutableArray<ListedUnit> units =
        [
            .. given.Order(StringComparer.Ordinal).Select(id => new ListedUnit(
                new OfferedUnit { Id = id, Devices = [new Core.Devices.Device { Id = id, Vendor = "", Model = "", ResourceName = resource }] }, now, false)),
        ];
        return new DeviceList(new OfferedResource { Name = resource, Units = [] }, units, new UnitTopology([.. units.Select(unit => unit.Unit)]));
    }

    /// <summary>As it was last offered.</summary>
    public OfferedResource Resource { get; }
    /// <summary>In the order of the offer, then those that are no longer offered.</summary>
    public ImmutableArray<ListedUnit> Units { get; }
    /// <summary>Numbers the units as <see cref="Units"/> does.</summary>
    public UnitTopology Topology { get; }
    /// <summary>The same object for every stream: it is only read.</summary>
    public ListAndWatchResponse Message => _message.Value;

    /// <summary>The list after a change; this one when nothing changed.</summary>
    /// <param name="offered">Null: the resource is no longer offered.</param>
    /// <param name="health">As it is now.</param>
    /// <param name="now">Timestamp: since when a unit that vanished is gone.</param>
    /// <param name="withdrawn">What of those that are gone is not listed any more.</param>
    public DeviceList With(OfferedResource? offered, DeviceHealth health, long now, FrozenSet<GoneUnit> withdrawn)
    {
        if (ReferenceEquals(offered, Resource) && IsAsBefore(health))
            return this;
        var resource = offered ?? Resource with { Units = [] };
        var present = resource.Units.Select(unit => unit.Id).ToHashSet(StringComparer.Ordinal);
        ImmutableArray<ListedUnit> next =
        [
            .. resource.Units.Select(unit => new ListedUnit(unit, null, health.IsHealthy(unit))),
            .. Units.Where(listed => !present.Contains(listed.Unit.Id)).Select(listed => new ListedUnit(listed.Unit, listed.GoneSince ?? now, false))
                .Where(listed => !withdrawn.Contains(new GoneUnit(listed.Unit.Id, listed.GoneSince!.Value))),
        ];
        var areSame = next.Length == Units.Length && next.Zip(Units).All(pair => ReferenceEquals(pair.First.Unit, pair.Second.Unit));
        if (areSame && next.SequenceEqual(Units) && resource.MostPerContainer == Resource.MostPerContainer && resource.Placement == Resource.Placement)
            return this;
        return new DeviceList(resource, next, areSame ? Topology : new UnitTopology([.. next.Select(listed => listed.Unit)]));
    }

    /// <summary>True when all that is listed is still offered and none of it failed or recovered: most changes of a node are of other devices.</summary>
    private bool IsAsBefore(DeviceHealth health)
    {
        foreach (var listed in Units)
        {
            if (!listed.IsPresent || health.IsHealthy(listed.Unit) != listed.IsHealthy)
                return false;
        }
        return true;
    }

    /// <summary>True when the kubelet could see no difference.</summary>
    public bool TellsTheSame(DeviceList other)
    {
        if (ReferenceEquals(this, other))
            return true;
        if (Units.Length != other.Units.Length)
            return false;
        for (var place = 0; place < Units.Length; place++)
        {
            if (!Units[place].TellsTheSame(other.Units[place]))
                return false;
        }
        return true;
    }

    private ListAndWatchResponse Write()
    {
        var message = new ListAndWatchResponse { Devices = { Capacity = Units.Length } };
        foreach (var listed in Units)
        {
            var nodes = listed.NumaNodes.Select(node => new NUMANode { ID = node }).ToArray();
            message.Devices.Add(new Device
            {
                ID = listed.Unit.Id,
                Health = listed.IsHealthy ? DevicePluginApi.Healthy : DevicePluginApi.Unhealthy,
                // Without a known node there is no topology at all: -1 would count as one that fits nowhere.
                Topology = nodes.Length > 0 ? new TopologyInfo { Nodes = { nodes } } : null,
            });
        }
        return message;
    }
}
