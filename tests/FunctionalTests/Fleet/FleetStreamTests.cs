using AIInfra.Aggregator.Api;
using AIInfra.Aggregator.Identity;
using AIInfra.Aggregator.Streams;
using AIInfra.Core.Health;
using AIInfra.Fleet.V1;
using AIInfra.Grpc;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using Problem = AIInfra.Fleet.V1.Problem;

namespace AIInfra.FunctionalTests.Fleet;

/// <summary>Real sockets, mutual TLS, a real aggregator and the agent's own side.</summary>
public sealed class FleetStreamTests
{
    [Fact]
    public async Task A_node_joins_with_a_token_and_is_known_whole()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var agent = await TestAgent.StartConnectedAsync(fleet, "gpu-1");

        var node = fleet.View.Find("gpu-1")!;

        Assert.Equal(8, node.Devices.Length);
        Assert.Equal(("GPU-1", 18), (node.Devices[0].Links[0].Peer, node.Devices[0].Links[0].Count));
        Assert.Equal("r1", node.Facts.Labels["rack"]);
        Assert.True(node.IsConnected);
        Assert.Contains(fleet.Store.Entries, entry => entry.What == "certificate.joined" && entry.Node == "gpu-1");
        await TestFleet.UntilAsync(() => fleet.Store.Nodes.ContainsKey("gpu-1"), "the node is stored");
    }

    [Fact]
    public async Task A_fault_is_seen_within_a_second_and_goes_when_it_is_over()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var agent = await TestAgent.StartConnectedAsync(fleet, "gpu-1");
        var started = TimeProvider.System.GetTimestamp();

        agent.Report("nvidia.xid.79", 3);
        await TestFleet.UntilAsync(() => fleet.View.Find("gpu-1")!.Problems.Length == 1, "the problem is known");

        Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(1), "It took longer than a second.");
        var node = fleet.View.Find("gpu-1")!;
        Assert.Equal((Severity.Fatal, SuggestedAction.Reboot, "NVRM: Xid"), (node.Problems[0].Severity, node.Problems[0].Action, node.Problems[0].Evidence[0]));
        Assert.False(node.Devices.Single(device => device.Id == "GPU-3").IsHealthy);

        agent.Clear("nvidia.xid.79", 3);
        await TestFleet.UntilAsync(() => fleet.View.Find("gpu-1")!.Problems.IsEmpty, "the problem is gone");
        Assert.All(fleet.View.Find("gpu-1")!.Devices, device => Assert.True(device.IsHealthy));
        Assert.Equal(1, fleet.Counters.Snapshots);
    }

    [Fact]
    public async Task After_a_broken_stream_the_node_goes_on_where_the_aggregator_stands()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var agent = await TestAgent.StartConnectedAsync(fleet, "gpu-1");

        fleet.Sessions.Find("gpu-1")!.End("The test cuts it.");
        agent.Report("nvidia.xid.79", 1);
        await TestFleet.UntilAsync(() => fleet.View.Find("gpu-1")! is { Problems.Length: 1, IsConnected: true }, "the node is back");

        Assert.Equal((1, 2), (fleet.Counters.Snapshots, fleet.Counters.Opened));
    }

    [Fact]
    public async Task An_aggregator_that_was_started_anew_knows_its_nodes_and_needs_no_snapshot()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var agent = await TestAgent.StartConnectedAsync(fleet, "gpu-1");
        agent.Report("nvidia.xid.79", 1);
        await TestFleet.UntilAsync(() => fleet.Store.Nodes.GetValueOrDefault("gpu-1")?.Problems.Length == 1, "the problem is stored");
        await fleet.StopAsync();
        agent.Report("nvidia.xid.48", 2);

        await fleet.StartAgainAsync();
        await TestFleet.UntilAsync(() => fleet.View.Find("gpu-1") is { Problems.Length: 2, IsConnected: true }, () => $"the node is back; it says {agent.Complaint}");

        Assert.Equal(0, fleet.Counters.Snapshots);
        Assert.DoesNotContain(fleet.Store.Entries, entry => entry.What == "certificate.joined" && entry.Id > 1);
    }

    [Fact]
    public async Task A_node_speaks_for_itself_only()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var liar = RawAgent.Open(fleet, "gpu-1");

        liar.Send(RawAgent.Hello("gpu-2"));
        var end = await liar.EndAsync();

        Assert.Equal(GrpcStatus.PermissionDenied, end.Status);
        Assert.Contains("gpu-1", end.Detail, StringComparison.Ordinal);
        Assert.Null(fleet.View.Find("gpu-2"));
    }

    [Fact]
    public async Task Without_a_certificate_or_with_a_persons_token_there_is_no_stream()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var stranger = RawAgent.OpenWithToken(fleet, "ait.00000000.nonsense");
        await using var person = RawAgent.OpenWithToken(fleet, fleet.Tokens.Create(TokenRole.Admin, "x", TimeSpan.FromHours(1), "*", ""));

        stranger.Send(RawAgent.Hello("gpu-1"));
        person.Send(RawAgent.Hello("gpu-1"));

        Assert.Equal(GrpcStatus.Unauthenticated, (await stranger.EndAsync()).Status);
        Assert.Equal(GrpcStatus.PermissionDenied, (await person.EndAsync()).Status);
    }

    [Fact]
    public async Task A_message_of_100_MB_ends_its_own_stream_and_no_other()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var agent = await TestAgent.StartConnectedAsync(fleet, "gpu-1");
        await using var giant = RawAgent.Open(fleet, "gpu-2");
        giant.Send(RawAgent.Hello("gpu-2"));

        giant.Send(new FromAgent { Snapshot = RawAgent.Snapshot(1, new Device { Id = new string('x', 100 << 20) }) });

        var end = await giant.EndAsync();
        Assert.True(end.Status is GrpcStatus.ResourceExhausted or GrpcStatus.Unavailable, end.Message); // the answer may overtake the message
        agent.Report("nvidia.xid.79", 0);
        await TestFleet.UntilAsync(() => fleet.View.Find("gpu-1")!.Problems.Length == 1, "the other node is still heard");
        Assert.Null(fleet.View.Find("gpu-2"));
    }

    [Fact]
    public async Task A_flood_is_read_no_faster_than_allowed()
    {
        await using var fleet = await TestFleet.StartAsync(services => services.AddSingleton(new StreamOptions { Version = "test", MessageBurst = 10, MessagesPerSecond = 50 }));
        await using var flood = RawAgent.Open(fleet, "gpu-1");
        flood.Send(RawAgent.Hello("gpu-1"));
        flood.Send(new FromAgent { Snapshot = RawAgent.Snapshot(1) });
        var started = TimeProvider.System.GetTimestamp();

        for (ulong at = 2; at <= 60; at++)
            flood.Send(new FromAgent { Delta = new Delta { Base = at - 1, Sequence = at, Devices = { new Device { Id = "GPU-0", Index = (int)at } } } });
        await TestFleet.UntilAsync(() => fleet.View.Find("gpu-1")?.Sequence == 60, "all has come in");

        Assert.True(TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromMilliseconds(700), "60 messages at 50 a second with a burst of 10 take a second.");
        Assert.True(fleet.Counters.Throttled > 10);
    }

    [Fact]
    public async Task A_clock_that_is_a_day_off_is_shown_and_decides_nothing()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var agent = RawAgent.Open(fleet, "gpu-1");
        var tomorrow = TimeProvider.System.GetUtcNow().AddDays(1).ToUnixTimeMilliseconds();
        agent.Send(RawAgent.Hello("gpu-1"));
        var snapshot = RawAgent.Snapshot(1);
        snapshot.State.Problems.Add(new Problem { Key = new ProblemKey { Id = "x.y", SubjectKind = "node" }, Severity = "fatal", FirstSeenMilliseconds = tomorrow, LastSeenMilliseconds = long.MaxValue, Count = -5 });
        agent.Send(new FromAgent { Snapshot = snapshot });
        agent.Send(new FromAgent { Heartbeat = new Heartbeat { Sequence = 1, UnixMilliseconds = tomorrow } });

        await TestFleet.UntilAsync(() => fleet.View.Find("gpu-1") is { } node && node.Skew > TimeSpan.FromHours(23), "the skew is known");

        var node = fleet.View.Find("gpu-1")!;
        Assert.True(node.LastHeard < TimeProvider.System.GetUtcNow().AddMinutes(1));
        Assert.True(node.Problems[0].Arrived < TimeProvider.System.GetUtcNow().AddMinutes(1));
        Assert.Equal(1, node.Problems[0].Count);
        Assert.Equal("connected", ApiLines.State(node));
    }

    [Fact]
    public async Task A_change_that_does_not_follow_is_answered_with_a_wish_for_the_whole()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var agent = RawAgent.Open(fleet, "gpu-1");
        agent.Send(RawAgent.Hello("gpu-1"));
        agent.Send(new FromAgent { Snapshot = RawAgent.Snapshot(1, new Device { Id = "GPU-0" }) });

        agent.Send(new FromAgent { Delta = new Delta { Base = 7, Sequence = 8, DevicesGone = { "GPU-0" } } });
        await agent.NextAsync(FromAggregator.MessageOneofCase.SnapshotWanted);

        Assert.Single(fleet.View.Find("gpu-1")!.Devices);
    }

    [Fact]
    public async Task A_newer_agent_with_unknown_fields_words_and_messages_is_understood_as_far_as_it_goes()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var agent = RawAgent.Open(fleet, "gpu-1");
        var hello = RawAgent.Hello("gpu-1");
        hello.Protocol = 7;
        hello.MergeFrom(Unknown(900));
        agent.Send(hello);
        Assert.Equal(1u, (await agent.NextAsync(FromAggregator.MessageOneofCase.Welcome)).Welcome.Protocol);
        var snapshot = RawAgent.Snapshot(1, new Device { Id = "GPU-0", Healthy = true });
        snapshot.State.Problems.Add(new Problem { Key = new ProblemKey { Id = "x.y", SubjectKind = "rack", Subject = "r1" }, Severity = "apocalyptic", Action = "exorcise" });
        snapshot.MergeFrom(Unknown(901));
        agent.Send(FromAgent.Parser.ParseFrom(Unknown(99)));
        agent.Send(new FromAgent { Snapshot = snapshot });
        await agent.NextAsync(FromAggregator.MessageOneofCase.Acknowledgement);

        var problem = Assert.Single(fleet.View.Find("gpu-1")!.Problems);
        Assert.Equal((Severity.Degraded, SuggestedAction.Observe), (problem.Severity, problem.Action));
    }

    [Fact]
    public async Task Versions_that_do_not_meet_are_told_which_side_to_upgrade()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var agent = RawAgent.Open(fleet, "gpu-1");
        var hello = RawAgent.Hello("gpu-1");
        (hello.Protocol, hello.LeastProtocol) = (9, 5);

        agent.Send(hello);

        var end = await agent.EndAsync();
        Assert.Equal(GrpcStatus.FailedPrecondition, end.Status);
        Assert.Contains("Upgrade the aggregator", end.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_the_store_is_away_the_view_goes_on_and_nothing_is_acknowledged_as_stored()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var agent = RawAgent.Open(fleet, "gpu-1");
        agent.Send(RawAgent.Hello("gpu-1"));
        fleet.Store.Away = "The database does not answer.";
        agent.Send(new FromAgent { Snapshot = RawAgent.Snapshot(1, new Device { Id = "GPU-0" }) });

        var first = (await agent.NextAsync(FromAggregator.MessageOneofCase.Acknowledgement)).Acknowledgement;
        Assert.Equal((0UL, 1UL), (first.Sequence, first.Received));
        Assert.Single(fleet.View.Find("gpu-1")!.Devices);
        Assert.Empty(fleet.Store.Nodes);

        fleet.Store.Away = null;
        var later = (await agent.NextAsync(FromAggregator.MessageOneofCase.Acknowledgement)).Acknowledgement;
        Assert.Equal(1UL, later.Sequence);
        Assert.Single(fleet.Store.Nodes);
    }

    [Fact]
    public async Task A_second_stream_of_a_node_takes_the_place_of_the_first()
    {
        await using var fleet = await TestFleet.StartAsync();
        await using var first = RawAgent.Open(fleet, "gpu-1");
        first.Send(RawAgent.Hello("gpu-1"));
        await first.NextAsync(FromAggregator.MessageOneofCase.Welcome);
        await using var second = RawAgent.Open(fleet, "gpu-1");
        second.Send(RawAgent.Hello("gpu-1", "life-2"));
        second.Send(new FromAgent { Snapshot = RawAgent.Snapshot(1) });

        Assert.Contains("Another stream", (await first.EndAsync()).Detail, StringComparison.Ordinal);
        await second.NextAsync(FromAggregator.MessageOneofCase.Acknowledgement);
        Assert.True(fleet.View.Find("gpu-1")!.IsConnected);
        Assert.Equal(1, fleet.Sessions.Count);
    }

    [Fact]
    public async Task A_node_that_falls_silent_is_lost_and_comes_back()
    {
        await using var fleet = await TestFleet.StartAsync(services => services.AddSingleton(new StreamOptions { Version = "test", Silence = TimeSpan.FromSeconds(1) }));
        await using (var silent = RawAgent.Open(fleet, "gpu-1"))
        {
            silent.Send(RawAgent.Hello("gpu-1"));
            silent.Send(new FromAgent { Snapshot = RawAgent.Snapshot(1) });
            await silent.NextAsync(FromAggregator.MessageOneofCase.Acknowledgement);
            Assert.Contains("Nothing came", (await silent.EndAsync()).Detail, StringComparison.Ordinal);
        }
        await TestFleet.UntilAsync(() => fleet.View.Find("gpu-1")!.IsLost, "the node is lost");

        await using var again = RawAgent.Open(fleet, "gpu-1");
        again.Send(RawAgent.Hello("gpu-1"));
        var welcome = (await again.NextAsync(FromAggregator.MessageOneofCase.Welcome)).Welcome;

        Assert.Equal(("life-1", 1UL), (welcome.HaveIncarnation, welcome.HaveSequence));
        Assert.False(fleet.View.Find("gpu-1")!.IsLost);
    }

    [Fact]
    public async Task Hello_has_to_come_in_time()
    {
        await using var fleet = await TestFleet.StartAsync(services => services.AddSingleton(new StreamOptions { Version = "test", HelloPatience = TimeSpan.FromMilliseconds(200) }));
        await using var mute = RawAgent.Open(fleet, "gpu-1");

        Assert.Equal(GrpcStatus.DeadlineExceeded, (await mute.EndAsync()).Status);
    }

    /// <summary>A field of that number, as a newer version would send it.</summary>
    private static ByteString Unknown(int number)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream))
        {
            output.WriteTag(number, WireFormat.WireType.LengthDelimited);
            output.WriteString("something new");
        }
        return ByteString.CopyFrom(stream.ToArray());
    }
}
