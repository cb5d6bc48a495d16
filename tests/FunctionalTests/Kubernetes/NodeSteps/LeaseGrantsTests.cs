using System.Collections.Concurrent;
using System.Diagnostics;
using AIInfra.Core.Remediation;
using AIInfra.Kubernetes.Remediation;

namespace AIInfra.FunctionalTests.Kubernetes.NodeSteps;

public sealed class LeaseGrantsTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Many_agents_hammer_a_domain_and_never_more_than_its_places_act()
    {
        const int Agents = 12, Slots = 2;
        await using var rig = await LeaseRig.StartAsync();
        var agents = Enumerable.Range(0, Agents).Select(number => rig.Add($"gpu-{number}", Slots)).ToList();
        var held = new ConcurrentDictionary<IGrant, string>();
        var (taken, most, started) = (0, 0, Stopwatch.GetTimestamp());
        bool IsRunning() => Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(15);

        async Task ActAsync(LeaseRig.Agent agent, Random random)
        {
            for (var number = 0; IsRunning(); number++)
            {
                if ((await agent.AskAsync($"{number}")).Grant is { } grant)
                {
                    held[grant] = agent.Node;
                    Interlocked.Increment(ref taken);
                    await Task.Delay(random.Next(10, 300), Stop); // it acts
                    if (random.Next(12) == 0)
                        await Task.Delay(random.Next(1000, 3000), Stop); // and sometimes for longer than the grant lasts without a renewal
                    held.TryRemove(grant, out _); // before it says so: else the test would count it twice
                    await grant.DisposeAsync();
                }
                await Task.Delay(random.Next(5, 60), Stop);
            }
        }

        async Task DisturbAsync()
        {
            string[] faults = ["{\"status\":409}", "{\"status\":500}", "{\"cutAfter\":0}", "{\"reset\":true}", "{\"delay\":1500}", "{\"status\":503,\"retryAfter\":1}", "{\"hang\":true}"];
            for (var number = 0; IsRunning(); number++)
            {
                var method = number % 3 == 0 ? "GET" : "PATCH|POST";
                await rig.Server.AskAsync($$$"""{"command":"fault","match":{"method":"{{{method}}}","resource":"leases"},"times":1,"then":{{{faults[number % faults.Length]}}}}""");
                await Task.Delay(400, Stop);
            }
        }

        async Task WatchAsync()
        {
            while (IsRunning())
            {
                most = Math.Max(most, held.Keys.Count(grant => grant.IsHeld));
                await Task.Delay(2, Stop);
            }
        }

        await Task.WhenAll([.. agents.Select((agent, number) => Task.Run(() => ActAsync(agent, new Random(number)), Stop)), Task.Run(DisturbAsync, Stop), Task.Run(WatchAsync, Stop)]);

        Assert.InRange(most, 1, Slots);
        Assert.InRange(taken, 5, int.MaxValue); // and it must act at all
    }

    [Fact]
    public async Task Who_is_cut_off_stops_before_another_may_start()
    {
        await using var rig = await LeaseRig.StartAsync();
        var (one, other) = (rig.Add("gpu-1"), rig.Add("gpu-2"));
        var grant = (await one.AskAsync()).Grant!;
        var refused = await other.AskAsync();
        await rig.Server.AskAsync("""{"command":"fault","match":{"userAgent":"agent-gpu-1"},"then":{"hang":true}}""");
        var cut = Stopwatch.GetTimestamp();

        await Task.Delay(Timeout.InfiniteTimeSpan, grant.Lost).ContinueWith(_ => { }, TaskScheduler.Default).WaitAsync(TimeSpan.FromSeconds(20), Stop);
        var stoppedAfter = Stopwatch.GetElapsedTime(cut);
        GrantAnswer answer;
        while ((answer = await other.AskAsync()).Grant is null && Stopwatch.GetElapsedTime(cut) < TimeSpan.FromSeconds(30))
            await Task.Delay(100, Stop);

        Assert.Null(refused.Grant);
        Assert.Contains("gpu-1", refused.Why, StringComparison.Ordinal);
        Assert.False(grant.IsHeld);
        Assert.True(stoppedAfter < LeaseRig.RenewDeadline + TimeSpan.FromSeconds(2), $"it stopped after {stoppedAfter}");
        Assert.NotNull(answer.Grant);
        Assert.True(Stopwatch.GetElapsedTime(cut) > LeaseRig.Duration - TimeSpan.FromSeconds(1), "the other had to wait for the whole duration");
    }

    [Fact]
    public async Task Times_in_the_lease_are_not_believed()
    {
        await using var rig = await LeaseRig.StartAsync();
        var (one, other) = (rig.Add("gpu-1"), rig.Add("gpu-2"));
        Assert.NotNull((await one.AskAsync()).Grant);
        await one.Stop.CancelAsync(); // its process ends
        await rig.Server.PatchAsync($"/apis/coordination.k8s.io/v1/namespaces/default/leases/{LeaseGrants.NameOf(LeaseRig.Label, "r1", 0)}", """{"spec":{"renewTime":"2001-01-01T00:00:00.000000Z","leaseDurationSeconds":1}}""");

        Assert.Null((await other.AskAsync()).Grant);
        await Task.Delay(1500, Stop); // longer than the lease says of itself
        Assert.Null((await other.AskAsync()).Grant);
        Assert.Equal("gpu-1", await rig.HolderAsync("r1"));
    }

    [Fact]
    public async Task After_a_restart_the_node_finds_the_place_that_it_has()
    {
        await using var rig = await LeaseRig.StartAsync();
        var (one, two) = (rig.Add("gpu-1", slots: 3), rig.Add("gpu-2", slots: 3));
        var first = (await one.AskAsync()).Grant!;
        Assert.NotNull((await two.AskAsync()).Grant);
        await two.Stop.CancelAsync();
        await first.DisposeAsync();

        var again = rig.Add("gpu-2", slots: 3);
        var grant = (await again.AskAsync()).Grant;

        Assert.NotNull(grant);
        Assert.Equal(("", "gpu-2"), (await rig.HolderAsync("r1", 0), await rig.HolderAsync("r1", 1)));
        Assert.Same(grant, (await again.AskAsync()).Grant); // the same operation gets what it has
        Assert.Contains("op-gpu-2 holds", (await again.AskAsync("another")).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Domains_do_not_count_against_each_other()
    {
        await using var rig = await LeaseRig.StartAsync();

        Assert.NotNull((await rig.Add("gpu-1", rack: "r1").AskAsync()).Grant);
        Assert.NotNull((await rig.Add("gpu-2", rack: "R1").AskAsync()).Grant);
        Assert.Null((await rig.Add("gpu-3", rack: "r1").AskAsync()).Grant);
        Assert.Contains($"no label {LeaseRig.Label}", (await rig.Add("gpu-4", rack: null).AskAsync()).Why, StringComparison.Ordinal);
        Assert.NotNull((await rig.Add("gpu-5", rack: null, label: "").AskAsync()).Grant);
        Assert.Contains("the cluster are taken (gpu-5)", (await rig.Add("gpu-6", label: "").AskAsync()).Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"status":500}""")]
    [InlineData("""{"cutAfter":0}""")]
    public async Task A_place_whose_return_or_taking_was_not_answered_comes_free(string fault)
    {
        await using var rig = await LeaseRig.StartAsync();
        var (one, other) = (rig.Add("gpu-1"), rig.Add("gpu-2"));
        await (await one.AskAsync()).Grant!.DisposeAsync(); // the lease is there
        var grant = (await one.AskAsync()).Grant!;
        await rig.Server.AskAsync($$$"""{"command":"fault","match":{"method":"PATCH","userAgent":"agent-gpu-1"},"times":2,"then":{{{fault}}}}""");

        await grant.DisposeAsync();
        await FreeAsync();
        await rig.Server.AskAsync($$$"""{"command":"fault","match":{"method":"PATCH","userAgent":"agent-gpu-1"},"times":1,"then":{{{fault}}}}""");
        var refused = await one.AskAsync();
        await FreeAsync();

        Assert.Null(refused.Grant);
        Assert.NotNull((await other.AskAsync()).Grant);

        async Task FreeAsync()
        {
            var started = Stopwatch.GetTimestamp();
            while (await rig.HolderAsync("r1") is not "")
            {
                Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(20), "it is held still");
                await Task.Delay(50, Stop);
            }
        }
    }

    [Fact]
    public async Task Without_the_server_nobody_is_granted_anything()
    {
        await using var rig = await LeaseRig.StartAsync();
        var one = rig.Add("gpu-1");
        await rig.Server.AskAsync("""{"command":"wire","do":"down"}""");

        var answer = await one.AskAsync();

        Assert.Null(answer.Grant);
        Assert.Contains("the leases cannot be asked", answer.Why, StringComparison.Ordinal);
    }
}
