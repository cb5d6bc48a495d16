using AIInfra.Core.Metrics;

namespace AIInfra.UnitTests.Metrics;

public sealed class PageNegotiationTests
{
    /// <summary>Headers as these programs send them.</summary>
    private const string
        Prometheus2 = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        OldPrometheus2 = "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        Prometheus2Protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4,application/openmetrics-text;version=0.0.1;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
        Prometheus3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        Prometheus3Protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=allow-utf-8;q=0.7,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        Text = "text/plain; version=0.0.4; charset=utf-8", Text1 = "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
        Metrics1 = "application/openmetrics-text; version=1.0.0; charset=utf-8", Metrics0 = "application/openmetrics-text; version=0.0.1; charset=utf-8",
        Protobuf = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

    [Theory] // header, what a page that speaks all formats answers, what one of dcgm-exporter's names answers
    [InlineData(null, Text, Text)]
    [InlineData("", Text, Text)]
    [InlineData("*/*", Text, Text)]
    [InlineData(Prometheus2, Metrics1, Text)]
    [InlineData(OldPrometheus2, Metrics0, Text)]
    [InlineData(Prometheus2Protobuf, Protobuf, Protobuf)]
    [InlineData(Prometheus3, Metrics1 + "; escaping=allow-utf-8", Text)]
    [InlineData(Prometheus3Protobuf, Protobuf + "; escaping=allow-utf-8", Protobuf + "; escaping=allow-utf-8")]
    [InlineData("text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3", Text1, Text)]
    [InlineData("application/openmetrics-text", Metrics0, Text)]
    [InlineData("application/openmetrics-text;version=2.0.0", Text, Text)] // not spoken
    [InlineData("application/json", Text, Text)] // never refused
    [InlineData("text/plain;version=0.0.4;q=0,application/openmetrics-text;version=1.0.0;q=0.1", Metrics1, Text)]
    [InlineData("application/vnd.google.protobuf", Text, Text)] // of what?
    [InlineData("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text", Text, Text)]
    [InlineData("APPLICATION/OpenMetrics-Text; Version=\"1.0.0\"", Metrics1, Text)]
    [InlineData("application/openmetrics-text;version=1.0.0;q=nan,;;,=,;q=", Text, Text)]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", Text, Text)] // a browser
    public void The_best_that_both_speak_is_spoken(string? accept, string all, string textOnly)
    {
        Assert.Equal(all, PageNegotiation.Of(accept, null, speaksOpenMetrics: true).ContentType);
        Assert.Equal(textOnly, PageNegotiation.Of(accept, null, speaksOpenMetrics: false).ContentType);
    }

    [Theory]
    [InlineData("dots", "dots", true)]
    [InlineData("underscores", "underscores", false)]
    [InlineData("values", "values", false)]
    [InlineData("allow-utf-8", "allow-utf-8", false)]
    [InlineData("rot13", "underscores", false)]
    public void The_escaping_scheme_that_is_used_is_named(string asked, string named, bool hasDots)
    {
        var answer = PageNegotiation.Of($"application/openmetrics-text;version=1.0.0;escaping={asked}", null, speaksOpenMetrics: true);

        Assert.Equal($"{Metrics1}; escaping={named}", answer.ContentType);
        Assert.Equal(new PageStyle(PageFormat.OpenMetrics, hasDots), answer.Style);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("gzip", true)]
    [InlineData("deflate, gzip;q=1.0, *;q=0.5", true)]
    [InlineData("gzip;q=0", false)]
    [InlineData("zstd", false)]
    [InlineData("GZIP", true)]
    public void Gzip_is_used_where_it_is_taken(string? acceptEncoding, bool isGzip) =>
        Assert.Equal(isGzip, PageNegotiation.Of(null, acceptEncoding, speaksOpenMetrics: true).IsGzip);

    [Fact]
    public void A_header_without_end_is_read_up_to_a_bound()
    {
        var started = GC.GetAllocatedBytesForCurrentThread();

        var answer = PageNegotiation.Of(Prometheus3 + new string(',', 10_000) + string.Concat(Enumerable.Repeat("a/b;q=0.9,", 50_000)), null, speaksOpenMetrics: true);

        Assert.Equal($"{Metrics1}; escaping=allow-utf-8", answer.ContentType);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - started, 0, 8_000_000);
    }
}
