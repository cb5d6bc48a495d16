using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;

namespace AIInfra.Vendors.Nvidia;

/// <summary>The device nodes that a container needs.</summary>
internal sealed class NvidiaDeviceSpecs(NvidiaInjection options, NvidiaHostView view)
{
    /// <summary>Those of the driver as a whole; one that is not there is not needed on this host.</summary>
    private static readonly ImmutableArray<string> Control = ["nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset"];

    /// <param name="isEachNeeded">A device without its nodes is refused; otherwise what is not there is left out.</param>
    /// <exception cref="AllocationRefusedException">A partition's capability is not known.</exception>
    public ImmutableArray<AllocatedNode> Of(ImmutableArray<Device> devices, bool isEachNeeded)
    {
        var names = Control.Where(view.Nodes.Contains).ToList();
        foreach (var device in devices)
            names.AddRange(Own(device, isEachNeeded));
        return [.. names.Distinct(StringComparer.Ordinal).Select(name => Node(options, name))];
    }

    public static AllocatedNode Node(NvidiaInjection options, string name) =>
        new($"{(options.DevRoot == "/" ? "" : options.DevRoot.TrimEnd('/'))}/dev/{name}", $"/dev/{name}", "rw");

    public static string OfChannel(string channel) => $"nvidia-caps-imex-channels/channel{channel}";

    private IEnumerable<string> Own(Device device, bool isEachNeeded)
    {
        if (device.NodeName is { } name && (isEachNeeded || view.Nodes.Contains(name)))
            yield return name;
        if (device.Partition is not { } partition)
            yield break;
        var instance = string.Create(CultureInfo.InvariantCulture, $"gpu{device.NodeName?["nvidia".Length..]}/mig/gi{partition.Instance}");
        foreach (var file in (string[])[$"{instance}/access", string.Create(CultureInfo.InvariantCulture, $"{instance}/ci{partition.SubInstance ?? 0}/access")])
        {
            if (view.Capabilities.TryGetValue(file, out var minor))
                yield return string.Create(CultureInfo.InvariantCulture, $"nvidia-caps/nvidia-cap{minor}");
            else if (isEachNeeded)
                throw new AllocationRefusedException($"partition {device.Id} cannot be opened: /proc/driver/nvidia/capabilities/{file} is not there. It may just be made or gone; create the pod again. If it stays so, look at nvidia-smi mig -lci on the node");
        }
    }
}
