using System.Collections.Immutable;
using AIInfra.Core.Devices;

namespace AIInfra.Core.Metrics;

/// <summary>Which families stay when the page would have more series than it may: those of the highest rank first.</summary>
public enum MetricRank
{
    /// <summary>Optional rows: a counter of a cause, a limit, a single link.</summary>
    Detail,
    Usual,
    /// <summary>Whether the device works, how busy, full and hot it is.</summary>
    Essential,
}

/// <summary>Which devices have a family.</summary>
public enum MetricScope { All, Boards, Partitions }

/// <summary>One metric name of a profile: which reading it shows, in which unit. Several with one name are one family, each with labels of its own.</summary>
/// <param name="Name">As it stands on the page: <c>DCGM_FI_DEV_GPU_TEMP</c>.</param>
/// <param name="Help">One sentence with the unit.</param>
/// <param name="Field">Name of the <see cref="Sampling.Field"/> in the vendor's table.</param>
/// <param name="Scale">Multiplies the base unit into the name's own: 1e-6 for hertz to megahertz.</param>
/// <param name="IsInteger">Rounded to a whole number, as the exporter whose name it is prints it.</param>
public sealed record MetricFamily(string Name, string Help, MetricType Type, string Field, double Scale = 1, bool IsInteger = false)
{
    /// <summary>Labels beside the device's.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Labels { get; init; } = [];
    public MetricRank Rank { get; init; } = MetricRank.Usual;
    public MetricScope Scope { get; init; }
    /// <summary>As the reference writes it; empty: the one that the name ends with, else none.</summary>
    public string Unit { get; init; } = "";
    /// <summary>Of what the reading shows, where it is not the reading itself; absent readings show nothing either way.</summary>
    public Func<double, double>? Of { get; init; }
}

/// <summary>A device as the labels of its series tell it.</summary>
/// <param name="NodeName">Of the node, as the profiles print it.</param>
/// <param name="Workload">Null where it bears none.</param>
public readonly record struct LabelledDevice(Device Device, VendorInventory Vendor, string NodeName, Workload? Workload);

/// <summary>The metric names that one vendor's devices have in one profile. Data: the renderer is the same for all.</summary>
public sealed record MetricProfile
{
    /// <summary>As <c>metrics.profile</c> names it: <c>dcgm</c>.</summary>
    public required string Name { get; init; }
    /// <summary><see cref="Device.Vendor"/> of the devices that it is about.</summary>
    public required string Vendor { get; init; }
    public required ImmutableArray<MetricFamily> Families { get; init; }
    /// <summary>What does not come from readings: events, health, inventory.</summary>
    public ImmutableArray<DeviceRows> Rows { get; init; } = [];
    /// <summary>Label names and values of one device, in the order they are printed, unescaped. Called when the device, its vendor's inventory or its
    /// work is another, not at a scrape.</summary>
    public required Func<LabelledDevice, ImmutableArray<KeyValuePair<string, string>>> Labels { get; init; }
    /// <summary>The names are an exporter's that speaks the text format alone: OpenMetrics would change what queries see.</summary>
    public bool IsTextOnly { get; init; }
}
