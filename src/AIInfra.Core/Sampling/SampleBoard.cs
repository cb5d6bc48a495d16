using System.Collections.Immutable;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.Sampling;

/// <summary>The readings of one device in one round.</summary>
/// <param name="DeviceId">See <see cref="Devices.Device.Id"/>.</param>
/// <param name="Readings">One for each field of the vendor's table, in its order. Never written to after publishing.</param>
/// <param name="Timestamp"><see cref="TimeProvider.GetTimestamp"/> at which the device answered.</param>
public sealed record DeviceSample(string DeviceId, Reading[] Readings, long Timestamp);

/// <summary>One vendor's newest round. A device that did not answer is not in it.</summary>
/// <param name="Devices">In the order of the inventory.</param>
public sealed record VendorSample(FieldTable Fields, ImmutableArray<DeviceSample> Devices)
{
    /// <summary>Of devices that have processes; of one that no longer answers, as it was.</summary>
    public ImmutableArray<DeviceUse> Uses { get; init; } = [];

    public DeviceSample? Find(string deviceId)
    {
        foreach (var device in Devices)
        {
            if (device.DeviceId == deviceId)
                return device;
        }
        return null;
    }
}

/// <summary>All vendors' newest rounds. Immutable.</summary>
public sealed record NodeSample(ImmutableArray<VendorSample> Vendors)
{
    public static NodeSample Empty { get; } = new([]);
}

/// <summary>Joins the vendors' rounds into one <see cref="NodeSample"/>. One driver read serves all scrapers.</summary>
public sealed class SampleBoard
{
    private readonly Lock _gate = new();

    public Latest<NodeSample> Current { get; } = new(NodeSample.Empty);

    /// <summary>Replaces one vendor's part.</summary>
    public void Publish(VendorSample sample)
    {
        lock (_gate)
        {
            var others = Current.Value.Vendors.Where(vendor => vendor.Fields.Vendor != sample.Fields.Vendor);
            Current.Publish(new NodeSample([.. others.Append(sample).OrderBy(vendor => vendor.Fields.Vendor, StringComparer.Ordinal)]));
        }
    }
}
