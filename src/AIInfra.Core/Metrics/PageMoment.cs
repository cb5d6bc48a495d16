using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;

namespace AIInfra.Core.Metrics;

/// <summary>What one rendering shows, taken at once: however slowly it is read, the page is of one moment. Used again by later renderings.</summary>
internal sealed class PageMoment
{
    private Reading[]?[] _readings = [];
    private double?[] _ages = [];

    public PagePlan Plan { get; private set; } = null!;
    public ProblemRows Problems { get; private set; } = null!;
    public PartRows Parts { get; private set; } = null!;
    public HealthSnapshot Health => Problems.Snapshot;
    /// <summary><see cref="TimeProvider.GetTimestamp"/> of it.</summary>
    public long Now { get; private set; }

    /// <summary>What is shown of a device; null when there is nothing fresh.</summary>
    public Reading[]? ReadingsOf(int device) => _readings[device];

    /// <summary>Seconds since it answered; null before its first answer.</summary>
    public double? AgeOf(int device) => _ages[device];

    public DeviceMoment Of(int place, DeviceRow row) => new(row.Device, row.Labelled.Vendor, _readings[place], Health, Now);

    /// <summary>Allocates nothing while the plan stays the same.</summary>
    /// <param name="maxAge">Of a sample that counts as fresh.</param>
    public void Take(PagePlan plan, NodeSample samples, ProblemRows problems, PartRows parts, TimeProvider time, TimeSpan maxAge)
    {
        (Plan, Problems, Parts, Now) = (plan, problems, parts, time.GetTimestamp());
        var devices = plan.Devices;
        if (_readings.Length != devices.Length)
            (_readings, _ages) = (new Reading[]?[devices.Length], new double?[devices.Length]);
        var oldest = Now - (long)(maxAge.TotalSeconds * time.TimestampFrequency);
        var (vendor, next) = ((VendorSample?)null, 0);
        for (var place = 0; place < devices.Length; place++)
        {
            var row = devices[place];
            if (vendor?.Fields.Vendor != row.Device.Vendor)
                (vendor, next) = (Find(samples, row.Device.Vendor), 0);
            var sample = vendor is null ? null
                : next < vendor.Devices.Length && vendor.Devices[next].DeviceId == row.Device.Id ? vendor.Devices[next++] // both are in the order of the inventory
                : vendor.Find(row.Device.Id);
            if (sample is not null)
                row.Age.LastAnswer = sample.Timestamp;
            var answers = StateOf(plan, row) is not (VendorState.Unavailable or VendorState.Absent);
            _readings[place] = answers && sample is not null && sample.Timestamp >= oldest ? sample.Readings : null;
            _ages[place] = row.Age.LastAnswer is { } answered ? Math.Round(Math.Max(0, time.GetElapsedTime(answered, Now).TotalSeconds), 3) : null;
        }
    }

    /// <summary>Keeps nothing alive that is shown no more.</summary>
    public void Drop()
    {
        (Plan, Problems, Parts) = (null!, null!, null!);
        Array.Clear(_readings);
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

    /// <summary>As of now: a row outlives changes of its vendor's state.</summary>
    private static VendorState StateOf(PagePlan plan, DeviceRow row)
    {
        foreach (var vendor in plan.Basis.Inventory.Vendors)
        {
            if (vendor.Vendor == row.Device.Vendor)
                return vendor.State;
        }
        return VendorState.Absent;
    }
}
