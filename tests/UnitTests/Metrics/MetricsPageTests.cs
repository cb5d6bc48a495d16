using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;
using AIInfra.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace AIInfra.UnitTests.Metrics;

public sealed partial class MetricsPageTests : IDisposable
{
    private static readonly Reading[] Full = [Reading.Of(41.4), Reading.Of(1_980_000_000), Reading.Of(123.456), Reading.Of(0.1)];
    private readonly PageFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    private static ProblemReport Problem(string id, Subject subject, Severity severity = Severity.Fatal) => new()
    {
        Id = id,
        Subject = subject,
        Severity = severity,
        Cause = Cause.Hardware,
        Action = SuggestedAction.ResetDevice,
        Clearing = Clearing.ByHand,
        Message = "",
        Evidence = "",
        At = new DateTimeOffset(2026, 1, 1, 0, 0, 0, 250, TimeSpan.Zero),
    };

    [Fact]
    public void The_page_is_as_recorded()
    {
        _fixture.Publish(PageFixture.Device(0), PageFixture.Device(1, "Acme \"Two\" \\ 2\n"));
        _fixture.Sample(("ACME-0", Full), ("ACME-1", [Reading.Of(38), Reading.Unknown, Reading.Absent, Reading.Of(1)]));
        _fixture.Health.Report(Problem("acme.lost", Subject.Device("ACME-1")));
        _fixture.Health.Report(Problem("kernel.oom", Subject.Node, Severity.Info));
        _fixture.Workers.Ready("kubelet acme.com/npu");
        _fixture.Workers.NotReady("state", "The disk is full.");
        _fixture.Time.Advance(TimeSpan.FromSeconds(1.5));
        _fixture.Render();

        var page = ProcessNumber().Replace(Encoding.UTF8.GetString(_fixture.RenderBytes()), "$1 N");

        var recorded = RepositoryRoot.Combine("tests", "UnitTests", "Metrics", "testdata", "page.golden");
        if (Environment.GetEnvironmentVariable("AIINFRA_UPDATE_DOCS") == "1")
            File.WriteAllText(recorded, page);
        Assert.Equal(File.ReadAllText(recorded), page);
    }

    [GeneratedRegex("^(process_[a-z_]+) .*$", RegexOptions.Multiline)]
    private static partial Regex ProcessNumber();

    [Fact]
    public void An_empty_node_has_a_page_with_the_agent_on_it_and_no_family_without_a_sample()
    {
        var page = _fixture.Render();

        Assert.Equal(1, page.Samples["aiinfra_agent_build_info{version=\"1.2.3\"}"]);
        Assert.DoesNotContain("acme_temp", page.Families);
        Assert.DoesNotContain("aiinfra_agent_device_healthy", page.Families);
        Assert.True(page.Samples["process_resident_memory_bytes"] > 1e6);
        Assert.True(page.Samples["process_start_time_seconds"] > 1.7e9);
    }

    [Fact]
    public void A_family_shows_exactly_the_devices_whose_reading_is_present()
    {
        _fixture.Publish(PageFixture.Device(0), PageFixture.Device(1), PageFixture.Device(2));
        _fixture.Sample(("ACME-0", Full), ("ACME-2", [Reading.Unknown, Reading.Absent, Reading.Of(2), Reading.Of(double.NaN)]));

        var page = _fixture.Render();

        Assert.Equal(["0"], Boards(page, "acme_temp"));
        Assert.Equal(["0", "2"], Boards(page, "acme_energy"));
        Assert.Single(page.Samples.Keys, series => series.StartsWith("acme_utilization_ratio{", StringComparison.Ordinal));
    }

