using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Cdi;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;

namespace AIInfra.Vendors.Ascend;

/// <summary>Hands NPUs to a container: by number to the Ascend Docker Runtime, as nodes and mounts to any other, or by CDI names.</summary>
/// <param name="host">Asked at each call; must not block.</param>
/// <param name="cdi">As above.</param>
internal sealed class AscendAllocator(AscendOptions options, Func<AscendHostView> host, Func<CdiNames> cdi) : IAllocator
{
    private const string Visible = "ASCEND_VISIBLE_DEVICES", RuntimeOptions = "ASCEND_RUNTIME_OPTIONS", Virtual = "VIRTUAL";

    public string Vendor => AscendFields.Vendor;

    public AllocationSpec Allocate(OfferedResource resource, ImmutableArray<OfferedUnit> units)
    {
        ImmutableArray<Device> devices = [.. units.SelectMany(unit => unit.Devices).DistinctBy(device => device.Id)];
        var view = host();
        var environment = EnvironmentOf(devices);
        return options.Injection switch
        {
            AscendInjection.Cdi => new AllocationSpec { Environment = environment, CdiDevices = [.. devices.Select(NameOf)] },
            AscendInjection.Runtime => new AllocationSpec { Environment = environment },
            AscendInjection.ByHost when view.HasRuntime => new AllocationSpec { Environment = environment },
            _ => new AllocationSpec
            {
                Environment = environment,
                DeviceNodes = [.. devices.Select(device => NodeOf(device, view)), .. AscendNodes.Common.Concat(AscendNodes.Optional.Where(view.Nodes.Contains)).Select(name => new AllocatedNode($"/dev/{name}", $"/dev/{name}", "rw"))],
                Mounts = [.. view.Mounts.Select(path => new AllocatedMount(path, path, IsReadOnly: true))],
            },
        };
    }

    /// <summary>The numbers that the host's runtime knows the NPUs by, which are those of their nodes in the container as well: a chip's, or a virtual NPU's.</summary>
    private static ImmutableSortedDictionary<string, string> EnvironmentOf(ImmutableArray<Device> devices)
    {
        var environment = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        environment[Visible] = string.Join(',', devices.Select(NumberOf).Order().Select(number => number.ToString(CultureInfo.InvariantCulture)));
        if (devices.Any(device => device.Partition is not null))
            environment[RuntimeOptions] = Virtual;
        return environment.ToImmutable();
    }

    private static int NumberOf(Device device) => device.Partition?.Instance
        ?? (device.Traits.TryGetValue(AscendTraits.Phy, out var phy) && int.TryParse(phy, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw new AllocationRefusedException($"the driver does not say which device node {device.Id} has; look at npu-smi info -m on the node"));

    /// <summary>A virtual NPU is a davinci of its own to the container.</summary>
    private static AllocatedNode NodeOf(Device device, AscendHostView view)
    {
        var (number, name) = (NumberOf(device), device.NodeName!);
        return view.Nodes.Contains(name)
            ? new AllocatedNode($"/dev/{name}", string.Create(CultureInfo.InvariantCulture, $"/dev/davinci{number}"), "rw")
            : throw new AllocationRefusedException($"/dev/{name} of {device.Id} is not on the node: the driver is being loaded, or the device was divided anew. Create the pod again; if it stays so, load the driver anew");
    }

    private string NameOf(Device device)
    {
        var (name, absence) = cdi().Of(device);
        return name ?? throw new AllocationRefusedException($"device {device.Id} has no CDI name, by which vendors.ascend.injection asks to give it: {absence}");
    }
}
