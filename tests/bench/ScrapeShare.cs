using System.Diagnostics;
using AIInfra.Testing;

namespace AIInfra.Bench;

/// <summary>What a served kilobyte costs the server, beside prometheus-node-exporter in the same minute: the scrapes of both take turns. Our sampling
/// every second runs on and is counted.</summary>
internal static class ScrapeShare
{
    private const int Scrapes = 2000;
    private const string Other = "http://127.0.0.1:19101/metrics";
    /// <summary>One pair of scrapes each: 2,000 spread over a minute.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(30);

    public static async Task RunAsync(TextWriter output)
    {
        await using var agent = new AgentUnderTest();
        await agent.PrepareAsync();
        await agent.StartKubeletAsync();
        agent.StartDaemon(("AIINFRA_METRICS__PROFILE", "dcgm,neutral"), ("AIINFRA_VENDORS__NVIDIA__SAMPLEINTERVAL", "1s"));
        await using var exporter = PeerProcess.Start("prometheus-node-exporter", ["--web.listen-address=127.0.0.1:19101"]);
        using var http = new HttpClient();
        while (!(await TryAsync(http, agent.MetricsUrl)).Contains("hw_gpu_sm_active_ratio{", StringComparison.Ordinal) || await TryAsync(http, Other) == "")
            await Task.Delay(200); // neither announces that it is up

        var (ours, theirs) = (new Side(agent.MetricsUrl, ProcessTree.Of(agent.Daemon!.Id)), new Side(Other, [exporter.Id]));
        for (var scrape = 0; scrape < 50; scrape++)
            _ = (await http.GetByteArrayAsync(agent.MetricsUrl), await http.GetByteArrayAsync(Other)); // what is made ready once
        ours.Start();
        theirs.Start();
        var started = Stopwatch.GetTimestamp();
        using var beat = new PeriodicTimer(Beat);
        for (var scrape = 0; scrape < Scrapes; scrape++)
        {
            await beat.WaitForNextTickAsync();
            await ours.ScrapeAsync(http);
            await theirs.ScrapeAsync(http);
        }
        var (our, their) = (ours.MicrosecondsPerKib(), theirs.MicrosecondsPerKib());

        output.Note($"scrape: {Scrapes} of each in turn over {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s, identity encoding; ours dcgm and neutral of 8 GPUs, {ours.Kib:0} KiB, sampled every second; baseline: prometheus-node-exporter, {theirs.Kib:0} KiB");
        output.Row("scrape: server's processor time, us per KiB served", our, their, "1/3 of the baseline");
        output.Row("scrape: server's processor time, ms per scrape", our * ours.Kib / 1000, their * theirs.Kib / 1000);
        output.Row("scrape: p50, ms", ours.Milliseconds.At(0.5), theirs.Milliseconds.At(0.5));
        output.Row("scrape: p99, ms", ours.Milliseconds.At(0.99), theirs.Milliseconds.At(0.99), "2");
    }

    private static async Task<string> TryAsync(HttpClient http, string url)
    {
        try
        {
            return await http.GetStringAsync(url);
        }
        catch (HttpRequestException)
        {
            return "";
        }
    }

    private sealed class Side(string url, IReadOnlyList<int> processes)
    {
        private double _before;
        private long _bytes;

        public List<double> Milliseconds { get; } = [];
        public double Kib => _bytes / 1024.0 / Milliseconds.Count;

        public void Start() => _before = ProcessTree.ProcessorSeconds(processes);

        public async Task ScrapeAsync(HttpClient http)
        {
            var started = Stopwatch.GetTimestamp();
            _bytes += (await http.GetByteArrayAsync(url)).Length;
            Milliseconds.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        public double MicrosecondsPerKib() => (ProcessTree.ProcessorSeconds(processes) - _before) * 1e6 / (_bytes / 1024.0);
    }
}
