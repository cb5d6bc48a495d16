using System.Collections.Immutable;
using AIInfra.Core.Cdi;
using AIInfra.Core.Devices;

namespace AIInfra.Vendors.Cambricon;

/// <summary>Writes MLUs and their instances as CDI specs: with their device nodes and what the plugin would mount. The libraries are the image's own.</summary>
internal sealed class CambriconCdiSource(CambriconNodes nodes, CambriconOptions options) : ICdiSource
{
    /// <summary>The kind that answers to the kubelet name.</summary>
    public const string OwnKind = "k8s.device-plugin.cambricon.com/mlu";
    /// <summary>The kind that Cambricon's plugin answers, as <c>mlu-0</c>; whoever else defines it goes first.</summary>
    public const string CommonKind = "cambricon.com/mlu";

    public string Vendor => CambriconFields.Vendor;

    public ImmutableArray<string> Kinds => [OwnKind, CommonKind];

    public CdiOffer Describe(VendorInventory inventory)
    {
        var devices = new List<CdiDevice>();
        var names = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        string? absence = null;
        foreach (var device in inventory.Devices)
        {
            if (CdiName.FaultOfDevice(device.Id) is { } fault)
            {
                absence ??= $"{device.Id} is not a CDI device: {fault}";
                continue;
            }
            var edits = new CdiEdits { DeviceNodes = [.. nodes.OfOne(device).Select(Node)] };
            devices.Add(new CdiDevice(device.Id, edits));
            if (device.ParentId is null)
                devices.Add(new CdiDevice($"mlu-{CambriconNodes.NumberOf(device)}", edits));
            names[device.Id] = CdiName.Qualified(OwnKind, device.Id);
        }
        if (devices.Count == 0)
            return CdiOffer.Nothing(absence ?? "there is no MLU on the node");
        ImmutableArray<CdiDevice> distinct = [.. devices.DistinctBy(device => device.Name)];
        var common = Common();
        return new CdiOffer(
            [new CdiKind(new CdiSpec { Kind = OwnKind, Devices = distinct, ContainerEdits = common }, IsOwn: true), new CdiKind(new CdiSpec { Kind = CommonKind, Devices = distinct, ContainerEdits = common }, IsOwn: false)],
            names.ToImmutable(), ImmutableDictionary<string, string>.Empty, absence);
    }

    private CdiEdits? Common()
    {
        ImmutableArray<CdiDeviceNode> shared = [.. nodes.ForAll().Select(Node)];
        ImmutableArray<CdiMount> mounts = [.. CambriconAllocator.Mounts(options).Select(mount => new CdiMount(mount.HostPath, mount.ContainerPath, mount.IsReadOnly ? ["ro", "nosuid", "nodev", "bind"] : ["rw", "bind"]))];
        return shared.IsEmpty && mounts.IsEmpty ? null : new CdiEdits { DeviceNodes = shared.IsEmpty ? default : shared, Mounts = mounts.IsEmpty ? default : mounts };
    }

    private static CdiDeviceNode Node(string name) => new($"/dev/{name}");
}
