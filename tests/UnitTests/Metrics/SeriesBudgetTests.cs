using AIInfra.Core.Metrics;
using AIInfra.Core.Sampling;

namespace AIInfra.UnitTests.Metrics;

public sealed class SeriesBudgetTests
{
    private static readonly Reading[] Full = [Reading.Of(41.4), Reading.Of(1_980_000_000), Reading.Of(123.456), Reading.Of(0.1)];

    private static readonly MetricProfile Ranked = PageFixture.Legacy with
    {
        Families =
        [
            PageFixture.Legacy.Families[1] with { Rank = MetricRank.Detail },
            PageFixture.Legacy.Families[2] with { Rank = MetricRank.Usual },
            PageFixture.Legacy.Families[0] with { Rank = MetricRank.Essential },
        ],
    };

    private static PageFixture Fixture(int most, int devices)
    {
        var fixture = new PageFixture(most, Ranked);
        fixture.Publish([.. Enumerable.Range(0, devices).Select(index => PageFixture.Device(index))]);
        fixture.Sample([.. Enumerable.Range(0, devices).Select(index => ($"ACME-{index}", Full))]);
        fixture.Render();
        return fixture;
    }

    [Theory]
    [InlineData(1000, "acme_clock_mhz acme_energy acme_temp", "")]
    [InlineData(500, "acme_energy acme_temp", "acme_clock_mhz")]
    [InlineData(420, "acme_energy acme_temp", "acme_clock_mhz")]
    [InlineData(400, "acme_temp", "acme_clock_mhz acme_energy")]
    [InlineData(60, "", "acme_clock_mhz acme_energy acme_temp")]
    public void What_matters_most_is_kept_and_what_is_left_out_is_named(int most, string kept, string dropped)
    {
        using var fixture = Fixture(most, devices: 100);

        var page = fixture.Render();

        Assert.Equal(kept, string.Join(' ', page.Families.Where(name => name.StartsWith("acme_", StringComparison.Ordinal))));
        Assert.Equal(dropped, string.Join(' ', page.Samples.Keys.Where(series => series.StartsWith("aiinfra_agent_series_dropped{", StringComparison.Ordinal))
            .Select(series => PageReader.Labels(series)["family"]).Order()));
        Assert.All(page.Samples.Where(sample => sample.Key.StartsWith("aiinfra_agent_series_dropped{", StringComparison.Ordinal)), sample => Assert.Equal(100, sample.Value));
        if (kept.Length > 0)
            Assert.InRange(page.Samples.Count, 1, most);
        Assert.Equal(page.Samples.Count, page.Samples["aiinfra_agent_series"]);
    }

    [Fact]
    public void A_page_that_just_fits_loses_nothing()
    {
        using var probe = Fixture(100_000, devices: 20);
        var exactly = (int)probe.Render().Samples["aiinfra_agent_series"];

        using var fits = Fixture(exactly, devices: 20);
        using var tooMany = Fixture(exactly - 1, devices: 20);

        Assert.DoesNotContain("aiinfra_agent_series_dropped", fits.Render().Families);
        Assert.Contains("aiinfra_agent_series_dropped{family=\"acme_clock_mhz\"}", tooMany.Render().Samples.Keys);
    }

    [Fact]
    public void Choosing_allocates_nothing()
    {
        using var fixture = Fixture(400, devices: 100);
        var output = new System.Buffers.ArrayBufferWriter<byte>(1 << 20);
        for (var warmUp = 0; warmUp < 5; warmUp++)
            RenderInto();

        var before = GC.GetAllocatedBytesForCurrentThread();
        RenderInto();

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void RenderInto()
        {
            output.ResetWrittenCount();
            fixture.Page.Render(output);
        }
    }
}
