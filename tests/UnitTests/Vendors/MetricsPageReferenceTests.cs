using AIInfra.Core.Metrics;
using AIInfra.Testing;
using AIInfra.UnitTests.VendorFiles;
using AIInfra.Vendors.Ascend;
using AIInfra.Vendors.Ascend.Metrics;
using AIInfra.Vendors.Cambricon;
using AIInfra.Vendors.Cambricon.Metrics;
using AIInfra.Vendors.Nvidia;
using AIInfra.Vendors.Nvidia.Metrics;

namespace AIInfra.UnitTests.Vendors;

public sealed class MetricsPageReferenceTests
{
    [Fact]
    public void The_reference_of_metrics_is_what_the_code_says()
    {
        var path = RepositoryRoot.Combine("docs", "metrics.md");
        var reference = MetricsReference.Write(
            [.. NvidiaProfiles.All(new NvidiaCounts(TimeSpan.FromMinutes(5), TimeProvider.System), TimeProvider.System, null), .. AscendProfiles.All(), .. CambriconProfiles.All(new CambriconXids()), .. FileVendorPage.Profiles()],
            [NvidiaFields.Table, AscendFields.Table, CambriconFields.Table, .. FileVendorPage.Tables]);
        var page = File.ReadAllText(path);
        var byHand = page[..page.IndexOf(MetricsReference.Mark, StringComparison.Ordinal)];
        if (Environment.GetEnvironmentVariable("AIINFRA_UPDATE_DOCS") == "1")
            File.WriteAllText(path, byHand + reference);

        Assert.Equal(reference, File.ReadAllText(path)[byHand.Length..]);
    }

    [Fact]
    public void Every_reading_that_a_profile_shows_has_a_source() =>
        Assert.All(NvidiaProfiles.All(new NvidiaCounts(TimeSpan.FromMinutes(5), TimeProvider.System), TimeProvider.System, null).SelectMany(profile => profile.Families),
            family => Assert.NotEmpty(NvidiaFields.Table.Fields[NvidiaFields.Table[family.Field]].Source));
}
