using System.Diagnostics;
using System.Globalization;
using AIInfra.Testing;

namespace AIInfra.Bench;

/// <summary>The published agent as a whole on a simulated DGX H100: start, registration, a fault's way to the kubelet, scrapes, memory and processor time.</summary>
internal static class AgentCost
{
    private const int Faults = 20, Scrapes = 2000;

    private static int WatchSeconds => BenchRun.WatchedSeconds;

    public static async Task RunAsync(TextWriter output)
    {
        await using var agent = new AgentUnderTest();
        await agent.PrepareAsync();
        await agent.StartKubeletAsync();

        output.Note("agent: the published file, simulated DGX H100, stand-in kubelet (grpc-js); baseline of a start: `aiinfra-agent version`");
        var idle = await TimeVersionAsync(agent.Program);
        output.Row("agent: start to registered, cold state, ms", await StartAsync(agent), idle, "1000");
        await RestartAgentAsync(agent);
        output.Row("agent: start to registered, stored inventory, ms", await StartAsync(agent), idle, "1000");
        await RestartAgentAsync(agent);
        await agent.SlowDriverAsync("5s");
        output.Row("agent: start to registered, stored inventory, driver takes 5 s, ms", await StartAsync(agent), idle, "1000");
        output.Row("agent: kubelet restart to registered, ms", await KubeletRestartAsync(agent), null, "1000");
        await FaultsAsync(agent, output);
        await ScrapesAsync(agent, output);
        await WatchAsync(agent, output);
    }

