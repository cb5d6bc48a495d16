using System.Buffers;
using System.Text;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sampling;

namespace AIInfra.UnitTests.Metrics;

/// <summary>The same snapshot in each format, and in pieces.</summary>
public sealed class PageStyleTests : IDisposable
{
    private static readonly Reading[] Full = [Reading.Of(41.4), Reading.Of(1_980_000_000), Reading.Of(123.456), Reading.Of(0.1)];
    private readonly PageFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void All_formats_have_the_same_series_with_the_same_values()
    {
        Fill();
        var text = _fixture.Render();

        var (messages, types) = MessageReader.Read(_fixture.RenderBytes(new PageStyle(PageFormat.Protobuf)));
        var metrics = PageReader.ReadOpenMetrics(_fixture.RenderBytes(new PageStyle(PageFormat.OpenMetrics)));

        Assert.Equal(Steady(text.Samples), Steady(messages));
        Assert.Equal(Steady(text.Samples), Steady(metrics.Samples));
        Assert.Equal("gauge", types["acme_temp"]);
        Assert.Equal("counter", types["acme_energy"]);
        Assert.Equal("unknown", metrics.Types["acme_energy"]); // it would be acme_energy_total otherwise
        Assert.Equal("counter", metrics.Types["aiinfra_agent_scrapes"]);
    }

    private static SortedDictionary<string, double> Steady(Dictionary<string, double> samples) => new(
        samples.Where(sample => !sample.Key.StartsWith("aiinfra_agent_scrape", StringComparison.Ordinal) && !sample.Key.StartsWith("process_", StringComparison.Ordinal)).ToDictionary(),
        StringComparer.Ordinal);

    [Fact]
    public void OpenMetrics_has_the_unit_above_a_name_that_ends_with_it_and_an_end()
    {
        Fill();

        var page = Encoding.UTF8.GetString(_fixture.RenderBytes(new PageStyle(PageFormat.OpenMetrics)));

        Assert.Contains("# TYPE acme_utilization_ratio gauge\n# UNIT acme_utilization_ratio ratio\n# HELP acme_utilization_ratio Share of the last second.\\nWith a \\\\ and a line feed.\n", page, StringComparison.Ordinal);
        Assert.Contains("# TYPE process_cpu_seconds counter\n# UNIT process_cpu_seconds seconds\n", page, StringComparison.Ordinal);
        Assert.Contains("\nprocess_cpu_seconds_total ", page, StringComparison.Ordinal);
        Assert.EndsWith("\n# EOF\n", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PageFormat.Text)]
    [InlineData(PageFormat.OpenMetrics)]
    [InlineData(PageFormat.Protobuf)]
    public void In_the_dots_scheme_every_underscore_of_a_name_stands_twice(PageFormat format)
    {
        Fill();

        var page = Encoding.UTF8.GetString(_fixture.RenderBytes(new PageStyle(format, HasDots: true)));

        Assert.Contains("acme__utilization__ratio", page, StringComparison.Ordinal);
        Assert.Contains("driver__version", page, StringComparison.Ordinal);
        Assert.DoesNotMatch("[a-z]_[a-z]+_ratio", page);
    }

    [Theory]
    [InlineData(PageFormat.Text)]
    [InlineData(PageFormat.OpenMetrics)]
    [InlineData(PageFormat.Protobuf)]
    public void A_page_in_pieces_is_of_the_moment_at_which_it_was_begun(PageFormat format)
    {
        _fixture.Publish([.. Enumerable.Range(0, 500).Select(index => PageFixture.Device(index))]);
        _fixture.Sample([.. Enumerable.Range(0, 500).Select(index => ($"ACME-{index}", Full))]);
        var (output, pieces) = (new ArrayBufferWriter<byte>(), 1);
        using (var slow = _fixture.Page.Start(new PageStyle(format)))
        {
            while (slow.WriteMore(output))
            {
                pieces++;
                _fixture.Publish(PageFixture.Device(0)); // everything changes under it
                _fixture.Sample(("ACME-0", [Reading.Of(99), .. Full[1..]]));
                _fixture.Render();
            }
        }

        var samples = format switch
        {
            PageFormat.Protobuf => MessageReader.Read(output.WrittenSpan).Samples,
            PageFormat.OpenMetrics => PageReader.ReadOpenMetrics(output.WrittenSpan.ToArray()).Samples,
            _ => PageReader.Read(output.WrittenSpan.ToArray()).Samples,
        };
        Assert.InRange(pieces, 3, 50);
        Assert.Equal(500, samples.Count(sample => sample.Key.StartsWith("acme_energy{", StringComparison.Ordinal) && sample.Value == 123456));
        Assert.Equal(500, samples.Count(sample => sample.Key.StartsWith("acme_temp{", StringComparison.Ordinal) && sample.Value == 41));
    }

    [Theory]
    [InlineData(PageFormat.OpenMetrics)]
    [InlineData(PageFormat.Protobuf)]
    public void The_other_formats_allocate_nothing_either(PageFormat format)
    {
        Fill();
        var output = new ArrayBufferWriter<byte>(1 << 20);
        for (var warmUp = 0; warmUp < 5; warmUp++)
            RenderInto(output, format);

        var before = GC.GetAllocatedBytesForCurrentThread();
        RenderInto(output, format);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void The_labels_of_a_device_follow_the_work_on_it_and_those_of_the_others_are_kept()
    {
        Fill();
        Assert.Contains("acme_temp{board=\"0\",model=\"Acme One\",Hostname=\"node-1\"}", _fixture.Render().Samples.Keys);

        _fixture.Work.Publish(new Attribution([new("ACME-0", new Workload("team", "train-0", "main \"1\""))]));
        var page = _fixture.Render();

        Assert.Contains("acme_temp{board=\"0\",model=\"Acme One\",Hostname=\"node-1\",container=\"main \\\"1\\\"\",namespace=\"team\",pod=\"train-0\"}", page.Samples.Keys);
        Assert.Contains("acme_temp{board=\"1\",model=\"Acme One\",Hostname=\"node-1\"}", page.Samples.Keys);
        Assert.Equal(2, page.Samples.Keys.Count(series => series.StartsWith("acme_temp{", StringComparison.Ordinal)));

        _fixture.Work.Publish(Attribution.None);
        Assert.Contains("acme_temp{board=\"0\",model=\"Acme One\",Hostname=\"node-1\"}", _fixture.Render().Samples.Keys);
    }

    private void Fill()
    {
        _fixture.Publish(PageFixture.Device(0), PageFixture.Device(1));
        _fixture.Sample(("ACME-0", Full), ("ACME-1", Full));
        _fixture.Render();
    }

    private void RenderInto(ArrayBufferWriter<byte> output, PageFormat format)
    {
        output.ResetWrittenCount();
        _fixture.Page.Render(output, new PageStyle(format));
    }
}
