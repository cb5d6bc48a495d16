using System.Net.Sockets;
using System.Runtime.Versioning;
using AIInfra.FunctionalTests.Protos;
using AIInfra.Grpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.FunctionalTests.Grpc;

public sealed class GrpcServerLifetimeTests
{
    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task A_socket_is_its_owners_alone_and_is_removed_at_stop()
    {
        await using var host = await ProbeHost.StartAsync();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(host.SocketPath));
        await host.Server.StopAsync(TimeSpan.Zero).Soon();
        Assert.False(File.Exists(host.SocketPath));
    }

    [Fact]
    public async Task An_address_in_use_is_an_io_error_and_leaves_its_holder_alone()
    {
        await using var host = await ProbeHost.StartAsync();
        using var channel = GrpcChannel.ForUnixSocket(host.SocketPath);

        await Assert.ThrowsAnyAsync<IOException>(() => StartAsync(new() { SocketPath = host.SocketPath })).Soon();

        Assert.Equal("hi", (await channel.UnaryAsync(ProbeService.Unary, new Ask { Text = "hi" }, cancellationToken: Patience.Token).Soon()).Text);
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_an_io_error() =>
        await Assert.ThrowsAnyAsync<IOException>(() => StartAsync(new() { SocketPath = "/nonexistent/folder/x.sock" })).Soon();

    [Fact]
    public async Task Two_addresses_or_none_are_refused() => await Assert.ThrowsAsync<ArgumentException>(() => StartAsync(new())).Soon();

    [Fact]
    public async Task A_call_that_runs_at_stop_may_end_well_within_the_grace_and_new_ones_find_nobody()
    {
        var (entered, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        var table = new GrpcServiceTable().Unary(ProbeService.Unary, async (ask, call) =>
        {
            entered.SetResult();
            await release.Task;
            return new Answer { Text = ask.Text };
        });
        await using var folder = new TemporaryFolder();
        await using var server = await StartAsync(new() { SocketPath = folder.File("x.sock") }, table);
        using var channel = GrpcChannel.ForUnixSocket(folder.File("x.sock"));
        var running = channel.UnaryAsync(ProbeService.Unary, new Ask { Text = "done" }, cancellationToken: Patience.Token);
        await entered.Task.Soon();

        var stopping = server.StopAsync(TimeSpan.FromSeconds(20));
        var refused = await Assert.ThrowsAsync<GrpcException>(
            () => channel.UnaryAsync(ProbeService.Unary, new Ask(), cancellationToken: Patience.Token)).Soon();
        release.SetResult();

        Assert.Equal(GrpcStatus.Unavailable, refused.Status);
        Assert.Equal("done", (await running.Soon()).Text);
        await stopping.Soon();
    }

    [Fact]
    public async Task A_handler_that_does_not_heed_its_token_is_cut_off_after_the_grace()
    {
        var (entered, release) = (new TaskCompletionSource(), new TaskCompletionSource<Answer>());
        var table = new GrpcServiceTable().Unary(ProbeService.Unary, (ask, call) =>
        {
            entered.SetResult();
            return release.Task;
        });
        await using var folder = new TemporaryFolder();
        await using var server = await StartAsync(new() { SocketPath = folder.File("x.sock") }, table);
        using var channel = GrpcChannel.ForUnixSocket(folder.File("x.sock"));
        var running = channel.UnaryAsync(ProbeService.Unary, new Ask(), cancellationToken: Patience.Token);
        await entered.Task.Soon();

        await server.StopAsync(TimeSpan.FromMilliseconds(100)).Soon();

        Assert.Equal(GrpcStatus.Unavailable, (await Assert.ThrowsAsync<GrpcException>(() => running).Soon()).Status);
        release.SetResult(new Answer());
    }

    [Fact]
    public async Task A_caller_that_does_not_read_does_not_hold_up_the_stop()
    {
        await using var host = await ProbeHost.StartAsync();
        using var http = new RawHttp(host.SocketPath);
        using var unread = await http.SendAsync(RawHttp.Frame(new Ask { Answers = -1, AnswerBytes = 100_000 }), "/aiinfra.probe.Probe/ServerStream");

        await host.Server.StopAsync(TimeSpan.FromMilliseconds(500)).Soon();

        Assert.Equal("ServerStream", await host.NextCancelledAsync());
    }

    [Fact]
    public async Task A_server_can_start_again_on_the_same_path_and_the_channel_finds_it()
    {
        await using var folder = new TemporaryFolder();
        using var channel = GrpcChannel.ForUnixSocket(folder.File("x.sock"));
        for (var time = 0; time < 3; time++)
        {
            await using var server = await StartAsync(new() { SocketPath = folder.File("x.sock") }, ProbeService.Table(_ => { }));
            Assert.Equal("hi", (await ReachAsync(channel)).Text);
        }

        // The first call may still go down the connection that broke: Unavailable, which callers try again.
        static async Task<Answer> ReachAsync(GrpcChannel channel)
        {
            try
            {
                return await channel.UnaryAsync(ProbeService.Unary, new Ask { Text = "hi" }, cancellationToken: Patience.Token).Soon();
            }
            catch (GrpcException broken) when (broken.Status == GrpcStatus.Unavailable)
            {
                return await channel.UnaryAsync(ProbeService.Unary, new Ask { Text = "hi" }, cancellationToken: Patience.Token).Soon();
            }
        }
    }

    [Fact]
    public async Task An_idle_caller_keeps_its_connection_beyond_the_beat_of_the_servers_clock()
    {
        await using var host = await ProbeHost.StartAsync();
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(host.SocketPath), Patience.Token);
        byte[] greeting = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0];
        await socket.SendAsync(greeting, Patience.Token);
        var buffer = new byte[1024];
        const int Hello = 9 + 24 + 9 + 4 + 9; // settings, a larger window, and the answer to ours
        for (var heard = 0; heard < Hello;)
            heard += await socket.ReceiveAsync(buffer, Patience.Token).AsTask().Soon();

        var silence = socket.ReceiveAsync(buffer, Patience.Token).AsTask(); // a goodbye would end it

        await Assert.ThrowsAsync<TimeoutException>(() => silence.WaitAsync(TimeSpan.FromSeconds(3), Patience.Token));
    }

    [Fact]
    public async Task Many_calls_share_a_connection()
    {
        await using var host = await ProbeHost.StartAsync();
        using var channel = GrpcChannel.ForUnixSocket(host.SocketPath);

        var answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(index => channel.UnaryAsync(
            ProbeService.Unary, new Ask { Text = $"{index}", AnswerBytes = 20_000 }, cancellationToken: Patience.Token))).Soon();

        Assert.Equal(Enumerable.Range(0, 300).Select(index => $"{index}"), answers.Select(answer => answer.Text));
    }

    private static Task<GrpcServer> StartAsync(GrpcServerOptions options, GrpcServiceTable? table = null) =>
        GrpcServer.StartAsync(options, table ?? new(), TimeProvider.System, NullLoggerFactory.Instance, Patience.Token);
}
