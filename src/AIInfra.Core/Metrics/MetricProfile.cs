using System.Collections.Immutable;
using AIInfra.Core.Devices;

namespace AIInfra.Core.Metrics;

public enum MetricType { Gauge, Counter }

/// <summary>One metric name of a profile: which reading it shows, in which unit.</summary>
/// <param name="Name">As it stands on the page: <c>DCGM_FI_DEV_GPU_TEMP</c>.</param>
/// <param name="Help">One sentence with the unit.</param>
/// <param name="Field">Name of the <see cref="Sampling.Field"/> in the vendor's table.</param>
/// <param name="Scale">Multiplies the base unit into the name's own: 1e-6 for hertz to megahertz.</param>
/// <param name="IsInteger">Rounded to a whole number, as the exporter whose name it is prints it.</param>
public sealed record MetricFamily(string Name, string Help, MetricType Type, string Field, double Scale = 1, bool IsInteger = false);

/// <summary>The metric names that one vendor's devices have in one profile. Data: the renderer is the same for all.</summary>
public sealed record MetricProfile
{
    /// <summary>As <c>metrics.profile</c> names it: <c>dcgm</c>.</summary>
    public required string Name { get; init; }
    /// <summary><see cref="Device.Vendor"/> of the devices that it is about.</summary>
    public required string Vendor { get; init; }
    public required ImmutableArray<MetricFamily> Families { get; init; }
    /// <summary>Label names and values of one device, in the order they are printed, unescaped. Called when the inventory changes, not at a scrape.</summary>
    public required Func<Device, VendorInventory, string, ImmutableArray<KeyValuePair<string, string>>> Labels { get; init; }
}
