using System.Collections.Immutable;
using System.Text;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;

namespace AIInfra.Core.Metrics;

/// <summary>A device on the page: its series' labels, and what it last answered.</summary>
internal sealed class DeviceRow(VendorInventory vendor, Device device)
{
    public VendorInventory Vendor { get; } = vendor;
    public Device Device { get; } = device;

    public byte[] HealthLabels { get; } = AgentMetric.DeviceHealthy.Series(
        device.Vendor, device.Id, device.PciAddress, $"{device.Index}", device.ResourceName, vendor.IsSimulated ? "true" : "false");

    public byte[] AgeLabels { get; } = AgentMetric.DeviceSampleAge.Series(device.Vendor, device.Id);

    /// <summary>What this rendering shows; null when there is nothing fresh.</summary>
    public Reading[]? Readings { get; private set; }

    /// <summary>Timestamp of the newest answer that was ever seen; null before the first.</summary>
    public long? LastAnswer { get; set; }

    public void Take(DeviceSample? sample, long oldest)
    {
        if (sample is not null)
            LastAnswer = sample.Timestamp;
        var answers = Vendor.State is not (VendorState.Unavailable or VendorState.Absent);
        Readings = answers && sample is not null && sample.Timestamp >= oldest ? sample.Readings : null;
    }
}

/// <summary>All that is known of the page before a reading is: built when the inventory changes, reused until it changes again.</summary>
internal sealed class DevicePlan
{
    private readonly ImmutableArray<(string Vendor, DeviceRow[] Rows)> _byVendor;

    /// <param name="before">The plan that this one replaces: the age of a device outlives a change of the inventory.</param>
    public DevicePlan(NodeInventory inventory, ImmutableArray<MetricProfile> profiles, string hostname, DevicePlan? before)
    {
        Inventory = inventory;
        VendorLabels = [.. inventory.Vendors.Select(vendor => AgentMetric.VendorInfo.Series(
            vendor.Vendor, Words.Of(vendor.State), vendor.DriverVersion, vendor.LibraryVersion, vendor.IsSimulated ? "true" : "false"))];
        _byVendor = [.. inventory.Vendors.Select(vendor => (
            vendor.Vendor, vendor.Devices.DistinctBy(device => device.Id).Select(device => new DeviceRow(vendor, device)).ToArray()))];
        Devices = [.. _byVendor.SelectMany(vendor => vendor.Rows).DistinctBy(row => Encoding.UTF8.GetString(row.AgeLabels))];
        foreach (var row in Devices)
            row.LastAnswer = before?.Devices.FirstOrDefault(old => old.Device.Id == row.Device.Id && old.Device.Vendor == row.Device.Vendor)?.LastAnswer;
        Families = BuildFamilies(profiles, hostname);
    }

    public NodeInventory Inventory { get; }
    public ImmutableArray<byte[]> VendorLabels { get; }
    public ImmutableArray<DeviceRow> Devices { get; }
    /// <summary>In the order of the profiles and of the families in them; a name that several have stands once, at its first place.</summary>
    public ImmutableArray<FamilyRows> Families { get; }

    /// <summary>Looks up what each device shows in this rendering. Allocates nothing while the field tables stay the same.</summary>
    /// <param name="oldest">Timestamp of the oldest sample that counts as fresh.</param>
    public void Take(NodeSample samples, long oldest)
    {
        foreach (var (vendor, rows) in _byVendor)
        {
            var sample = Find(samples, vendor);
            var next = 0;
            foreach (var row in rows)
            {
                if (sample is not null && next < sample.Devices.Length && sample.Devices[next].DeviceId == row.Device.Id)
                    row.Take(sample.Devices[next++], oldest);
                else
                    row.Take(sample?.Find(row.Device.Id), oldest);
            }
            if (sample is null)
                continue;
            foreach (var family in Families)
                family.Bind(sample.Fields);
        }
    }

    private static VendorSample? Find(NodeSample samples, string vendor)
    {
        foreach (var sample in samples.Vendors)
        {
            if (sample.Fields.Vendor == vendor)
                return sample;
        }
        return null;
    }

    private ImmutableArray<FamilyRows> BuildFamilies(ImmutableArray<MetricProfile> profiles, string hostname)
    {
        var families = new List<FamilyRows>();
        var byName = new Dictionary<string, FamilyRows>(StringComparer.Ordinal);
        foreach (var profile in profiles)
        {
            var series = LabelsOf(profile, hostname);
            if (series.Length == 0)
                continue;
            foreach (var family in profile.Families)
            {
                if (!byName.TryGetValue(family.Name, out var rows))
                {
                    byName.Add(family.Name, rows = new FamilyRows(family));
                    families.Add(rows);
                }
                rows.Add(profile.Vendor, family, series);
            }
        }
        return [.. families];
    }

    private FamilyRows.Series[] LabelsOf(MetricProfile profile, string hostname) =>
    [
        .. Devices
            .Where(row => row.Device.Vendor == profile.Vendor)
            .Select(row => new FamilyRows.Series(row, LabelBlock.Render(profile.Labels(row.Device, row.Vendor, hostname))))
            .DistinctBy(series => Encoding.UTF8.GetString(series.Labels)), // the same series twice would spoil the page
    ];
}
