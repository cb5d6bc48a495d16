using System.Collections.Immutable;
using AIInfra.Core.Cdi;
using AIInfra.Core.Devices;

namespace AIInfra.Vendors.Intel;

/// <summary>Writes Intel GPUs as CDI specs: their device nodes, and their links in /dev/dri/by-path. The libraries are the image's own.</summary>
internal sealed class IntelCdiSource(IntelOptions options) : ICdiSource
{
    /// <summary>The kind that answers to the kubelet name.</summary>
    public const string OwnKind = "k8s.device-plugin.intel.com/gpu";
    /// <summary>The kind of Intel's plugin, with its names: <c>card0</c>; whoever else defines it goes first.</summary>
    public const string CommonKind = "intel.cdi.k8s.io/gpu";

    public string Vendor => IntelFields.Vendor;

    public ImmutableArray<string> Kinds => [OwnKind, CommonKind];

    public CdiOffer Describe(VendorInventory inventory)
    {
        var devices = new List<CdiDevice>();
        var names = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        string? absence = null;
        foreach (var gpu in inventory.Devices.Where(device => device.ParentId is null && !device.DeviceNodes.IsEmpty))
        {
            if (CdiName.FaultOfDevice(gpu.Id) is { } fault)
            {
                absence ??= $"{gpu.Id} is not a CDI device: {fault}";
                continue;
            }
            var mounts = IntelOffers.Links(options, [gpu]).Select(mount => new CdiMount(mount.HostPath, mount.ContainerPath, ["ro", "nosuid", "nodev", "bind"])).ToImmutableArray();
            var edits = new CdiEdits { DeviceNodes = [.. gpu.DeviceNodes.Select(node => new CdiDeviceNode($"/dev/{node}"))], Mounts = mounts.IsEmpty ? default : mounts };
            devices.Add(new CdiDevice(gpu.Id, edits));
            if (gpu.NodeName is { } card && CdiName.FaultOfDevice(card) is null)
                devices.Add(new CdiDevice(card, edits));
            names[gpu.Id] = CdiName.Qualified(OwnKind, gpu.Id);
        }
        if (devices.Count == 0)
            return CdiOffer.Nothing(absence ?? "there is no Intel GPU on the node");
        ImmutableArray<CdiDevice> distinct = [.. devices.DistinctBy(device => device.Name)];
        return new CdiOffer(
            [new CdiKind(new CdiSpec { Kind = OwnKind, Devices = distinct }, IsOwn: true), new CdiKind(new CdiSpec { Kind = CommonKind, Devices = distinct }, IsOwn: false)],
            names.ToImmutable(), ImmutableDictionary<string, string>.Empty, absence);
    }
}
