using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;

namespace AIInfra.Core.Metrics;

/// <summary>What is known of a device at the moment of a rendering.</summary>
/// <param name="Vendor">Of its driver and versions; its state is another's to tell.</param>
/// <param name="Readings">Null when there is nothing fresh.</param>
/// <param name="Now"><see cref="TimeProvider.GetTimestamp"/> of the rendering.</param>
public readonly record struct DeviceMoment(Device Device, VendorInventory Vendor, Reading[]? Readings, HealthSnapshot Health, long Now);

/// <summary>A family whose series are counted or concluded, not read. Called by one thread at a time; allocates nothing while nothing changes.</summary>
/// <param name="head">Of the family.</param>
/// <param name="rank">See <see cref="MetricFamily.Rank"/>.</param>
public abstract class DeviceRows(MetricHead head, MetricRank rank = MetricRank.Usual)
{
    public MetricHead Head { get; } = head;
    public MetricRank Rank { get; } = rank;

    /// <summary>Names of the labels beside the device's, for the reference.</summary>
    public virtual IEnumerable<string> LabelNames => [];

    /// <summary>Where the values come from, for the reference.</summary>
    public abstract string Source { get; }

    /// <summary>More than one device has: whether the page may become too long is known without counting.</summary>
    public virtual int MostSeries => 16;

    /// <summary>Writes the series of one device. Called for each device that has the profile, in their order.</summary>
    /// <param name="labels">The device's in the profile.</param>
    public abstract void Write(PageWriter writer, in DeviceMoment moment, LabelSet labels);
}
