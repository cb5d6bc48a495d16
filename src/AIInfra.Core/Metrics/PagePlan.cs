using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;

namespace AIInfra.Core.Metrics;

/// <summary>What a plan is made of: another one is made when one of these is another.</summary>
/// <param name="Tables">Of the vendors that have answered, in the order of their names.</param>
internal sealed record PlanBasis(NodeInventory Inventory, Attribution Attribution, ImmutableArray<FieldTable> Tables)
{
    public bool IsStill(NodeInventory inventory, Attribution attribution, NodeSample samples)
    {
        if (!ReferenceEquals(Inventory, inventory) || !ReferenceEquals(Attribution, attribution) || Tables.Length != samples.Vendors.Length)
            return false;
        for (var at = 0; at < Tables.Length; at++)
        {
            if (!ReferenceEquals(Tables[at], samples.Vendors[at].Fields))
                return false;
        }
        return true;
    }
}

/// <summary>All that is known of the page before a reading is. Immutable: renderings of several scrapers share it.</summary>
internal sealed class PagePlan
{
    private readonly MetricsPageOptions _options;

    /// <param name="before">The plan that this one replaces: rows that are still the same are taken over.</param>
    public PagePlan(PlanBasis basis, MetricsPageOptions options, PagePlan? before)
    {
        (Basis, _options) = (basis, options);
        VendorLabels = [.. basis.Inventory.Vendors.Select(vendor => AgentMetric.VendorInfo.Labelled(
            vendor.Vendor, Words.Of(vendor.State), vendor.DriverVersion, vendor.LibraryVersion, vendor.IsSimulated ? "true" : "false"))];
        var old = before?.Devices.ToDictionary(row => (row.Device.Vendor, row.Device.Id));
        Devices = [.. basis.Inventory.Vendors
            .SelectMany(vendor => vendor.Devices.Select(device => new LabelledDevice(device, vendor, options.Hostname, basis.Attribution.Of(device.Id))))
            .DistinctBy(labelled => (labelled.Device.Vendor, labelled.Device.Id))
            .Select(labelled => Row(labelled, old?.GetValueOrDefault((labelled.Device.Vendor, labelled.Device.Id))))
            .DistinctBy(row => row.AgeLabels.Key)]; // the same series twice would spoil the page
        Families = BuildFamilies();
        MostSeries = Families.Sum(family => (long)family.MostSeries);
        ByRank = [.. Enumerable.Range(0, Families.Length).OrderByDescending(at => Families[at].Rank)];
    }

    public PlanBasis Basis { get; }
    public ImmutableArray<LabelSet> VendorLabels { get; }
    public ImmutableArray<DeviceRow> Devices { get; }
    /// <summary>In the order of the profiles and of the families in them; a name that several have stands once, at its first place.</summary>
    public ImmutableArray<PlanFamily> Families { get; }
    /// <summary>More series than all families together can have.</summary>
    public long MostSeries { get; }
    /// <summary>Places of the families: what matters most first, and of one rank in the page's order.</summary>
    public ImmutableArray<int> ByRank { get; }

    private DeviceRow Row(LabelledDevice labelled, DeviceRow? old) =>
        old is null ? new DeviceRow(labelled, _options.Profiles)
        : old.IsOf(labelled) ? old
        : new DeviceRow(labelled, _options.Profiles) { Age = old.Age };

    private ImmutableArray<PlanFamily> BuildFamilies()
    {
        var families = new List<PlanFamily>();
        var byName = new Dictionary<string, PlanFamily>(StringComparer.Ordinal);
        for (var at = 0; at < _options.Profiles.Length; at++)
        {
            var profile = _options.Profiles[at];
            var series = SeriesIn(at).ToArray();
            if (series.Length == 0)
                continue;
            var table = Basis.Tables.FirstOrDefault(fields => fields.Vendor == profile.Vendor);
            foreach (var family in profile.Families)
            {
                if (PlaceOf(table, family.Field) is { } place)
                    Family(family.Name, () => new MetricHead(family.Name, family.Type, family.Help), family.Rank).Add(profile, family, place, series);
            }
            foreach (var rows in profile.Rows)
                Family(rows.Head.Name, () => rows.Head, rows.Rank).Add(profile, rows, series);
        }
        return [.. families];

        PlanFamily Family(string name, Func<MetricHead> head, MetricRank rank)
        {
            if (!byName.TryGetValue(name, out var family))
            {
                byName.Add(name, family = new PlanFamily(head(), rank));
                families.Add(family);
            }
            return family;
        }
    }

    private IEnumerable<PlanFamily.Series> SeriesIn(int profile)
    {
        for (var place = 0; place < Devices.Length; place++)
        {
            if (Devices[place].LabelsIn(profile) is { } labels)
                yield return new PlanFamily.Series(place, Devices[place], labels);
        }
    }

    private static int? PlaceOf(FieldTable? table, string field) =>
        table is not null && table.TryFind(field, out var place) ? place : null;
}
