using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Cdi;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Linux.Files;

namespace AIInfra.Vendors.Nvidia.Cdi;

/// <summary>The device nodes of boards and partitions, as the host has them.</summary>
internal sealed class NvidiaNodes(HostPaths host)
{
    private const string Caps = "nvidia-caps";
    private static readonly ImmutableArray<string> ControlNodes = ["nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset"];
    private static readonly ImmutableArray<string> LinkKinds = ["card", "render"];

    private readonly RootedFiles _dev = new(host.Dev);

    /// <summary>Nodes that every container with a board needs; those that are there.</summary>
    public ImmutableArray<CdiDeviceNode> Control => [.. ControlNodes.Where(IsNode).Select(Node)];

    /// <summary>The nodes of one device and the links that lead to them.</summary>
    /// <param name="device">A board or a partition.</param>
    /// <param name="capabilities">See <see cref="ReadCapabilities"/>.</param>
    /// <param name="fault">What is missing, without a stop; null when nothing is.</param>
    public (ImmutableArray<CdiDeviceNode> Nodes, ImmutableArray<string> Links) Of(Device device, IReadOnlyDictionary<string, int> capabilities, out string? fault)
    {
        fault = null;
        if (device.NodeName is not { } name)
            fault = $"the driver does not say which node {device.Id} has";
        else if (!IsNode(name))
            fault = $"/dev/{name} of {device.Id} is not on the host";
        if (fault is not null)
            return ([], []);
        if (device.Partition is { } partition)
            return (Partition(device, partition, capabilities, out fault), []);
        var display = Display(device.PciAddress);
        return ([Node(device.NodeName!), .. display.Select(Node)], [.. ByPath(device.PciAddress, display)]);
    }

    /// <summary>Minor numbers of the nodes below nvidia-caps, by capability: <c>gpu0/gi1/ci0/access</c>. Empty where the driver has none.</summary>
    public Dictionary<string, int> ReadCapabilities()
    {
        var minors = new Dictionary<string, int>(StringComparer.Ordinal);
        try
        {
            foreach (var line in File.ReadLines(Path.Combine(host.Proc, "driver/nvidia-caps/mig-minors")))
            {
                if (line.Split(' ') is [var capability, var number] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var minor))
                    minors[capability] = minor;
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // A driver that was never asked for partitions.
        }
        return minors;
    }

    /// <summary>Nodes in a folder below /dev, those that are there.</summary>
    public ImmutableArray<CdiDeviceNode> Matching(string folder, string pattern) =>
        [.. _dev.Names($"/{folder}", pattern).Select(name => folder.Length == 0 ? name : $"{folder}/{name}").Where(IsNode).Select(Node)];

    private ImmutableArray<CdiDeviceNode> Partition(Device device, DevicePartition place, IReadOnlyDictionary<string, int> capabilities, out string? fault)
    {
        var gpu = device.NodeName!["nvidia".Length..];
        string[] needed = place.SubInstance is { } compute
            ? [$"gpu{gpu}/gi{place.Instance}/access", $"gpu{gpu}/gi{place.Instance}/ci{compute}/access"]
            : [$"gpu{gpu}/gi{place.Instance}/access"];
        var nodes = ImmutableArray.CreateBuilder<CdiDeviceNode>();
        nodes.Add(Node(device.NodeName!));
        fault = null;
        foreach (var capability in needed)
        {
            if (capabilities.TryGetValue(capability, out var minor) && IsNode($"{Caps}/nvidia-cap{minor}"))
                nodes.Add(Node($"{Caps}/nvidia-cap{minor}"));
            else
                fault ??= $"the node of capability {capability} of {device.Id} is not on the host (nvidia-modprobe makes it)";
        }
        return nodes.DrainToImmutable();
    }

    /// <summary>Nodes of the display driver below /dev: <c>dri/card1</c>.</summary>
    private string[] Display(string? pciAddress) => pciAddress is null ? []
        : [.. new RootedFiles(host.Sys).Names($"/bus/pci/devices/{pciAddress}/drm", "*").Select(name => $"dri/{name}").Where(IsNode)];

    private IEnumerable<string> ByPath(string? pciAddress, string[] display)
    {
        foreach (var kind in LinkKinds)
        {
            var link = $"dri/by-path/pci-{pciAddress}-{kind}";
            if (_dev.TargetOf($"/{link}") is { } target && display.Any(node => Path.GetFileName(node) == Path.GetFileName(target)))
                yield return $"{target}::/dev/{link}";
        }
    }

    /// <summary>There, and itself: a runtime does not follow links.</summary>
    private bool IsNode(string name) => File.Exists(_dev.Here($"/{name}")) && _dev.TargetOf($"/{name}") is null;

    private static CdiDeviceNode Node(string name) => new($"/dev/{name}");
}
