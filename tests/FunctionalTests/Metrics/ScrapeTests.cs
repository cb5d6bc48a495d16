using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Metrics;

/// <summary>The page over the daemon's own HTTP server: formats, slow and impatient readers.</summary>
public sealed class ScrapeTests
{
    private const string OpenMetrics = "application/openmetrics-text;version=1.0.0", Protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("dcgm", OpenMetrics, "text/plain; version=0.0.4; charset=utf-8")]
    [InlineData("dcgm", "application/json", "text/plain; version=0.0.4; charset=utf-8")]
    [InlineData("neutral", OpenMetrics, "application/openmetrics-text; version=1.0.0; charset=utf-8")]
    [InlineData("neutral", Protobuf, "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited")]
    public async Task The_answer_says_what_it_is_to_GET_and_HEAD_alike(string profile, string accept, string contentType)
    {
        await using var host = await ScrapeHost.StartAsync([profile], devices: 2);
        using var http = Client(host, accept);

        using var page = await http.GetAsync("/metrics", Cancelled);
        using var head = await http.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/metrics"), Cancelled);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (page.StatusCode, head.StatusCode));
        Assert.Equal((contentType, contentType), (page.Content.Headers.NonValidated["Content-Type"].ToString(), head.Content.Headers.NonValidated["Content-Type"].ToString()));
        Assert.NotEmpty(await page.Content.ReadAsByteArrayAsync(Cancelled));
        Assert.Empty(await head.Content.ReadAsByteArrayAsync(Cancelled));
    }

    [Fact]
    public async Task A_compressed_page_is_the_same_page()
    {
        await using var host = await ScrapeHost.StartAsync(["dcgm", "neutral"], devices: 64);
        using var http = Client(host, "text/plain");
        var plain = await http.GetStringAsync("/metrics", Cancelled);
        http.DefaultRequestHeaders.AcceptEncoding.ParseAdd("gzip");

        using var answer = await http.GetAsync("/metrics", Cancelled);
        var packed = await answer.Content.ReadAsByteArrayAsync(Cancelled);

        Assert.Equal("gzip", Assert.Single(answer.Content.Headers.ContentEncoding));
        Assert.True(packed.Length * 8 < plain.Length, $"{packed.Length} of {plain.Length}");
        using var reader = new StreamReader(new GZipStream(new MemoryStream(packed), CompressionMode.Decompress));
        Assert.Equal(Steady(plain), Steady(await reader.ReadToEndAsync(Cancelled)));
    }

    [Fact]
    public async Task Ten_scrapers_at_once_each_get_a_whole_page()
    {
        await using var host = await ScrapeHost.StartAsync(["neutral"], devices: 64);
        using var http = Client(host, OpenMetrics);

        var pages = await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ =>
        {
            var last = "";
            for (var scrape = 0; scrape < 20; scrape++)
                last = await http.GetStringAsync("/metrics", Cancelled);
            return last;
        }));

        Assert.All(pages, page => Assert.EndsWith("# EOF\n", page, StringComparison.Ordinal));
        Assert.All(pages, page => Assert.Equal(Steady(pages[0]), Steady(page)));
    }

    [Fact]
    public async Task A_header_of_64_KB_is_answered_like_any_other()
    {
        await using var host = await ScrapeHost.StartAsync(["dcgm"], devices: 1);

        var answer = await RawAsync(host, $"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAccept: {string.Concat(Enumerable.Repeat("a/b;q=0.1,", 6554))}*/*\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n0\r\n\r\n", answer, StringComparison.Ordinal); // the last chunk: the page is complete
    }

    /// <summary>With small socket buffers, so that what is not read waits in the server.</summary>
    [Fact]
    public async Task Readers_of_one_byte_a_second_hold_no_page_each_and_are_cut_off_while_others_are_served()
    {
        var time = new ManualTime();
        await using var host = await ScrapeHost.StartAsync(["dcgm", "dcgm-4.9", "native", "neutral"], devices: 448, time: time);
        using var http = Client(host, "text/plain");
        var bytes = (await http.GetByteArrayAsync("/metrics", Cancelled)).Length;
        Assert.True(bytes > 10 << 20, $"{bytes}"); // far more than what the kernel keeps for a slow reader
        var slow = new List<Socket>();
        try
        {
            var before = Memory();
            for (var reader = 0; reader < 30; reader++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
                slow.Add(socket);
                await socket.ConnectAsync(IPAddress.Loopback, host.Port, Cancelled);
                await socket.SendAsync("GET /metrics HTTP/1.1\r\nHost: a\r\nX-Prometheus-Scrape-Timeout-Seconds: 4\r\n\r\n"u8.ToArray(), Cancelled);
                await socket.ReceiveAsync(new byte[1], Cancelled);
            }

            await Task.Delay(500, Cancelled); // until each has what it can have
            Assert.True(Memory() - before < 8 << 20, $"{(Memory() - before) >> 10} KiB more for 30 pages of {bytes >> 20} MiB");
            var watch = Stopwatch.StartNew();
            Assert.Equal(bytes, (await http.GetByteArrayAsync("/metrics", Cancelled)).Length, 10_000.0);
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(3), $"{watch.Elapsed}");

            time.Advance(TimeSpan.FromSeconds(3.5)); // half a second before the deadline that they named
            foreach (var socket in slow)
                Assert.False(await IsPageCompleteAsync(socket)); // cut off before its end, within the deadline
        }
        finally
        {
            slow.ForEach(socket => socket.Dispose());
        }

        static long Memory() => GC.GetTotalMemory(forceFullCollection: true);
    }

    [Fact]
    public async Task Cancelled_scrapes_leave_nothing_behind()
    {
        await using var host = await ScrapeHost.StartAsync(["neutral"], devices: 448);
        using var http = Client(host, OpenMetrics);
        var whole = await http.GetStringAsync("/metrics", Cancelled);

        for (var scrape = 0; scrape < 30; scrape++)
        {
            using var impatient = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
            using var answer = await http.GetAsync("/metrics", HttpCompletionOption.ResponseHeadersRead, impatient.Token);
            await impatient.CancelAsync(); // some of the page is on its way
        }

        Assert.Equal(Steady(whole), Steady(await http.GetStringAsync("/metrics", Cancelled)));
    }

    private static HttpClient Client(ScrapeHost host, string accept)
    {
        var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{host.Port}") };
        http.DefaultRequestHeaders.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(accept));
        return http;
    }

    /// <summary>The lines that two renderings of one snapshot have in common.</summary>
    private static string[] Steady(string page) =>
        [.. page.Split('\n').Where(line => !line.Contains("aiinfra_agent_scrape", StringComparison.Ordinal) && !line.StartsWith("aiinfra_agent_series", StringComparison.Ordinal) && !line.StartsWith("process_", StringComparison.Ordinal)
            && !line.StartsWith("aiinfra_agent_device_sample_age", StringComparison.Ordinal))];

    private static async Task<string> RawAsync(ScrapeHost host, string request)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, host.Port, Cancelled);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), Cancelled);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync(Cancelled);
    }

    /// <summary>Reads the rest at full speed: what the kernel holds, and no more once the server has ended it.</summary>
    private static async Task<bool> IsPageCompleteAsync(Socket socket)
    {
        var (buffer, end) = (new byte[1 << 16], "");
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(), Cancelled) is > 0 and var count)
                end = Encoding.ASCII.GetString(buffer, 0, count);
        }
        catch (SocketException)
        {
            return false; // reset
        }
        return end.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal);
    }
}