    [Fact]
    public void Numbers_are_scaled_without_a_tail_and_rounded_where_the_name_counts_whole_ones()
    {
        _fixture.Publish(PageFixture.Device(0));
        _fixture.Sample(("ACME-0", [Reading.Of(41.5), Reading.Of(1_234_567_891), Reading.Of(9e15), Reading.Of(0.1)]));

        var page = Encoding.UTF8.GetString(_fixture.RenderBytes());

        Assert.Contains("acme_temp{board=\"0\",model=\"Acme One\",Hostname=\"node-1\"} 42\n", page, StringComparison.Ordinal);
        Assert.Contains("acme_clock_mhz{board=\"0\",model=\"Acme One\",Hostname=\"node-1\"} 1234.567891\n", page, StringComparison.Ordinal);
        Assert.Contains("acme_energy{board=\"0\",model=\"Acme One\",Hostname=\"node-1\"} 9000000000000000000\n", page, StringComparison.Ordinal);
        Assert.Contains("acme_utilization_ratio{uuid=\"ACME-0\"} 0.1\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_two_profiles_share_stands_once_with_the_labels_of_the_first()
    {
        _fixture.Publish(PageFixture.Device(0));
        _fixture.Sample(("ACME-0", Full));

        var page = _fixture.Render();

        Assert.Single(page.Families, name => name == "acme_temp");
        Assert.Single(page.Samples.Keys, series => series.StartsWith("acme_temp{", StringComparison.Ordinal));
        Assert.Contains("acme_temp{board=\"0\",model=\"Acme One\",Hostname=\"node-1\"}", page.Samples.Keys);
    }

    [Fact]
    public void A_stale_sample_is_left_out_while_its_age_goes_on_growing()
    {
        _fixture.Publish(PageFixture.Device(0));
        _fixture.Sample(("ACME-0", Full));
        _fixture.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Contains("acme_temp", _fixture.Render().Families);

        _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.DoesNotContain("acme_temp", _fixture.Render().Families);

        _fixture.Sample(); // the next round: the device did not answer
        _fixture.Publish(PageFixture.Device(0), PageFixture.Device(1)); // and the inventory changed
        _fixture.Time.Advance(TimeSpan.FromSeconds(9));
        var page = _fixture.Render();
        Assert.Equal(40, page.Samples["aiinfra_agent_device_sample_age_seconds{vendor=\"acme\",device=\"ACME-0\"}"]);
        Assert.DoesNotContain("aiinfra_agent_device_sample_age_seconds{vendor=\"acme\",device=\"ACME-1\"}", page.Samples.Keys);
    }

    [Fact]
    public void A_new_description_of_the_devices_never_empties_the_page()
    {
        _fixture.Publish(PageFixture.Device(0), PageFixture.Device(1));
        _fixture.Sample(("ACME-0", Full), ("ACME-1", Full));
        Assert.Equal(["0", "1"], Boards(_fixture.Render(), "acme_temp"));

        _fixture.Publish(VendorState.Starting, PageFixture.Device(0), PageFixture.Device(1)); // the driver is opened anew
        Assert.Equal(["0", "1"], Boards(_fixture.Render(), "acme_temp"));
        _fixture.Publish(PageFixture.Device(1, model: "Acme Two"), PageFixture.Device(2));

        var page = _fixture.Render();
        Assert.Equal(["1"], Boards(page, "acme_temp"));
        Assert.Contains("acme_temp{board=\"1\",model=\"Acme Two\",Hostname=\"node-1\"}", page.Samples.Keys);
    }

    [Theory]
    [InlineData(VendorState.Ready, true)]
    [InlineData(VendorState.Starting, true)]
    [InlineData(VendorState.Unavailable, false)]
    [InlineData(VendorState.Absent, false)]
    public void The_readings_of_a_vendor_that_does_not_answer_are_dropped_at_once(VendorState state, bool shows)
    {
        _fixture.Publish(state, PageFixture.Device(0));
        _fixture.Sample(("ACME-0", Full));

        Assert.Equal(shows, _fixture.Render().Families.Contains("acme_temp"));
    }

    [Fact]
    public void Health_follows_the_board_and_a_fault_of_a_board_is_a_fault_of_its_partitions()
    {
        _fixture.Publish(PageFixture.Device(0), PageFixture.Device(1), PageFixture.Device(2) with { ParentId = "ACME-1" });
        Assert.Equal([1, 1, 1], Healthy());

        _fixture.Health.Report(Problem("acme.lost", Subject.Device("ACME-1")));
        Assert.Equal([1, 0, 0], Healthy());

        _fixture.Health.Clear("acme.lost", Subject.Device("ACME-1"));
        Assert.Equal([1, 1, 1], Healthy());

        IEnumerable<double> Healthy() => _fixture.Render().Samples
            .Where(sample => sample.Key.StartsWith("aiinfra_agent_device_healthy{", StringComparison.Ordinal)).Select(sample => sample.Value);
    }

    [Fact]
    public void Of_many_problems_the_200_most_severe_have_a_series_and_the_others_are_counted()
    {
        for (var mount = 0; mount < 300; mount++)
            _fixture.Health.Report(Problem("mount.nfs", new Subject(SubjectKind.Mount, $"/data/{mount}"), Severity.Degraded));
        _fixture.Health.Report(Problem("acme.lost", Subject.Device("ACME-1")));

        var page = _fixture.Render();

        Assert.Equal(200, page.Samples.Keys.Count(series => series.StartsWith("aiinfra_agent_problem_info{", StringComparison.Ordinal)));
        Assert.Contains(page.Samples.Keys, series => series.Contains("acme.lost", StringComparison.Ordinal));
        Assert.Equal(101, page.Samples["aiinfra_agent_problem_series_omitted"]);
        Assert.Equal(300, page.Samples["aiinfra_agent_problems{severity=\"degraded\"}"]);
    }

    [Fact]
    public void Two_renderings_without_a_change_differ_only_in_what_counts_the_scrapes()
    {
        _fixture.Publish(PageFixture.Device(0), PageFixture.Device(1));
        _fixture.Sample(("ACME-0", Full), ("ACME-1", Full));
        _fixture.Render();

        var first = Lines();
        var second = Lines();

        Assert.All(first.Except(second), line => Assert.Matches("^(aiinfra_agent_scrape|process_)", line));
        Assert.Equal(first.Length, second.Length);

        string[] Lines() => Encoding.UTF8.GetString(_fixture.RenderBytes()).Split('\n');
    }

    [Fact]
    public void A_scrape_allocates_nothing()
    {
        _fixture.Publish([.. Enumerable.Range(0, 8).Select(index => PageFixture.Device(index))]);
        _fixture.Sample([.. Enumerable.Range(0, 8).Select(index => ($"ACME-{index}", Full))]);
        _fixture.Health.Report(Problem("acme.lost", Subject.Device("ACME-1")));
        _fixture.Workers.NotReady("state", "The disk is full.");
        var output = new ArrayBufferWriter<byte>(1 << 20);
        for (var warmUp = 0; warmUp < 5; warmUp++)
            RenderInto(output);

        var before = GC.GetAllocatedBytesForCurrentThread();
        RenderInto(output);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(output.WrittenCount > 4000);
        Assert.Equal(0, allocated);
    }

    [Fact]
    public void A_new_sample_costs_a_scrape_nothing_either()
    {
        _fixture.Publish(PageFixture.Device(0));
        _fixture.Sample(("ACME-0", Full));
        var output = new ArrayBufferWriter<byte>(1 << 20);
        RenderInto(output);
        _fixture.Sample(("ACME-0", [Reading.Of(99), .. Full[1..]]));

        var before = GC.GetAllocatedBytesForCurrentThread();
        RenderInto(output);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Contains("acme_temp{board=\"0\",model=\"Acme One\",Hostname=\"node-1\"} 99\n", Encoding.UTF8.GetString(output.WrittenSpan), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Kind", "Fuzz")]
    public void Hostile_device_names_never_spoil_the_page() =>
        Prop.ForAll(Hostile.Text.ListOf(4).ToArbitrary(), names =>
        {
            using var fixture = new PageFixture();
            fixture.Publish([.. names.Select((name, index) => PageFixture.Device(index, model: name, id: name))]);
            fixture.Sample([.. names.Select(name => (name, Full))]);
            foreach (var name in names)
                fixture.Health.Report(Problem(name, new Subject(SubjectKind.Mount, name)));

            var page = fixture.Render();

            return names.Select(Hostile.Printable).ToHashSet().SetEquals(page.Samples.Keys
                .Where(series => series.StartsWith("aiinfra_agent_device_healthy{", StringComparison.Ordinal))
                .Select(series => PageReader.Labels(series)["device"]));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    private void RenderInto(ArrayBufferWriter<byte> output)
    {
        output.ResetWrittenCount();
        _fixture.Page.Render(output);
    }

    private static IEnumerable<string> Boards(PageReader page, string family) =>
        page.Samples.Keys.Where(series => series.StartsWith(family + "{", StringComparison.Ordinal)).Select(series => PageReader.Labels(series)["board"]);
}
