using System.Collections.Immutable;

namespace AIInfra.Core.Cdi;

/// <summary>Versions of the Container Device Interface. A reader refuses a file of a version that it does not know.</summary>
/// <remarks>Source: the CDI specification, 1.1.0; nothing is lower than 0.3.0.</remarks>
public static class CdiVersion
{
    /// <summary>The lowest version that has all that a spec uses.</summary>
    public static string Lowest(CdiSpec spec)
    {
        ImmutableArray<CdiEdits> edits = [.. spec.Devices.Select(device => device.ContainerEdits), .. spec.ContainerEdits is { } common ? [common] : Array.Empty<CdiEdits>()];
        if (edits.Any(one => !one.AdditionalGids.IsDefaultOrEmpty))
            return "0.7.0";
        if (spec.Kind[(spec.Kind.IndexOf('/', StringComparison.Ordinal) + 1)..].Contains('.'))
            return "0.6.0";
        if (spec.Devices.Any(device => !char.IsAsciiLetter(device.Name[0])) || edits.Any(one => !one.DeviceNodes.IsDefault && one.DeviceNodes.Any(node => node.HostPath is not null)))
            return "0.5.0";
        return edits.Any(one => !one.Mounts.IsDefault && one.Mounts.Any(mount => mount.Type is not null)) ? "0.4.0" : "0.3.0";
    }
}