    private static async Task<double> TimeVersionAsync(string program)
    {
        var times = new List<double>();
        for (var run = 0; run < 5; run++)
        {
            var started = Stopwatch.GetTimestamp();
            await using var version = PeerProcess.Start(program, ["version"]);
            await version.WaitForExitAsync();
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        return times.At(0.5);
    }

    private static async Task<double> StartAsync(AgentUnderTest agent)
    {
        var started = Stopwatch.GetTimestamp();
        agent.StartDaemon();
        await agent.Kubelet!.WaitForLineAsync("{\"event\":\"list\"");
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static async Task RestartAgentAsync(AgentUnderTest agent)
    {
        await using (var stop = PeerProcess.Start("/bin/kill", ["-15", agent.Daemon!.Id.ToString(CultureInfo.InvariantCulture)]))
            await stop.WaitForExitAsync();
        await agent.Daemon.WaitForExitAsync();
        await agent.Kubelet!.WaitForLineAsync("{\"event\":\"ended\"");
    }

    private static async Task<double> KubeletRestartAsync(AgentUnderTest agent)
    {
        await agent.Kubelet!.SendLineAsync("{\"restart\":true}");
        await agent.Kubelet.WaitForLineAsync("{\"event\":\"listening\"");
        var started = Stopwatch.GetTimestamp();
        await agent.Kubelet.WaitForLineAsync("{\"event\":\"registered\"");
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    /// <summary>From before the injecting program starts to the list's arrival in the kubelet: an upper bound.</summary>
    private static async Task FaultsAsync(AgentUnderTest agent, TextWriter output)
    {
        using var http = new HttpClient();
        while (!(await http.GetStringAsync(agent.MetricsUrl)).Contains("DCGM_FI_DEV_GPU_TEMP{", StringComparison.Ordinal))
            await Task.Delay(100); // the driver is slow to start
        var (times, injections) = (new List<double>(), new List<double>());
        for (var fault = 0; fault < Faults; fault++)
        {
            await Task.Delay(200); // past the window in which a further change waits for its turn
            var started = Stopwatch.GetTimestamp();
            await agent.InjectAsync($"gpu {fault % 8} xid 95");
            injections.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            while (!(await agent.Kubelet!.WaitForLineAsync("{\"event\":\"list\"")).Contains("Unhealthy", StringComparison.Ordinal)) { }
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            await agent.InjectAsync($"gpu {fault % 8} reset");
            while ((await agent.Kubelet.WaitForLineAsync("{\"event\":\"list\"")).Contains("Unhealthy", StringComparison.Ordinal)) { }
        }
        output.Note("agent: fault to Unhealthy includes starting the program that injects it, whose time is the baseline");
        output.Row("agent: fault to Unhealthy in the kubelet, p50, ms", times.At(0.5), injections.At(0.5));
        output.Row("agent: fault to Unhealthy in the kubelet, p99, ms", times.At(0.99), injections.At(0.99), "50");
    }

    private static async Task ScrapesAsync(AgentUnderTest agent, TextWriter output)
    {
        const string other = "http://127.0.0.1:19101/metrics";
        await using var exporter = PeerProcess.Start("prometheus-node-exporter", ["--web.listen-address=127.0.0.1:19101"]);
        var ours = await ScrapeAsync(agent.MetricsUrl, ProcessTree.Of(agent.Daemon!.Id));
        var theirs = await ScrapeAsync(other, [exporter.Id]);
        output.Note($"agent: scrapes over HTTP, {Scrapes} each; baseline: prometheus-node-exporter in the same run ({theirs.Bytes / 1024} KiB a page, ours {ours.Bytes / 1024} KiB)");
        output.Row("agent: scrape, p50, ms", ours.Milliseconds.At(0.5), theirs.Milliseconds.At(0.5));
        output.Row("agent: scrape, p99, ms", ours.Milliseconds.At(0.99), theirs.Milliseconds.At(0.99), "2");
        output.Row("agent: server's processor time, us per KiB served", ours.MicrosecondsPerKib, theirs.MicrosecondsPerKib, "1/3 of the baseline");
    }

    private static async Task<(List<double> Milliseconds, int Bytes, double MicrosecondsPerKib)> ScrapeAsync(string url, IReadOnlyList<int> processes)
    {
        using var http = new HttpClient();
        while (true)
        {
            try
            {
                await http.GetByteArrayAsync(url);
                break;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(100); // not up yet
            }
        }
        var (times, bytes, before) = (new List<double>(), 0L, ProcessTree.ProcessorSeconds(processes));
        for (var scrape = 0; scrape < Scrapes; scrape++)
        {
            var started = Stopwatch.GetTimestamp();
            bytes += (await http.GetByteArrayAsync(url)).Length;
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        var seconds = ProcessTree.ProcessorSeconds(processes) - before;
        return (times, (int)(bytes / Scrapes), seconds * 1e6 / (bytes / 1024.0));
    }

    private static async Task WatchAsync(AgentUnderTest agent, TextWriter output)
    {
        await using var idle = PeerProcess.Start(Environment.ProcessPath!, ["idle"]); // an empty process of the same runtime
        using var http = new HttpClient();
        var members = ProcessTree.Of(agent.Daemon!.Id);
        var before = ProcessTree.ProcessorSeconds(members);
        var started = Stopwatch.GetTimestamp();
        for (var elapsed = 0; elapsed < WatchSeconds; elapsed += 15)
        {
            await Task.Delay(TimeSpan.FromSeconds(Math.Min(15, WatchSeconds - elapsed)));
            await http.GetByteArrayAsync(agent.MetricsUrl);
        }
        var share = (ProcessTree.ProcessorSeconds(members) - before) / Stopwatch.GetElapsedTime(started).TotalSeconds * 100;
        output.Note($"agent: {members.Count} processes over {WatchSeconds} s, sampling every 10 s, one scraper every 15 s; baseline: an idle process of the same runtime");
        foreach (var (line, budget) in new[] { ("Pss", "64"), ("Private_Dirty", "26"), ("Private_Clean", null), ("Rss", null) })
            output.Row($"agent: {line} of daemon and child, MB", ProcessTree.Megabytes(members, line), ProcessTree.Megabytes([idle.Id], line), budget);
        output.Row("agent: processor time, % of one core", share, null, "0.5");
    }
}
