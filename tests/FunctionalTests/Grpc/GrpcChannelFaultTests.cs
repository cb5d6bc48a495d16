using AIInfra.FunctionalTests.Protos;
using AIInfra.Grpc;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace AIInfra.FunctionalTests.Grpc;

/// <summary>Servers that answer HTTP and break gRPC's rules, and callers that break their own calls.</summary>
public sealed class GrpcChannelFaultTests
{
    private const string Grpc = "application/grpc";
    private static readonly byte[] OneAnswer = RawHttp.Frame(new Answer { Text = "x" });

    [Theory]
    [InlineData(400, GrpcStatus.Internal)]
    [InlineData(401, GrpcStatus.Unauthenticated)]
    [InlineData(403, GrpcStatus.PermissionDenied)]
    [InlineData(404, GrpcStatus.Unimplemented)]
    [InlineData(429, GrpcStatus.Unavailable)]
    [InlineData(502, GrpcStatus.Unavailable)]
    [InlineData(503, GrpcStatus.Unavailable)]
    [InlineData(504, GrpcStatus.Unavailable)]
    [InlineData(500, GrpcStatus.Unknown)]
    public async Task An_http_error_stands_for_the_status_that_the_protocol_names(int http, GrpcStatus expected)
    {
        var fault = await CallAsync(context =>
        {
            context.Response.StatusCode = http;
            return Task.CompletedTask;
        });

        Assert.Equal(expected, fault.Status);
        Assert.Contains($"{http}", fault.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_web_page_is_no_answer() =>
        Assert.Equal(GrpcStatus.Unknown, (await CallAsync(context => AnswerAsync(context, "text/html", "<html>"u8.ToArray(), []))).Status);

    [Fact]
    public async Task An_answer_without_trailers_is_an_error_though_its_message_came() =>
        Assert.Equal(GrpcStatus.Internal, (await CallAsync(context => AnswerAsync(context, Grpc, OneAnswer, []))).Status);

    [Theory]
    [InlineData("ok", GrpcStatus.Unknown)]
    [InlineData("99", GrpcStatus.Unknown)]
    [InlineData("-1", GrpcStatus.Unknown)]
    [InlineData("16", GrpcStatus.Unauthenticated)]
    public async Task A_status_is_read_or_is_unknown(string text, GrpcStatus expected) =>
        Assert.Equal(expected, (await CallAsync(context => AnswerAsync(context, Grpc, OneAnswer, [("grpc-status", text)]))).Status);

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Ok_needs_exactly_one_message_where_one_belongs(int messages) =>
        Assert.Equal(GrpcStatus.Internal, (await CallAsync(context => AnswerAsync(
            context, Grpc, [.. Enumerable.Repeat(OneAnswer, messages).SelectMany(answer => answer)], [("grpc-status", "0")]))).Status);

    [Fact]
    public async Task An_encoding_that_was_not_offered_is_refused() => Assert.Equal(GrpcStatus.Internal, (await CallAsync(context =>
    {
        context.Response.Headers["grpc-encoding"] = "snappy";
        return AnswerAsync(context, Grpc, OneAnswer, [("grpc-status", "0")]);
    })).Status);

    [Theory]
    [InlineData(7, GrpcStatus.Unavailable)]
    [InlineData(8, GrpcStatus.Cancelled)]
    [InlineData(11, GrpcStatus.ResourceExhausted)]
    [InlineData(2, GrpcStatus.Internal)]
    public async Task A_reset_stands_for_the_status_that_the_protocol_names(int code, GrpcStatus expected) =>
        Assert.Equal(expected, (await CallAsync(async context =>
        {
            await AnswerAsync(context, Grpc, OneAnswer, []);
            context.Features.GetRequiredFeature<IHttpResetFeature>().Reset(code);
        })).Status);

    [Fact]
    public async Task A_server_that_is_not_there_is_unavailable_at_once()
    {
        using var channel = GrpcChannel.ForUnixSocket("/nonexistent/x.sock");

        Assert.Equal(GrpcStatus.Unavailable, (await FailsAsync<GrpcException>(channel.UnaryAsync(ProbeService.Unary, new Ask(), cancellationToken: Patience.Token))).Status);
    }

    [Fact]
    public void A_path_that_no_socket_address_holds_is_refused() =>
        Assert.ThrowsAny<ArgumentException>(() => GrpcChannel.ForUnixSocket("/" + new string('x', 200)));

    [Fact]
    public async Task A_deadline_in_the_past_asks_nobody()
    {
        await using var host = await ProbeHost.StartAsync();
        using var channel = GrpcChannel.ForUnixSocket(host.SocketPath);

        var late = await FailsAsync<GrpcException>(channel.UnaryAsync(ProbeService.Unary, new Ask(), new() { Timeout = TimeSpan.FromSeconds(-1) }, Patience.Token));

        Assert.Equal(GrpcStatus.DeadlineExceeded, late.Status);
    }

    [Fact]
    public async Task What_the_callers_own_requests_fail_with_is_what_the_caller_gets()
    {
        await using var host = await ProbeHost.StartAsync();
        using var channel = GrpcChannel.ForUnixSocket(host.SocketPath);

        var own = await FailsAsync<InvalidTimeZoneException>(channel.ClientStreamingAsync(ProbeService.ClientStream, FailAsync(), cancellationToken: Patience.Token));
        var size = await FailsAsync<GrpcException>(GrpcChannel.ForUnixSocket(host.SocketPath, new() { MaxSendBytes = 10 })
            .UnaryAsync(ProbeService.Unary, new Ask { Text = "twelve bytes" }, cancellationToken: Patience.Token));

        Assert.Equal("mine", own.Message);
        Assert.Equal(GrpcStatus.ResourceExhausted, size.Status);

        static async IAsyncEnumerable<Ask> FailAsync()
        {
            yield return new Ask();
            await Task.Yield();
            throw new InvalidTimeZoneException("mine");
        }
    }

    [Fact]
    public async Task Metadata_that_cannot_be_sent_is_refused_here()
    {
        using var channel = GrpcChannel.ForUnixSocket("/nonexistent/x.sock");
        var headers = new GrpcMetadata();
        headers.Add("grpc-status", "0");

        var fault = await FailsAsync<GrpcException>(channel.UnaryAsync(ProbeService.Unary, new Ask(), new() { Headers = headers }, Patience.Token));

        Assert.Equal(GrpcStatus.Internal, fault.Status);
    }

    private static async Task<GrpcException> CallAsync(RequestDelegate answer)
    {
        await using var folder = new TemporaryFolder();
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(folder.File("x.sock"), listen => listen.Protocols = HttpProtocols.Http2));
        await using var server = builder.Build();
        server.Run(answer);
        await server.StartAsync(Patience.Token);
        using var channel = GrpcChannel.ForUnixSocket(folder.File("x.sock"));
        return await FailsAsync<GrpcException>(channel.UnaryAsync(ProbeService.Unary, new Ask(), cancellationToken: Patience.Token));
    }

    private static async Task AnswerAsync(HttpContext context, string contentType, byte[] body, (string Name, string Value)[] trailers)
    {
        context.Response.ContentType = contentType;
        await context.Response.Body.WriteAsync(body, Patience.Token);
        foreach (var (name, value) in trailers)
            context.Response.AppendTrailer(name, value);
    }

    private static Task<T> FailsAsync<T>(Task call) where T : Exception => Assert.ThrowsAsync<T>(() => call).Soon();
}
