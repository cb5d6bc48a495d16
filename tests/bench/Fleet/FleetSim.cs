using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;
using AIInfra.Testing;

namespace AIInfra.Bench.Fleet;

/// <summary><c>make fleet-sim N=…</c>: a real aggregator and N simulated agents, each over a connection of its own with mutual TLS; churn, faults, cuts and a crash of the aggregator.</summary>
internal static class FleetSim
{
    private static readonly TimeSpan Churn = TimeSpan.FromSeconds(30);

    /// <param name="store">A connection string, or <c>postgres</c> for a server of its own; null: SQLite.</param>
    public static async Task RunAsync(TextWriter output, int count, string? store)
    {
        await using var server = store == "postgres" ? await PostgresServer.StartAsync() : null;
        await RunWithAsync(output, count, server?.ConnectionString("postgres") ?? store);
    }

    private static async Task RunWithAsync(TextWriter output, int count, string? connection)
    {
        output.Note($"fleet-sim: {count} nodes of 8 GPUs, one mutual-TLS stream each, on this machine; store: {(connection is null ? "SQLite" : "PostgreSQL")}");
        await using var aggregator = new AggregatorUnderTest(connection);
        await aggregator.StartAsync();
        await Task.Delay(TimeSpan.FromSeconds(3));
        var (pss0, dirty0) = (aggregator.Megabytes("Pss"), aggregator.Megabytes("Private_Dirty"));
        output.Row("aggregator without nodes, PSS MB", pss0);

        var authority = aggregator.Authority;
        var agents = Enumerable.Range(0, count).Select(number => new SimulatedAgent(number, authority, authority.Trusted[0])).ToList();
        using var ended = new CancellationTokenSource();
        var started = Stopwatch.GetTimestamp();
        List<Task> running = [.. agents.Select(agent => Task.Run(() => agent.RunAsync(ended.Token)))];
        await UntilAsync(async () => await NodesAsync() >= count, TimeSpan.FromMinutes(5), () => aggregator.Transcript);
        output.Row("all connected and known, s", Stopwatch.GetElapsedTime(started).TotalSeconds);
        output.Row("  of it CPU of the aggregator, ms a node", aggregator.ProcessorSeconds() * 1000 / count);
        await UntilAsync(async () => await AggregatorUnderTest.MetricAsync("aiinfra_aggregator_store_pending") == 0, TimeSpan.FromMinutes(5), () => aggregator.Transcript);
        output.Row("all stored, s", Stopwatch.GetElapsedTime(started).TotalSeconds);
        await Task.Delay(TimeSpan.FromSeconds(5));
        var connected = aggregator.Megabytes("Pss");
        WriteCost(output, count, (connected - pss0) * 1000 / count);
        var cpu = aggregator.ProcessorSeconds();
        await Task.Delay(TimeSpan.FromSeconds(20));
        output.Row("idle, % of one core", (aggregator.ProcessorSeconds() - cpu) / 20 * 100);

        await ChurnAsync(output, aggregator, agents);
        var churned = aggregator.Megabytes("Pss");
        output.Row("with all streams after the churn, PSS MB", churned, pss0, count == 10_000 ? "<= 1200" : null);

        List<SimulatedAgent> domain = [.. agents.Take(SimulatedAgent.DomainSize)];
        await FaultRun.RunAsync(output, domain, 100);

        foreach (var agent in agents.Take(count / 5))
            agent.Cut();
        started = Stopwatch.GetTimestamp();
        await UntilAsync(() => Task.FromResult(agents.All(agent => agent.IsConnected)), TimeSpan.FromMinutes(3), () => aggregator.Transcript);
        output.Row("a fifth cut off: all back, s", Stopwatch.GetElapsedTime(started).TotalSeconds);

        await aggregator.KillAsync();
        aggregator.SetBudget(5);
        started = Stopwatch.GetTimestamp();
        await aggregator.StartAsync();
        await UntilAsync(async () => agents.All(agent => agent.IsConnected) && await AggregatorUnderTest.MetricAsync("aiinfra_aggregator_streams") >= count, TimeSpan.FromMinutes(5), () => aggregator.Transcript);
        output.Row("killed and started anew: all back, s", Stopwatch.GetElapsedTime(started).TotalSeconds, null, "<= 60");
        output.Row("  of them with a snapshot", await AggregatorUnderTest.MetricAsync("aiinfra_aggregator_messages_total{kind=\"snapshot\"}"));

        await FaultRun.RunAsync(output, domain, 5);

        await ended.CancelAsync();
        await Task.WhenAll(running);
        await aggregator.KillAsync();
        await aggregator.StartAsync();
        await UntilAsync(async () => await NodesAsync() >= count, TimeSpan.FromMinutes(2), () => aggregator.Transcript);
        await Task.Delay(TimeSpan.FromSeconds(5));
        var stateOnly = aggregator.Megabytes("Pss");
        output.Row("state of a node, KB (its record, as reported)", RecordKilobytes(agents, (pool, record) => record), null, "<= 25");
        output.Row("state of a node, KB (its record, read from the store)", RecordKilobytes(agents, (pool, record) => pool.Share(NodeRows.Read(NodeRows.Write(record), true, default)!)), null, "<= 25");
        output.Row("state of a node, KB (PSS of a started aggregator, no streams)", (stateOnly - pss0) * 1000 / count, null, "<= 25");
        output.Row("connection of a node, KB (PSS, all streams, before the churn)", (connected - stateOnly) * 1000 / count);
        output.Row("private dirty without nodes, MB", dirty0);
    }

