using System.Buffers;
using System.Collections.Immutable;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sampling;
using AIInfra.UnitTests.Metrics;
using AIInfra.Vendors.Amd;
using AIInfra.Vendors.Amd.Metrics;
using AIInfra.Vendors.Generic;
using AIInfra.Vendors.Intel;
using AIInfra.Vendors.Intel.Metrics;
using AIInfra.Vendors.Rdma;
using AIInfra.Vendors.Rdma.Metrics;

namespace AIInfra.UnitTests.VendorFiles;

/// <summary>The profiles of the vendors without library, and what they make of a node's files.</summary>
internal static class FileVendorPage
{
    public static ImmutableArray<MetricProfile> Profiles() => [.. RdmaProfiles.All(), .. AmdProfiles.All(), .. IntelProfiles.All(), NeutralProfile.Of(GenericFields.Table, [], [])];

    public static ImmutableArray<FieldTable> Tables { get; } = [AmdFields.Table, GenericFields.Table, IntelFields.Table, RdmaFields.Table];

    public static PageReader Render(this VendorRig rig, params string[] profiles)
    {
        using var page = new MetricsPage(new MetricsSources(rig.Inventory, rig.Samples, rig.Health, rig.Parts), new MetricsPageOptions
        {
            Profiles = ProfileChoice.Of(Profiles(), profiles),
            Hostname = "node-1",
            Version = "1.2.3",
        }, rig.Time);
        var output = new ArrayBufferWriter<byte>();
        page.Render(output);
        return PageReader.Read(output.WrittenSpan.ToArray());
    }

    /// <summary>A family's series, by the labels that are named.</summary>
    public static Dictionary<string, double> Values(this PageReader page, string family, params string[] labels) => page.Samples
        .Where(sample => sample.Key.Split('{')[0] == family)
        .ToDictionary(sample => string.Join(' ', labels.Select(label => PageReader.Labels(sample.Key).GetValueOrDefault(label, "-"))), sample => sample.Value);
}
