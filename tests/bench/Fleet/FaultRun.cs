using System.Diagnostics;

namespace AIInfra.Bench.Fleet;

/// <summary>All nodes of one domain fail at once. How many are out of service is read from the agents' own acts, never from the aggregator: it may be the one that is wrong.</summary>
internal static class FaultRun
{
    /// <param name="agents">Of one domain.</param>
    /// <param name="percent">Of them that the budget lets go at once.</param>
    public static async Task RunAsync(TextWriter output, IReadOnlyList<SimulatedAgent> agents, int percent)
    {
        var allowed = agents.Count * percent / 100;
        await ArmedAsync(agents[0]);
        using var ended = new CancellationTokenSource();
        var failing = agents.Select(agent => Task.Run(() => agent.FailAsync(ended.Token))).ToList();
        var (peak, since, reached) = (0, Stopwatch.GetTimestamp(), 0L);
        // Observes beyond the last that may be granted: one too many would come then
        while (Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(60) && (reached == 0 || Stopwatch.GetElapsedTime(reached) < TimeSpan.FromSeconds(5)))
        {
            peak = Math.Max(peak, agents.Count(agent => agent.Cordon is not null));
            if (reached == 0 && peak >= allowed)
                reached = Stopwatch.GetTimestamp();
            await Task.Delay(5, CancellationToken.None);
        }
        await ended.CancelAsync();
        await Task.WhenAll(failing).ContinueWith(_ => { }, TaskScheduler.Default);
        var took = agents.Select(agent => agent.Cordon).OfType<CordonAct>().Select(act => Stopwatch.GetElapsedTime(act.Fault, act.Done).TotalMilliseconds).ToList();
        output.Row($"{agents.Count} faults at once, budget {percent} %: out of service at once", peak, null, $"= {allowed}");
        if (took.Count > 0)
        {
            output.Row("  fault to cordon, ms p50", took.At(0.5));
            output.Row("  fault to cordon, ms p99", took.At(0.99), null, "<= 2000");
        }
        if (took.Count < agents.Count)
            output.Note($"one of the others was told: {agents.First(agent => agent.Cordon is null).Says}");
        await Task.WhenAll(agents.Select(agent => agent.RecoverAsync()));
    }

    /// <summary>A started aggregator grants nothing before its view is whole: one node asks, until it is.</summary>
    private static async Task ArmedAsync(SimulatedAgent agent)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        await agent.FailAsync(patience.Token);
        await agent.RecoverAsync();
        await Task.Delay(TimeSpan.FromSeconds(3), CancellationToken.None); // its grant is settled
    }
}
