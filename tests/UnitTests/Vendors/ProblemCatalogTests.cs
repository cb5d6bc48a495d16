using AIInfra.Core.Health;
using AIInfra.Testing;
using AIInfra.Vendors;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.UnitTests.Vendors;

public sealed class ProblemCatalogTests
{
    private static readonly string[] Updates = ["1", "true"];

    [Fact]
    public void Every_problem_has_its_texts_in_both_languages_and_no_id_twice()
    {
        Assert.All(ProblemCatalog.All, text =>
        {
            Assert.EndsWith(".", text.Meaning.English, StringComparison.Ordinal);
            Assert.EndsWith("。", text.Meaning.Chinese, StringComparison.Ordinal);
            Assert.Equal(text.Advice.English.Length > 0, text.Advice.Chinese.Length > 0);
        });
        Assert.Equal(ProblemCatalog.All.Count, ProblemCatalog.All.DistinctBy(text => text.Id).Count());
    }

    [Theory]
    [InlineData(NvidiaRules.RecoveryId)]
    [InlineData(NvidiaRules.RecoveryXidId)]
    [InlineData(NvidiaRules.LostId)]
    [InlineData("vendor.crashed")]
    [InlineData("vendor.unanswered")]
    [InlineData("vendor.device-hung")]
    [InlineData("vendor.device-gone")]
    [InlineData("vendor.device-missing")]
    [InlineData("vendor.wedged")]
    [InlineData("vendor.hang-recovered")]
    [InlineData("intel.device-lost")]
    [InlineData("intel.reset-required")]
    [InlineData("intel.repair-pending")]
    [InlineData("intel.memory-health")]
    [InlineData("intel.error-uncorrected")]
    [InlineData("intel.xe-link")]
    [InlineData("intel.pcie-link")]
    [InlineData("nvidia.thermal-slowdown")]
    [InlineData("nvidia.power-brake")]
    [InlineData("nvidia.hardware-slowdown")]
    [InlineData("nvidia.software-thermal")]
    [InlineData("nvidia.nvlink-down")]
    [InlineData("nvidia.init-failed")]
    [InlineData("nvidia.api-mismatch")]
    [InlineData("nvidia.peermem")]
    [InlineData("nvidia.nccl-segfault")]
    [InlineData("nvidia.fabricmanager")]
    [InlineData("nvidia.xid.219")] // in no table
    [InlineData("nvidia.sxid.99999")]
    public void Every_id_that_can_be_raised_is_explained(string id) => Assert.Equal(id, ProblemCatalog.Find(id)?.Id);

    [Fact]
    public void What_readings_raise_is_explained_as_it_is_raised()
    {
        Assert.All(NvidiaConditions.All, row =>
        {
            var text = ProblemCatalog.Find(row.Condition.Id)!;
            Assert.Equal((row.Condition.Id, row.Condition.Severity, row.Condition.Cause, row.Condition.Action), (text.Id, text.Severity, text.Cause, text.Action));
        });
    }

    [Fact]
    public void A_bare_number_is_an_Xid_and_a_slip_of_the_pen_finds_its_neighbours()
    {
        Assert.Equal("nvidia.xid.79", ProblemCatalog.Find("79")?.Id);
        Assert.Null(ProblemCatalog.Find("nvdia.xid.79"));
        Assert.Equal("nvidia.xid.79", ProblemCatalog.Nearest("nvdia.xid.79", 1).Single());
        Assert.Equal("vendor.device-hung", ProblemCatalog.Nearest("vendor.devicehung", 1).Single());
    }

    [Fact]
    public void The_words_of_the_ladder_are_all_explained_in_both_languages()
    {
        var phrases = Enum.GetValues<SuggestedAction>().Select(ProblemPhrases.Of).Concat(Enum.GetValues<Severity>().Select(ProblemPhrases.Of)).Concat(Enum.GetValues<Cause>().Select(ProblemPhrases.Of)).ToList();

        Assert.Equal(phrases.Count, phrases.DistinctBy(phrase => phrase.English).Count());
        Assert.Equal(phrases.Count, phrases.DistinctBy(phrase => phrase.Chinese).Count());
    }

    [Fact]
    public void The_reference_page_is_what_the_catalog_says()
    {
        var path = RepositoryRoot.Combine("docs", "problems.md");
        if (Updates.Contains(Environment.GetEnvironmentVariable("AIINFRA_UPDATE_DOCS")))
            File.WriteAllText(path, ProblemCatalog.Reference());

        Assert.Equal(ProblemCatalog.Reference(), File.ReadAllText(path));
    }
}
