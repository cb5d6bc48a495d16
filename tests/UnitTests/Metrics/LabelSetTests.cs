using System.Text;
using AIInfra.Core.Metrics;
using FsCheck;
using FsCheck.Fluent;

namespace AIInfra.UnitTests.Metrics;

public sealed class LabelSetTests
{
    private static string Block(string value) => Encoding.UTF8.GetString(new LabelSet(new KeyValuePair<string, string>("name", value)).In(default));

    [Theory]
    [InlineData("NVIDIA H100 80GB HBM3", "NVIDIA H100 80GB HBM3")]
    [InlineData("昇腾 910B", "昇腾 910B")]
    [InlineData("a\\b", "a\\\\b")]
    [InlineData("a\"b", "a\\\"b")]
    [InlineData("a\nb", "a\\nb")]
    [InlineData("a\0b\tc\rd\u007fe\u0085f", "a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf")]
    public void A_value_is_escaped_as_the_format_wants_it(string value, string expected) =>
        Assert.Equal($"name=\"{expected}\"", Block(value));

    [Fact]
    public void Half_a_surrogate_pair_becomes_the_replacement_character() =>
        Assert.Equal("name=\"a\ufffdb\"", Block("a" + '\ud800' + "b"));

    [Fact]
    public void No_labels_are_no_block_and_several_are_in_the_given_order()
    {
        Assert.Equal(""u8, LabelSet.Empty.In(default));
        Assert.Equal("b=\"2\",a=\"1\""u8, new LabelSet(new("b", "2"), new("a", "1")).In(default));
    }

    [Fact]
    public void A_value_without_end_is_cut() =>
        Assert.Equal($"name=\"{new string('x', LabelSet.ValueLength)}\"", Block(new string('x', 100_000)));

    [Fact]
    [Trait("Kind", "Fuzz")]
    public void Any_value_reads_back_as_itself_but_for_what_cannot_be_printed() =>
        Prop.ForAll(Hostile.Text.ToArbitrary(), value =>
        {
            var line = Block(value);
            return !line.Contains('\n', StringComparison.Ordinal) && PageReader.Labels($"{{{line}}}")["name"] == Hostile.Printable(value);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
}
