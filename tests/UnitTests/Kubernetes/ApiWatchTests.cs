using System.Buffers;
using System.Text;
using System.Text.Json;
using AIInfra.Kubernetes.Api;

namespace AIInfra.UnitTests.Kubernetes;

public sealed class ApiWatchTests
{
    [Theory]
    [InlineData("""{"type":"ADDED"}""")]
    [InlineData("""{"type":"ERROR"}""")]
    [InlineData("""{"type":"MODIFIED","object":null}""")]
    [InlineData("""{"type":"MODIFIED","object":[]}""")]
    [InlineData("null")]
    [InlineData("{")]
    public void A_line_that_is_no_event_is_said_to_be_none(string line) => Assert.ThrowsAny<JsonException>(() => Parse(line));

    [Fact]
    public void An_event_of_a_kind_of_a_later_server_is_passed_over() => Assert.Null(Parse("""{"type":"LATER","object":{}}"""));

    [Fact]
    public void An_event_is_its_kind_and_its_object() =>
        Assert.Equal((WatchKind.Deleted, "n"), Parse("""{"type":"DELETED","object":{"metadata":{"name":"n"}}}""") is { } read ? (read.Kind, read.Item.Metadata.Name) : default);

    private static WatchEvent<NodeObject>? Parse(string line) => ApiWatch<NodeObject>.Parse(
        new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(line)), ApiJson.Default.NodeObject, status => new ApiException(ApiFault.Conflict, status.Reason ?? ""));
}
