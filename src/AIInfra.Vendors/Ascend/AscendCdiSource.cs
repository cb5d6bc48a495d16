using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Cdi;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;

namespace AIInfra.Vendors.Ascend;

/// <summary>Writes NPUs and virtual NPUs as a CDI spec: their nodes, and the driver's files as mounts.</summary>
public sealed class AscendCdiSource(HostPaths host) : ICdiSource
{
    /// <summary>Of our own: the vendor's DRA driver writes specs of the kind ascend.com/npu.</summary>
    public const string Kind = "huawei.com/npu";

    private static readonly ImmutableArray<string> MountOptions = ["ro", "nosuid", "nodev", "rbind", "rprivate"];

    public string Vendor => AscendFields.Vendor;

    public ImmutableArray<string> Kinds => [Kind];

    public CdiOffer Describe(VendorInventory inventory)
    {
        if (inventory.Devices.IsEmpty)
            return CdiOffer.Nothing("there is no Ascend NPU on the node");
        var view = AscendHostView.Look(host);
        var devices = new List<CdiDevice>();
        var names = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        string? absence = null;
        foreach (var device in inventory.Devices.Where(device => device.NodeName is not null))
        {
            if (!view.Nodes.Contains(device.NodeName!))
            {
                absence ??= $"/dev/{device.NodeName} of {device.Id} is not on the host";
                continue;
            }
            var number = device.Partition?.Instance.ToString(CultureInfo.InvariantCulture) ?? device.NodeName!["davinci".Length..];
            var node = new CdiDeviceNode($"/dev/davinci{number}");
            var edits = new CdiEdits { DeviceNodes = [device.Partition is null ? node : node with { HostPath = $"/dev/{device.NodeName}" }] };
            devices.Add(new CdiDevice(device.Id, edits));
            if (device.Partition is null)
                devices.Add(new CdiDevice(number, edits));
            names[device.Id] = CdiName.Qualified(Kind, device.Id);
        }
        if (devices.Count == 0)
            return CdiOffer.Nothing(absence ?? "the driver names no device node");
        ImmutableArray<CdiDeviceNode> common = [.. AscendNodes.Common.Concat(AscendNodes.Optional).Where(view.Nodes.Contains).Select(name => new CdiDeviceNode($"/dev/{name}"))];
        ImmutableArray<CdiMount> mounts = [.. view.Mounts.Select(path => new CdiMount(path, path, MountOptions))];
        var spec = new CdiSpec
        {
            Kind = Kind,
            Devices = [.. devices.DistinctBy(device => device.Name)],
            ContainerEdits = common.IsEmpty && mounts.IsEmpty ? null : new CdiEdits { DeviceNodes = common.IsEmpty ? default : common, Mounts = mounts.IsEmpty ? default : mounts },
        };
        return new CdiOffer([new CdiKind(spec, IsOwn: true)], names.ToImmutable(), ImmutableDictionary<string, string>.Empty, absence);
    }
}
