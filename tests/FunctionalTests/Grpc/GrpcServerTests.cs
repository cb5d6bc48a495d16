using System.Text.Json.Nodes;
using AIInfra.Grpc;

namespace AIInfra.FunctionalTests.Grpc;

/// <summary>Clients of two independent implementations call our server.</summary>
public sealed class GrpcServerTests
{
    private const int Mebibyte = 1 << 20;

    public static TheoryData<string> Peers => ProbePeer.All;

    [Theory, MemberData(nameof(Peers))]
    public async Task All_four_shapes_carry_their_messages_in_order(string peer)
    {
        await using var host = await ProbeHost.StartAsync();
        await using var client = await ProbeClient.StartAsync(peer, host.Address);

        var unary = await client.CallAsync("""{"method":"Unary","asks":[{"text":"one","payloadBytes":7,"answer_bytes":9}]}""");
        var stream = await client.CallAsync("""{"method":"ServerStream","asks":[{"text":"many","answers":5}]}""");
        var count = await client.CallAsync("""{"method":"ClientStream","asks":[{"text":"a"},{"text":"b","payloadBytes":3},{"text":"c"}]}""");
        var both = await client.CallAsync("""{"method":"Duplex","asks":[{"text":"a"},{"text":"b"},{"text":"c"}]}""");

        Assert.All([unary, stream, count, both], result => Assert.Equal((0, ""), (result.Code, result.Details)));
        Assert.Equal(("one", 9), ((string?)unary.Answer["text"], (int)unary.Answer["payload"]!));
        Assert.Equal([0, 1, 2, 3, 4], stream.Answers.Select(answer => (int)answer!["index"]!));
        Assert.Equal(("abc", 3), ((string?)count.Answer["text"], (int)count.Answer["index"]!));
        Assert.Equal(["a", "b", "c"], both.Answers.Select(answer => (string?)answer!["text"]));
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task A_stream_of_no_messages_ends_well(string peer)
    {
        await using var host = await ProbeHost.StartAsync();
        await using var client = await ProbeClient.StartAsync(peer, host.Address);

        var none = await client.CallAsync("""{"method":"ServerStream","asks":[{"answers":0}]}""");
        var silent = await client.CallAsync("""{"method":"ClientStream","asks":[]}""");

        Assert.Equal((0, 0), (none.Code, none.Answers.Count));
        Assert.Equal((0, 0), (silent.Code, (int)silent.Answer["index"]!));
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task A_message_just_under_the_limit_arrives_and_one_over_it_is_refused(string peer)
    {
        await using var host = await ProbeHost.StartAsync(options => options with { MaxReceiveBytes = Mebibyte });
        await using var client = await ProbeClient.StartAsync(peer, host.Address);

        var under = await client.CallAsync($$"""{"method":"Unary","asks":[{"payloadBytes":{{Mebibyte - 16}}}]}""");
        var over = await client.CallAsync($$"""{"method":"Unary","asks":[{"payloadBytes":{{Mebibyte}}}]}""");
        var after = await client.CallAsync("""{"method":"Unary","asks":[{"text":"still there"}]}""");

        Assert.Equal(0, under.Code);
        Assert.Equal((int)GrpcStatus.ResourceExhausted, over.Code);
        Assert.Contains("1048576", over.Details, StringComparison.Ordinal);
        Assert.Equal(0, after.Code);
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task An_answer_over_what_peers_accept_fails_the_handler_and_not_the_connection(string peer)
    {
        await using var host = await ProbeHost.StartAsync();
        await using var client = await ProbeClient.StartAsync(peer, host.Address);

        var under = await client.CallAsync($$"""{"method":"ServerStream","asks":[{"answers":2,"answer_bytes":{{4 * Mebibyte - 512}}}]}""");
        var over = await client.CallAsync($$"""{"method":"ServerStream","asks":[{"answers":2,"answer_bytes":{{4 * Mebibyte}}}]}""");

        Assert.Equal((0, 2), (under.Code, under.Answers.Count));
        Assert.Equal((int)GrpcStatus.ResourceExhausted, over.Code);
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task Messages_are_compressed_both_ways_where_both_sides_want_it(string peer)
    {
        await using var host = await ProbeHost.StartAsync(options => options with { Compress = true });
        await using var relay = new CountingRelay(host.SocketPath);
        var gzip = new JsonObject { ["options"] = new JsonObject { ["grpc.default_compression_algorithm"] = 2 } };
        await using var client = await ProbeClient.StartAsync(peer, $"unix:{relay.Path}", gzip);

        var result = await client.CallAsync($$"""{"method":"Unary","compress":true,"asks":[{"payloadBytes":{{Mebibyte}},"answer_bytes":{{Mebibyte}}}]}""");

        Assert.Equal((0, Mebibyte), (result.Code, (int)result.Answer["payload"]!));
        Assert.InRange(relay.Forth, 1, Mebibyte / 10);
        Assert.InRange(relay.Back, 1, Mebibyte / 10);
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task Metadata_arrives_and_returns_as_text_and_as_bytes(string peer)
    {
        await using var host = await ProbeHost.StartAsync();
        await using var client = await ProbeClient.StartAsync(peer, host.Address);

        var result = await client.CallAsync("""{"method":"Unary","asks":[{}],"metadata":{"echo-text":"plain, with a comma"},"bytes":{"echo-bytes-bin":"AAH+/w=="}}""");

        Assert.Equal("plain, with a comma", (string?)result.Answer["metadata"]!["echo-text"]);
        Assert.Equal("AAH+/w", ((string?)result.Answer["metadata"]!["echo-bytes-bin"])!.TrimEnd('='));
        Assert.Equal("plain, with a comma", (string?)result.Trailers["echo-text"]);
        Assert.Equal("AAH+/w==", (string?)result.Trailers["echo-bytes-bin"]);
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task A_deadline_reaches_the_handler_and_ends_its_call(string peer)
    {
        await using var host = await ProbeHost.StartAsync();
        await using var client = await ProbeClient.StartAsync(peer, host.Address);

        var late = await client.CallAsync("""{"method":"ServerStream","deadlineMs":300,"asks":[{"answers":1,"hang":true}]}""");

        Assert.Equal((int)GrpcStatus.DeadlineExceeded, late.Code);
        Assert.True((bool)late.Answer["had_deadline"]!);
        Assert.Equal("ServerStream", await host.NextCancelledAsync());
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task A_caller_that_cancels_cancels_the_handlers_token(string peer)
    {
        await using var host = await ProbeHost.StartAsync();
        await using var client = await ProbeClient.StartAsync(peer, host.Address);

        var result = await client.CallAsync("""{"method":"ServerStream","cancelAfter":3,"asks":[{"answers":-1}]}""");

        Assert.Equal((int)GrpcStatus.Cancelled, result.Code);
        Assert.Equal("ServerStream", await host.NextCancelledAsync());
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task A_caller_that_dies_cancels_the_handlers_token(string peer)
    {
        await using var host = await ProbeHost.StartAsync();
        await using (var client = await ProbeClient.StartAsync(peer, host.Address))
        {
            await client.StartCallAsync("""{"method":"Duplex","leaveOpen":true,"asks":[{"text":"x"}]}""");
            await client.NextMessageAsync();
        }

        Assert.Equal("Duplex", await host.NextCancelledAsync());
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task A_status_keeps_its_code_and_every_character_of_its_message(string peer)
    {
        await using var host = await ProbeHost.StartAsync();
        await using var client = await ProbeClient.StartAsync(peer, host.Address);
        const string Text = "Gerät 100% läuft\nnicht: 电源 🔥";

        var before = await client.CallAsync($$"""{"method":"Unary","metadata":{"echo-a":"b"},"asks":[{"fail_with":9,"text":"Gerät 100% läuft\nnicht: 电源 🔥"}]}""");
        var after = await client.CallAsync($$"""{"method":"ServerStream","asks":[{"fail_with":5,"answers":2,"text":"Gerät 100% läuft\nnicht: 电源 🔥"}]}""");

        Assert.Equal((9, Text), (before.Code, before.Details));
        Assert.Equal("b", (string?)before.Trailers["echo-a"]);
        Assert.Equal((5, Text, 2), (after.Code, after.Details, after.Answers.Count));
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task A_method_that_is_not_there_is_unimplemented(string peer)
    {
        await using var host = await ProbeHost.StartAsync();
        await using var client = await ProbeClient.StartAsync(peer, host.Address);

        var result = await client.CallAsync("""{"method":"Missing","asks":[{}]}""");

        Assert.Equal((12, "The method /aiinfra.probe.Probe/Missing does not exist here."), (result.Code, result.Details));
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task A_handlers_mistake_is_logged_here_and_not_told_to_the_caller(string peer)
    {
        await using var host = await ProbeHost.StartAsync(errorsAreExpected: true);
        await using var client = await ProbeClient.StartAsync(peer, host.Address);

        var result = await client.CallAsync("""{"method":"Unary","asks":[{"text":"throw"}]}""");

        Assert.Equal((int)GrpcStatus.Unknown, result.Code);
        Assert.DoesNotContain("secret", result.ToString(), StringComparison.Ordinal);
        Assert.Contains("a secret of the server", Assert.Single(host.Errors), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task A_server_that_stops_in_mid_stream_says_so_to_its_callers(string peer)
    {
        await using var host = await ProbeHost.StartAsync();
        await using var client = await ProbeClient.StartAsync(peer, host.Address);
        await client.StartCallAsync("""{"method":"ServerStream","asks":[{"answers":-1,"answer_bytes":1000}]}""");
        await client.NextMessageAsync();

        await host.Server.StopAsync(TimeSpan.FromSeconds(20)).Soon();

        var result = await client.ResultAsync();
        Assert.Equal(((int)GrpcStatus.Unavailable, "The server is stopping."), (result.Code, result.Details));
        Assert.False(File.Exists(host.SocketPath));
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task Tls_over_tcp_serves_who_trusts_the_certificate(string peer)
    {
        using var certificate = new TestCertificate();
        await using var host = await ProbeHost.StartAsync(options => options with { Certificate = certificate.Certificate }, tcp: true);
        await using var client = await ProbeClient.StartAsync(peer, host.Address, certificate.PeerSettings);

        var result = await client.CallAsync("""{"method":"Duplex","asks":[{"text":"a"},{"text":"b"}]}""");

        Assert.Equal((0, 2), (result.Code, result.Answers.Count));
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task Plain_tcp_serves_with_prior_knowledge(string peer)
    {
        await using var host = await ProbeHost.StartAsync(tcp: true);
        await using var client = await ProbeClient.StartAsync(peer, host.Address);

        Assert.Equal(0, (await client.CallAsync("""{"method":"Unary","asks":[{}]}""")).Code);
    }

    [Theory]
    [InlineData(ProbePeer.Js, "%2Fvar%2Flib%2Fkubelet%2Fplugins_registry%2Fx.sock")]
    [InlineData(ProbePeer.Python, "%2Fvar%2Flib%2Fkubelet%2Fplugins_registry%2Fx.sock")]
    [InlineData(ProbePeer.Js, "/run/x.sock")]
    [InlineData(ProbePeer.Js, "under_score:1")]
    [InlineData(ProbePeer.Python, "[::1]")]
    public async Task Callers_may_name_any_authority_on_a_unix_socket(string peer, string authority)
    {
        await using var host = await ProbeHost.StartAsync();
        await using var client = await ProbeClient.StartAsync(
            peer, host.Address, new() { ["options"] = new JsonObject { ["grpc.default_authority"] = authority } });

        for (var call = 0; call < 3; call++) // the later ones refer to the headers of the first
        {
            var result = await client.CallAsync($$"""{"method":"Unary","asks":[{"payloadBytes":50000}],"metadata":{"big":"{{new string('x', 20_000)}}","echo-b":"{{call}}"} }""");

            Assert.Equal((0, ""), (result.Code, result.Details));
            Assert.Equal($"{call}", (string?)result.Trailers["echo-b"]);
            Assert.Equal(20_000, ((string?)result.Answer["metadata"]!["big"])!.Length);
        }
    }
}
