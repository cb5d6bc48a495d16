using System.Net;
using AIInfra.FunctionalTests.Protos;
using AIInfra.Grpc;

namespace AIInfra.FunctionalTests.Grpc;

/// <summary>What no well-meaning caller sends.</summary>
public sealed class GrpcServerRefusalTests
{
    [Theory]
    [InlineData("application/json")]
    [InlineData("application/grpc-web+proto")]
    [InlineData("")]
    public async Task Another_content_type_is_answered_with_415(string contentType)
    {
        await using var host = await ProbeHost.StartAsync();
        using var http = new RawHttp(host.SocketPath);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await http.SendAsync([], contentType: contentType)).StatusCode);
    }

    [Theory]
    [InlineData("application/grpc+proto")]
    [InlineData("application/grpc;charset=utf-8")]
    public async Task Content_types_of_grpc_are_served(string contentType)
    {
        await using var host = await ProbeHost.StartAsync();
        using var http = new RawHttp(host.SocketPath);

        var response = await http.SendAsync(RawHttp.Frame(new Ask()), contentType: contentType);

        await response.Content.ReadAsByteArrayAsync(Patience.Token).Soon();
        Assert.Equal("0", response.TrailingHeaders.GetValues("grpc-status").Single());
    }

    [Fact]
    public async Task Another_verb_is_answered_with_405()
    {
        await using var host = await ProbeHost.StartAsync();
        using var http = new RawHttp(host.SocketPath);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await http.SendAsync([], verb: "GET")).StatusCode);
    }

    [Fact]
    public async Task An_unknown_encoding_is_answered_with_the_known_ones()
    {
        await using var host = await ProbeHost.StartAsync();
        using var http = new RawHttp(host.SocketPath);

        var response = await http.SendAsync(RawHttp.Frame(new Ask()), headers: ("grpc-encoding", "snappy"));

        Assert.Equal((int)GrpcStatus.Unimplemented, RawHttp.TrailersOnly(response).Status);
        Assert.Equal("identity,gzip", response.Headers.GetValues("grpc-accept-encoding").Single());
    }

    [Theory]
    [InlineData("1")]
    [InlineData("1s")]
    [InlineData("123456789S")]
    public async Task A_deadline_that_cannot_be_read_is_refused_and_quoted(string timeout)
    {
        await using var host = await ProbeHost.StartAsync();
        using var http = new RawHttp(host.SocketPath);

        var (status, message) = RawHttp.TrailersOnly(await http.SendAsync(RawHttp.Frame(new Ask()), headers: ("grpc-timeout", timeout)));

        Assert.Equal((int)GrpcStatus.Internal, status);
        Assert.Contains($"'{timeout}'", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deadline_of_centuries_is_none()
    {
        await using var host = await ProbeHost.StartAsync();
        using var http = new RawHttp(host.SocketPath);

        var response = await http.SendAsync(RawHttp.Frame(new Ask()), headers: ("grpc-timeout", "99999999H"));

        await response.Content.ReadAsByteArrayAsync(Patience.Token).Soon();
        Assert.Equal("0", response.TrailingHeaders.GetValues("grpc-status").Single());
    }

    public static TheoryData<string, byte[], int> BrokenBodies => new()
    {
        { "nothing", [], 13 },
        { "half a prefix", [0, 0], 13 },
        { "half a message", RawHttp.Frame(new Ask { Text = "abc" })[..^1], 13 },
        { "two messages", [.. RawHttp.Frame(new Ask()), .. RawHttp.Frame(new Ask())], 13 },
        { "a flag of 2", RawHttp.Frame(new Ask(), flag: 2), 13 },
        { "compressed without an encoding", RawHttp.Frame(new Ask { Text = "abc" }, flag: 1), 13 },
        { "a length of 4 GiB", RawHttp.Frame(new Ask(), length: uint.MaxValue), 8 },
        { "no protobuf", [0, 0, 0, 0, 2, 0xFF, 0xFF], 13 },
    };

    [Theory, MemberData(nameof(BrokenBodies))]
    public async Task A_broken_body_ends_in_a_status_and_the_server_goes_on(string what, byte[] body, int expected)
    {
        await using var host = await ProbeHost.StartAsync();
        using var http = new RawHttp(host.SocketPath);
        using var channel = GrpcChannel.ForUnixSocket(host.SocketPath);

        var (status, message) = RawHttp.TrailersOnly(await http.SendAsync(body));
        var answer = await channel.UnaryAsync(ProbeService.Unary, new Ask { Text = "next" }, cancellationToken: Patience.Token).Soon();

        Assert.True(expected == status, $"{what}: {status} {message}");
        Assert.NotEmpty(message);
        Assert.Equal("next", answer.Text);
    }
}