    /// <summary>Beside that of the last run with 1,000 nodes, which this machine keeps in out/.</summary>
    private static void WriteCost(TextWriter output, int count, double kilobytes)
    {
        var kept = RepositoryRoot.Combine("out", "fleet-sim-1000");
        double? at1000 = File.Exists(kept) ? double.Parse(File.ReadAllText(kept), CultureInfo.InvariantCulture) : null;
        if (count == 1000)
            File.WriteAllText(kept, kilobytes.ToString(CultureInfo.InvariantCulture));
        output.Row("cost of a node, KB (PSS, state and connection; baseline: 1,000)", kilobytes, count == 1000 ? null : at1000, count > 1000 ? "<= 1.1 times" : null);
    }

    /// <summary>Of the objects alone: the memory of a process holds what the collector has not got to yet, too.</summary>
    private static double RecordKilobytes(IReadOnlyList<SimulatedAgent> agents, Func<TextPool, NodeRecord, NodeRecord> pass)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var pool = new TextPool();
        var reducer = new NodeReducer(pool, TimeProvider.System);
        List<NodeRecord> records = [.. agents.Select(agent => pass(pool, reducer.Replace(null, agent.Name, "life", agent.ToSnapshot())))];
        var kilobytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / 1000.0 / records.Count;
        GC.KeepAlive(records);
        GC.KeepAlive(pool);
        return kilobytes;
    }

    private static async Task ChurnAsync(TextWriter output, AggregatorUnderTest aggregator, List<SimulatedAgent> agents)
    {
        var perSecond = Math.Max(10, agents.Count / 20);
        var latencies = new List<double>();
        using var ended = new CancellationTokenSource();
        var listening = ListenAsync(aggregator.ViewerToken(), latencies, ended.Token);
        await Task.Delay(TimeSpan.FromSeconds(1));
        var (random, cpu, flips) = (new Random(1), aggregator.ProcessorSeconds(), 0);
        var started = Stopwatch.GetTimestamp();
        using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (Stopwatch.GetElapsedTime(started) < Churn && await beat.WaitForNextTickAsync(CancellationToken.None))
        {
            for (var one = 0; one < Math.Max(1, perSecond / 10); one++, flips++)
                agents[random.Next(agents.Count)].Flip(Stopwatch.GetTimestamp());
        }
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        output.Row($"churn of {flips / seconds:0} changes/s, % of one core", (aggregator.ProcessorSeconds() - cpu) / seconds * 100);
        await Task.Delay(TimeSpan.FromSeconds(2));
        await ended.CancelAsync();
        await listening;
        output.Row("change at the agent to event at a reader, ms p50", latencies.At(0.5));
        output.Row("change at the agent to event at a reader, ms p99", latencies.At(0.99), null, "<= 1000");
        output.Row("  events measured", latencies.Count);
    }

    private static async Task ListenAsync(string token, List<double> latencies, CancellationToken cancellationToken)
    {
        using var http = AggregatorUnderTest.Client(token);
        try
        {
            using var answer = await http.GetAsync(new Uri("/api/v1/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellationToken));
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
                if (!line.StartsWith("data: {\"name\"", StringComparison.Ordinal))
                    continue;
                var now = Stopwatch.GetTimestamp();
                using var data = JsonDocument.Parse(line.AsMemory(6));
                foreach (var problem in data.RootElement.GetProperty("raised").EnumerateArray())
                {
                    if (long.TryParse(problem.GetProperty("message").GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var stamp))
                        latencies.Add(Stopwatch.GetElapsedTime(stamp, now).TotalMilliseconds);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Enough was seen.
        }
    }

    private static async Task<double> NodesAsync() =>
        await AggregatorUnderTest.MetricAsync("aiinfra_fleet_nodes{state=\"connected\"}") + await AggregatorUnderTest.MetricAsync("aiinfra_fleet_nodes{state=\"reconnecting\"}")
        + await AggregatorUnderTest.MetricAsync("aiinfra_fleet_nodes{state=\"lost\"}");

    private static async Task UntilAsync(Func<Task<bool>> isSo, TimeSpan patience, Func<string> story)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                if (await isSo())
                    return;
            }
            catch (HttpRequestException)
            {
                // It is not up yet.
            }
            if (Stopwatch.GetElapsedTime(started) > patience)
            {
                var told = story();
                throw new TimeoutException($"Not within {patience.TotalSeconds:0} s. The last that the aggregator said:\n{told[^Math.Min(told.Length, 4000)..]}");
            }
            await Task.Delay(100);
        }
    }
}
