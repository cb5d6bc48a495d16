using AIInfra.Core.Configuration;
using FsCheck;
using FsCheck.Fluent;

namespace AIInfra.UnitTests.Configuration;

public sealed class YamlConfigReaderTests
{
    [Fact]
    public void Settings_keep_the_line_and_column_of_key_and_value()
    {
        var (values, errors) = YamlConfigReader.Read("a.yaml", "kubelet:\n  root: /k\nmetrics: { profile: [dcgm, neutral] }\n");

        Assert.Empty(errors);
        Assert.Equal(("kubelet.root", "/k", "a.yaml:2:3", "a.yaml:2:9"), (values[0].Path, values[0].Scalar, values[0].KeyMark.ToString(), values[0].Mark.ToString()));
        Assert.Equal(["dcgm", "neutral"], values[1].Items);
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing but a comment\n")]
    [InlineData("---\n")]
    [InlineData("kubelet:\n")]
    [InlineData("kubelet: { root: }\n")]
    [InlineData("kubelet: { root: ~ }\n")]
    public void A_file_or_key_without_a_value_sets_nothing(string text)
    {
        var (values, errors) = YamlConfigReader.Read("a.yaml", text);

        Assert.Empty(values);
        Assert.Empty(errors);
    }

    [Fact]
    public void An_empty_text_in_quotes_is_a_value() =>
        Assert.Equal("", YamlConfigReader.Read("a.yaml", "node: { name: \"\" }").Values.Single().Scalar);

    [Theory]
    [InlineData("- a\n", "a.yaml:1:1", "mapping of sections")]
    [InlineData("a: 1\n---\nb: 2\n", "a.yaml:2:1", "second document")]
    [InlineData("a: { b: 1, b: 2 }\n", "a.yaml:1:12", "a.b: set a second time; the first is in line 1")]
    [InlineData("a: &x 1\nb: *x\n", "a.yaml:2:4", "b: an alias")]
    [InlineData("a: [[1]]\n", "a.yaml:1:5", "must be plain text")]
    [InlineData("? [x]\n: 1\n", "a.yaml:1:3", "a key must be plain text")]
    [InlineData("a: \"open\n", "a.yaml:", "not YAML")]
    [InlineData("a:\n\tb: 1\n", "a.yaml:2:1", "not YAML")]
    public void Each_wrong_shape_is_named_with_its_place(string text, string place, string message)
    {
        var error = YamlConfigReader.Read("a.yaml", text).Errors.First();

        Assert.StartsWith(place, error.ToString(), StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_one_error_with_its_name()
    {
        var error = YamlConfigReader.ReadFile("/nowhere/agent.yaml").Errors.Single();

        Assert.StartsWith("/nowhere/agent.yaml: the file cannot be read", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_nesting_ends_in_an_error_not_in_a_crash() =>
        Assert.NotEmpty(YamlConfigReader.Read("a.yaml", string.Concat(Enumerable.Repeat("{a: ", 5000))).Errors);

    [Fact]
    [Trait("Kind", "Fuzz")]
    public void No_text_at_all_throws()
    {
        var pieces = Gen.Elements("a", ":", " ", "\n", "- ", "{", "}", "[", "]", "\"", "'", "&x", "*x", "#", "|", ">", "!!int", "\t", "\u0000", "é", "---", "...", "? ", "<<");
        var text = Gen.ListOf(pieces).Select(parts => string.Concat(parts));

        Prop.ForAll(text.ToArbitrary(), candidate => YamlConfigReader.Read("f", candidate) is var _).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(2000));
    }
}
