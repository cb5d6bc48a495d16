using AIInfra.Grpc;
using AIInfra.Grpc.Wire;
using FsCheck;
using FsCheck.Fluent;

namespace AIInfra.UnitTests.Grpc;

public sealed class GrpcMetadataTests
{
    [Theory]
    [InlineData("AAE=")]
    [InlineData("AAE")]
    public void Bytes_are_read_with_and_without_padding(string text)
    {
        GrpcMetadata metadata = [];
        metadata.Add("x-bin", text);

        Assert.Equal([0, 1], metadata.FindBytes("x-bin")!);
    }

    [Fact]
    public void Any_bytes_survive_the_round_trip() =>
        Prop.ForAll<byte[]>(bytes =>
        {
            GrpcMetadata sent = [], received = [];
            sent.AddBytes("x-bin", bytes);
            foreach (var (name, value) in sent)
                MetadataHeaders.Receive(received, name, value);
            return received.FindBytes("x-bin")!.AsSpan().SequenceEqual(bytes);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Byte_values_that_were_joined_by_commas_come_apart_and_texts_do_not()
    {
        GrpcMetadata metadata = [];

        MetadataHeaders.Receive(metadata, "Some-Bin", "AAE=,Ag , /w==");
        MetadataHeaders.Receive(metadata, "Text", "a,b");

        Assert.Equal(["AAE=", "Ag", "/w==", "a,b"], metadata.Select(entry => entry.Value));
        Assert.Equal(["some-bin", "some-bin", "some-bin", "text"], metadata.Select(entry => entry.Key));
    }

    [Fact]
    public void Headers_of_the_protocol_are_not_metadata()
    {
        GrpcMetadata metadata = [];

        foreach (var name in new[] { ":path", "grpc-timeout", "Content-Type", "TE", "grpc-status" })
            MetadataHeaders.Receive(metadata, name, "x");

        Assert.Empty(metadata);
    }

    [Theory]
    [InlineData("grpc-status", "0")]
    [InlineData("Upper", "x")]
    [InlineData("", "x")]
    [InlineData("sp ace", "x")]
    [InlineData("text", "ü")]
    [InlineData("text", "a\nb")]
    public void What_http2_cannot_carry_is_named_in_a_sentence(string name, string value)
    {
        GrpcMetadata metadata = [];
        metadata.Add(name, value);

        Assert.NotNull(MetadataHeaders.Complaint(metadata));
    }

    [Fact]
    public void Bytes_need_a_name_that_says_so() => Assert.Throws<ArgumentException>(() => new GrpcMetadata().AddBytes("x", [1]));

    [Fact]
    public void What_is_not_base64_is_no_bytes()
    {
        GrpcMetadata metadata = [];
        metadata.Add("x-bin", "***");

        Assert.Null(metadata.FindBytes("x-bin"));
        Assert.Null(metadata.FindBytes("y-bin"));
    }
}
