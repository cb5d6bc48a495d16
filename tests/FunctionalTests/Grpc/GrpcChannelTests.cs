using System.Text.Json.Nodes;
using AIInfra.FunctionalTests.Protos;
using AIInfra.Grpc;
using Google.Protobuf;

namespace AIInfra.FunctionalTests.Grpc;

/// <summary>Our client calls servers of two independent implementations.</summary>
public sealed class GrpcChannelTests
{
    private const int Mebibyte = 1 << 20;

    public static TheoryData<string> Peers => ProbePeer.All;

    [Theory, MemberData(nameof(Peers))]
    public async Task All_four_shapes_carry_their_messages_in_order(string peer)
    {
        await using var server = await ProbePeerServer.StartAsync(peer);
        using var channel = GrpcChannel.ForUnixSocket(server.SocketPath);

        var unary = await channel.UnaryAsync(ProbeService.Unary, new Ask { Text = "one", AnswerBytes = 9 }, cancellationToken: Patience.Token).Soon();
        var stream = await ListAsync(channel.ServerStreamingAsync(ProbeService.ServerStream, new Ask { Answers = 5 }, cancellationToken: Patience.Token));
        var count = await channel.ClientStreamingAsync(ProbeService.ClientStream, Asks("a", "b", "c"), cancellationToken: Patience.Token).Soon();
        var both = await ListAsync(channel.DuplexAsync(ProbeService.Duplex, Asks("a", "b", "c"), cancellationToken: Patience.Token));

        Assert.Equal(("one", 9), (unary.Text, unary.Payload.Length));
        Assert.Equal([0, 1, 2, 3, 4], stream.Select(answer => answer.Index));
        Assert.Equal(("abc", 3), (count.Text, count.Index));
        Assert.Equal(["a", "b", "c"], both.Select(answer => answer.Text));
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task In_a_duplex_call_the_next_request_may_wait_for_the_last_answer(string peer)
    {
        await using var server = await ProbePeerServer.StartAsync(peer);
        using var channel = GrpcChannel.ForUnixSocket(server.SocketPath);
        using var answered = new SemaphoreSlim(1);

        var texts = new List<string>();
        await foreach (var answer in channel.DuplexAsync(ProbeService.Duplex, InTurnAsync(), cancellationToken: Patience.Token))
        {
            texts.Add(answer.Text);
            answered.Release();
        }
        Assert.Equal(["0", "1", "2"], texts);

        async IAsyncEnumerable<Ask> InTurnAsync()
        {
            for (var turn = 0; turn < 3; turn++)
            {
                await answered.WaitAsync(Patience.Token).Soon();
                yield return new Ask { Text = $"{turn}" };
            }
        }
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task A_message_just_under_the_limit_arrives_and_one_over_it_is_refused(string peer)
    {
        await using var server = await ProbePeerServer.StartAsync(peer);
        using var channel = GrpcChannel.ForUnixSocket(server.SocketPath, new() { MaxReceiveBytes = Mebibyte });

        var under = await channel.UnaryAsync(ProbeService.Unary, new Ask { AnswerBytes = Mebibyte - 300 }, cancellationToken: Patience.Token).Soon();
        var over = await FailsAsync(channel.UnaryAsync(ProbeService.Unary, new Ask { AnswerBytes = Mebibyte }, cancellationToken: Patience.Token));
        var after = await channel.UnaryAsync(ProbeService.Unary, new Ask { Text = "still there" }, cancellationToken: Patience.Token).Soon();

        Assert.Equal(Mebibyte - 300, under.Payload.Length);
        Assert.Equal(GrpcStatus.ResourceExhausted, over.Status);
        Assert.Equal("still there", after.Text);
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task A_request_over_the_servers_limit_is_answered_with_its_status(string peer)
    {
        await using var server = await ProbePeerServer.StartAsync(peer, new() { ["options"] = new JsonObject { ["grpc.max_receive_message_length"] = Mebibyte } });
        using var channel = GrpcChannel.ForUnixSocket(server.SocketPath);

        var over = await FailsAsync(channel.UnaryAsync(ProbeService.Unary, new Ask { Payload = Zeros(3 * Mebibyte) }, cancellationToken: Patience.Token));

        Assert.Equal(GrpcStatus.ResourceExhausted, over.Status);
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task Requests_are_compressed_on_demand(string peer)
    {
        await using var server = await ProbePeerServer.StartAsync(peer);
        await using var relay = new CountingRelay(server.SocketPath);
        using var channel = GrpcChannel.ForUnixSocket(relay.Path);

        var answer = await channel.UnaryAsync(ProbeService.Unary, new Ask { Payload = Zeros(Mebibyte) }, new() { Compress = true }, Patience.Token).Soon();

        Assert.Equal(Mebibyte, answer.ReceivedBytes);
        Assert.InRange(relay.Forth, 1, Mebibyte / 10);
    }

    [Fact]
    public async Task Compressed_answers_are_read() // grpc-js does not compress answers
    {
        await using var server = await ProbePeerServer.StartAsync(ProbePeer.Python, new() { ["compression"] = "gzip" });
        await using var relay = new CountingRelay(server.SocketPath);
        using var channel = GrpcChannel.ForUnixSocket(relay.Path);

        var answers = await ListAsync(channel.ServerStreamingAsync(
            ProbeService.ServerStream, new Ask { Answers = 3, AnswerBytes = Mebibyte }, cancellationToken: Patience.Token));

        Assert.Equal([Mebibyte, Mebibyte, Mebibyte], answers.Select(answer => answer.Payload.Length));
        Assert.InRange(relay.Back, 1, Mebibyte / 10);
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task Metadata_arrives_and_returns_as_text_and_as_bytes(string peer)
    {
        await using var server = await ProbePeerServer.StartAsync(peer);
        using var channel = GrpcChannel.ForUnixSocket(server.SocketPath);
        GrpcMetadata? trailers = null;
        var headers = new GrpcMetadata();
        headers.Add("echo-text", "plain, with a comma");
        headers.AddBytes("echo-bytes-bin", [0, 1, 0xFE, 0xFF]);

        var answer = await channel.UnaryAsync(
            ProbeService.Unary, new Ask(), new() { Headers = headers, OnTrailers = received => trailers = received }, Patience.Token).Soon();

        Assert.Equal("plain, with a comma", answer.Metadata["echo-text"]);
        Assert.Equal("AAH+/w==", answer.Metadata["echo-bytes-bin"]);
        Assert.Equal("plain, with a comma", trailers?.Find("echo-text"));
        Assert.Equal([0, 1, 0xFE, 0xFF], trailers?.FindBytes("echo-bytes-bin")!);
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task A_deadline_ends_the_call_on_both_sides(string peer)
    {
        await using var server = await ProbePeerServer.StartAsync(peer);
        using var channel = GrpcChannel.ForUnixSocket(server.SocketPath);
        var answers = new List<Answer>();

        var late = await Assert.ThrowsAsync<GrpcException>(async () =>
        {
            await foreach (var answer in channel.ServerStreamingAsync(
                ProbeService.ServerStream, new Ask { Answers = 1, Hang = true }, new() { Timeout = TimeSpan.FromMilliseconds(500) }, Patience.Token))
                answers.Add(answer);
        }).Soon();

        Assert.Equal(GrpcStatus.DeadlineExceeded, late.Status);
        Assert.True(Assert.Single(answers).HadDeadline);
        Assert.Equal("ServerStream", await server.NextCancelledAsync());
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task Cancelling_by_the_callers_token_reaches_the_server(string peer)
    {
        await using var server = await ProbePeerServer.StartAsync(peer);
        using var channel = GrpcChannel.ForUnixSocket(server.SocketPath);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Patience.Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in channel.ServerStreamingAsync(ProbeService.ServerStream, new Ask { Answers = 1, Hang = true }, cancellationToken: cancel.Token))
                await cancel.CancelAsync();
        }).Soon();

        Assert.Equal("ServerStream", await server.NextCancelledAsync());
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task Leaving_a_stream_early_cancels_it(string peer)
    {
        await using var server = await ProbePeerServer.StartAsync(peer);
        using var channel = GrpcChannel.ForUnixSocket(server.SocketPath);

        await foreach (var answer in channel.ServerStreamingAsync(ProbeService.ServerStream, new Ask { Answers = -1 }, cancellationToken: Patience.Token))
            if (answer.Index == 2)
                break;

        Assert.Equal("ServerStream", await server.NextCancelledAsync());
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task A_status_keeps_its_code_and_every_character_of_its_message(string peer)
    {
        await using var server = await ProbePeerServer.StartAsync(peer);
        using var channel = GrpcChannel.ForUnixSocket(server.SocketPath);
        const string Text = "Gerät 100% läuft\nnicht: 电源 🔥";

        var before = await FailsAsync(channel.UnaryAsync(ProbeService.Unary, new Ask { FailWith = 9, Text = Text }, cancellationToken: Patience.Token));
        var after = await FailsAsync(ListAsync(channel.ServerStreamingAsync(ProbeService.ServerStream, new Ask { FailWith = 5, Answers = 2, Text = Text }, cancellationToken: Patience.Token)));
        var during = await FailsAsync(channel.ClientStreamingAsync(
            ProbeService.ClientStream, ThenHangAsync(new Ask { FailWith = 7, Text = Text }, Patience.Token), cancellationToken: Patience.Token));

        Assert.Equal((GrpcStatus.FailedPrecondition, Text), (before.Status, before.Detail));
        Assert.Equal((GrpcStatus.NotFound, Text), (after.Status, after.Detail));
        Assert.Equal((GrpcStatus.PermissionDenied, Text), (during.Status, during.Detail));
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task A_method_that_is_not_there_is_unimplemented(string peer)
    {
        await using var server = await ProbePeerServer.StartAsync(peer);
        using var channel = GrpcChannel.ForUnixSocket(server.SocketPath);

        Assert.Equal(GrpcStatus.Unimplemented, (await FailsAsync(channel.UnaryAsync(ProbeService.Missing, new Ask(), cancellationToken: Patience.Token))).Status);
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task A_server_that_stops_or_dies_in_mid_stream_ends_the_call_and_the_next_one_finds_nobody(string peer)
    {
        await using var server = await ProbePeerServer.StartAsync(peer);
        using var channel = GrpcChannel.ForUnixSocket(server.SocketPath);

        var ended = await FailsAsync(EndAfterFirstAsync(() => server.Process.SendLineAsync("stop")));
        await server.Process.WaitForExitAsync(Patience.Token).Soon();
        var nobody = await FailsAsync(channel.UnaryAsync(ProbeService.Unary, new Ask(), cancellationToken: Patience.Token));

        Assert.True(ended.Status is GrpcStatus.Unavailable or GrpcStatus.Cancelled, ended.Message); // grpcio resets, grpc-js hangs up
        Assert.Equal(GrpcStatus.Unavailable, nobody.Status);

        async Task EndAfterFirstAsync(Func<Task> end)
        {
            await foreach (var answer in channel.ServerStreamingAsync(ProbeService.ServerStream, new Ask { Answers = -1 }, cancellationToken: Patience.Token))
                if (answer.Index == 0)
                    await end();
        }
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task Tls_over_tcp_trusts_the_given_authority_and_no_other(string peer)
    {
        using var certificate = new TestCertificate();
        using var stranger = new TestCertificate();
        await using var server = await ProbePeerServer.StartAsync(peer, certificate.PeerSettings, tcp: true);
        var address = new Uri($"https://localhost:{server.Port}");
        using var trusting = GrpcChannel.ForAddress(address, new() { TrustedAuthority = certificate.Certificate });
        using var wary = GrpcChannel.ForAddress(address, new() { TrustedAuthority = stranger.Certificate });

        var answer = await trusting.UnaryAsync(ProbeService.Unary, new Ask { Text = "hi" }, cancellationToken: Patience.Token).Soon();
        var refused = await FailsAsync(wary.UnaryAsync(ProbeService.Unary, new Ask(), cancellationToken: Patience.Token));

        Assert.Equal("hi", answer.Text);
        Assert.Equal(GrpcStatus.Unavailable, refused.Status);
    }

    private static ByteString Zeros(int count) => ByteString.CopyFrom(new byte[count]);

    private static async IAsyncEnumerable<Ask> Asks(params string[] texts)
    {
        foreach (var text in texts)
        {
            await Task.Yield();
            yield return new Ask { Text = text };
        }
    }

    private static async IAsyncEnumerable<Ask> ThenHangAsync(
        Ask first, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        yield return first;
        await Task.Delay(Timeout.Infinite, cancellationToken);
    }

    private static async Task<List<Answer>> ListAsync(IAsyncEnumerable<Answer> answers)
    {
        var list = new List<Answer>();
        await foreach (var answer in answers)
            list.Add(answer);
        return list;
    }

    private static Task<GrpcException> FailsAsync(Task call) => Assert.ThrowsAsync<GrpcException>(() => call).Soon();
}
