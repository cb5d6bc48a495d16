using System.Collections.Immutable;
using AIInfra.Core.Cdi;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;

namespace AIInfra.Vendors.Cambricon;

/// <summary>Hands MLUs and instances to a container as Cambricon's device plugin does.</summary>
/// <param name="cdi">Asked at each call; must not block.</param>
internal sealed class CambriconAllocator(CambriconOptions options, CambriconNodes nodes, Func<CdiNames> cdi) : IAllocator
{
    private const string Boards = "CAMBRICON_VISIBLE_DEVICES", Instances = "VIRTUAL_DEVICES", Rpmsg = "/dev/cambricon/";
    /// <summary>Rings are asked for among so many boards; of one there is none, and of more than a node's group there cannot be.</summary>
    private const int LeastRinged = 2, MostRinged = 8;

    public string Vendor => CambriconFields.Vendor;

    public AllocationSpec Allocate(OfferedResource resource, ImmutableArray<OfferedUnit> units)
    {
        if (resource.Name == CambriconOffers.CountResource)
            throw new AllocationRefusedException($"{resource.Name} only tells how many MLUs the node has and gives none; ask for another resource of this node");
        Device[] devices = [.. units.SelectMany(unit => unit.Devices).DistinctBy(device => device.Id)];
        if (!resource.Units.Any(unit => unit.Replica is not null))
            CheckRings(devices);
        return options.Injection switch
        {
            CambriconInjection.Runtime => new AllocationSpec { Environment = Environment(devices) },
            CambriconInjection.Cdi => new AllocationSpec { CdiDevices = Names(devices, cdi()) },
            _ => new AllocationSpec
            {
                DeviceNodes = [.. nodes.Of(devices).Select(node => new AllocatedNode($"/dev/{node}", $"/dev/{node}", "rw"))],
                Mounts = Mounts(options),
            },
        };
    }

    public static ImmutableArray<AllocatedMount> Mounts(CambriconOptions options) =>
    [
        .. options.MountsRpmsg ? [new AllocatedMount(Rpmsg, Rpmsg, false)] : ImmutableArray<AllocatedMount>.Empty,
        .. options.ToolPath.Length > 0 ? [new AllocatedMount(options.ToolPath, options.ToolPath, true)] : ImmutableArray<AllocatedMount>.Empty,
    ];

    /// <summary>The choice was the best there was: where that is not good enough, the policy says that the container is better not started here.</summary>
    private void CheckRings(Device[] devices)
    {
        if (options.LinkPolicy == MluLinkPolicy.BestEffort || devices.Length is < LeastRinged or > MostRinged || devices.Any(device => device.ParentId is not null))
            return;
        var wanted = options.LinkPolicy == MluLinkPolicy.Restricted && devices.Length is 2 or 4 ? devices.Length : 1;
        var found = RingCount.Of(devices, wanted);
        if (found < wanted)
        {
            throw new AllocationRefusedException($"the {devices.Length} MLUs form {found} MLU-Link ring{(found == 1 ? "" : "s")} and vendors.cambricon.mlulinkPolicy {(options.LinkPolicy == MluLinkPolicy.Restricted ? "restricted" : "guaranteed")} "
                + $"asks for {wanted}; free more MLUs of one group, or set the policy to best-effort");
        }
    }

    private static ImmutableSortedDictionary<string, string> Environment(Device[] devices)
    {
        var parts = devices.Where(device => device.ParentId is not null).ToArray();
        return parts.Length > 0
            ? Only(Instances, string.Join(';', parts.Select(part => string.Join(',', part.DeviceNodes.Select(node => $"/dev/{node}")))))
            : Only(Boards, string.Join(',', devices.Select(CambriconNodes.NumberOf)));
        static ImmutableSortedDictionary<string, string> Only(string name, string value) => ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal).Add(name, value);
    }

    private static ImmutableArray<string> Names(Device[] devices, CdiNames names)
    {
        var found = ImmutableArray.CreateBuilder<string>();
        foreach (var device in devices)
        {
            var (name, absence) = names.Of(device);
            found.Add(name ?? throw new AllocationRefusedException($"device {device.Id} has no CDI name, by which vendors.cambricon.injection asks to give it: {absence}"));
        }
        return found.ToImmutable();
    }
}

/// <summary>The device nodes that MLUs need, as far as the host has them.</summary>
/// <remarks>Source: Cambricon's device plugin 2.0. Only looks whether a name is there in /dev: nothing is opened, no driver is asked.</remarks>
internal sealed class CambriconNodes(HostPaths host, CambriconOptions options)
{
    private const string Board = "cambricon_dev";
    private static readonly ImmutableArray<string> Shared = ["cambricon_ctl", "cambricon_gdr"];
    private static readonly ImmutableArray<string> OfBoard = ["cambricon_ipcm", "cambr-msgq:", "cambr-rpc:", "cmsg_ctrl", "commu"];
    private const string Console = "ttyMS";

    /// <summary>Relative to /dev; the devices' own first, those of all MLUs last.</summary>
    public IEnumerable<string> Of(IEnumerable<Device> devices) => [.. devices.SelectMany(OfOne).Concat(ForAll()).Distinct(StringComparer.Ordinal)];

    /// <summary>An instance has its own nodes in its description; a board's others go by its number.</summary>
    public IEnumerable<string> OfOne(Device device)
    {
        if (device.ParentId is not null)
            return device.DeviceNodes.Where((node, place) => place == 0 || !node.StartsWith(OfBoard[0], StringComparison.Ordinal) || IsThere(node));
        var number = NumberOf(device);
        return [.. device.DeviceNodes, .. OfBoard.Select(name => name + number).Where(IsThere), .. options.HasConsole ? new[] { Console + number }.Where(IsThere) : []];
    }

    public IEnumerable<string> ForAll() => Shared.Where(IsThere);

    /// <summary>The N of <c>cambricon_devN</c>.</summary>
    public static string NumberOf(Device device) => device.NodeName is { } name && name.StartsWith(Board, StringComparison.Ordinal) ? name[Board.Length..] : device.DriverIndex();

    private bool IsThere(string node) => File.Exists(Path.Combine(host.Dev, node));
}
