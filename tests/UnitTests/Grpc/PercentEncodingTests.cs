using AIInfra.Grpc.Wire;
using FsCheck;
using FsCheck.Fluent;

namespace AIInfra.UnitTests.Grpc;

public sealed class PercentEncodingTests
{
    [Theory]
    [InlineData("plain text ~!", "plain text ~!")]
    [InlineData("100%", "100%25")]
    [InlineData("a\nb", "a%0Ab")]
    [InlineData("ü", "%C3%BC")]
    [InlineData("🔥", "%F0%9F%94%A5")]
    [InlineData("", "")]
    public void Text_is_encoded_as_other_implementations_do(string text, string encoded)
    {
        Assert.Equal(encoded, PercentEncoding.Encode(text));
        Assert.Equal(text, PercentEncoding.Decode(encoded));
    }

    [Theory]
    [InlineData("100%", "100%")]
    [InlineData("%2", "%2")]
    [InlineData("%zz", "%zz")]
    [InlineData("%c3%bc", "ü")]
    [InlineData("%FF", "\uFFFD")]
    public void What_is_no_escape_stays_as_it_is(string encoded, string text) => Assert.Equal(text, PercentEncoding.Decode(encoded));

    [Fact]
    public void A_long_text_is_cut_between_two_characters()
    {
        var encoded = PercentEncoding.Encode("a" + new string('ü', 5000));

        Assert.InRange(encoded.Length, PercentEncoding.MaxEncoded - 6, PercentEncoding.MaxEncoded);
        Assert.Equal("a" + new string('ü', (encoded.Length - 1) / 6), PercentEncoding.Decode(encoded));
    }

    [Fact]
    public void Any_text_survives_the_round_trip_in_printable_ascii() =>
        Prop.ForAll<string>(text =>
        {
            if (text is null || text.Any(char.IsSurrogate) || text.Length > 300)
                return true;
            var encoded = PercentEncoding.Encode(text);
            return encoded.All(c => c is >= ' ' and <= '~') && PercentEncoding.Decode(encoded) == text;
        }).QuickCheckThrowOnFailure();
}
