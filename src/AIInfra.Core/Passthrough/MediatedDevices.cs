using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.VendorFiles;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Passthrough;

/// <summary>Finds mediated devices (mdev) that were made of accelerators: a GPU's time and a part of its memory under a UUID. The agent makes none. Blocks on sysfs.</summary>
internal sealed class MediatedDevices(HostPaths host)
{
    /// <summary>Names of <see cref="Device.Traits"/>: the type that it was made of, as its folder in <c>mdev_supported_types</c> is named; where it was made.</summary>
    public const string Type = "mdev-type", Parent = "mdev-parent";

    private const string Bus = "bus/mdev/devices";
    private const int LongestName = 63;

    private readonly KernelTree _sys = new(host.Sys);
    private readonly RootedFiles _rooted = new(host.Sys);
    private readonly PciAccelerators _pci = new(new KernelTree(host.Sys));

    /// <inheritdoc cref="PassthroughScan.Find"/>
    public IEnumerable<Device> Find(IReadOnlyDictionary<string, string> known) => _sys.Names(Bus).Where(name => Guid.TryParseExact(name, "D", out _)).Order(StringComparer.Ordinal)
        .Select(name => Describe(name, known)).OfType<Device>();

    /// <summary>Null when it is of no accelerator that is known, or half taken away.</summary>
    private Device? Describe(string name, IReadOnlyDictionary<string, string> known)
    {
        var folder = $"{Bus}/{name}";
        if (ParentOf(name) is not { } parent || !_pci.IsKnown(parent) || _pci.GroupOf(folder) is not { } group || _sys.LinkName($"{folder}/mdev_type") is not { } type)
            return null;
        var label = _sys.Word($"{folder}/mdev_type/name") ?? type;
        return ResourceOf(label) is not { } resource ? null : new Device
        {
            Id = name,
            Vendor = PassthroughScan.Vendor,
            Model = label,
            ResourceName = $"{PciAccelerators.DomainOf(_pci.Ids(parent))}/{resource}",
            NumaNode = host.ReadNumaNode(parent),
            ParentId = known.GetValueOrDefault(_pci.BoardOf(parent) ?? parent),
            Traits = ImmutableSortedDictionary<string, string>.Empty.Add(PassthroughScan.Group, group).Add(Type, type).Add(Parent, parent),
            DeviceNodes = [$"vfio/{group}", "vfio/vfio"],
        };
    }

    /// <summary>The function in whose folder it lies.</summary>
    private string? ParentOf(string name) => _rooted.Resolve($"/{Bus}/{name}") is { } path && path.Split('/') is [.., var parent, _] && PciAddress.Normalise(parent) == parent ? parent : null;

    /// <summary>As KubeVirt takes the name of a type: spaces as underscores, upper and lower case and dashes kept; what Kubernetes does not take is left out.</summary>
    internal static string? ResourceOf(string label)
    {
        var words = string.Join('_', label.Replace('/', '_').Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        var name = new string([.. words.Where(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '.')]).Trim('_', '-', '.');
        return name.Length == 0 ? null : name[..Math.Min(name.Length, LongestName)].TrimEnd('_', '-', '.');
    }
}
