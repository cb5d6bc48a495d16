using System.Text.RegularExpressions;
using AIInfra.Core.Health.Npd.Patterns;

namespace AIInfra.UnitTests.Npd;

/// <summary>What RE2 means by a pattern, on texts where .NET's own reading of it would differ. Each pattern must match up to the end of the text.</summary>
public sealed class Re2PatternTests
{
    [Theory]
    // classes are ASCII only
    [InlineData(@"\d", "4", true)]
    [InlineData(@"\d", "٣", false)]
    [InlineData(@"\w", "é", false)]
    [InlineData(@"\W", "é", true)]
    [InlineData(@"\s", "\v", false)]
    [InlineData(@"a\s", "a\f", true)]
    [InlineData(@"a\s", "a\u00a0", false)]
    [InlineData(@"a\S", "a\u00a0", true)]
    [InlineData(@"[[:alpha:]]", "x", true)]
    [InlineData(@"^[[:alpha:]]$", ":", false)]
    [InlineData(@"^[[:^alpha:]]$", ":", true)]
    [InlineData(@"^[[:space:]]$", "\v", true)]
    [InlineData(@"^[^[:digit:]a]$", "a", false)]
    [InlineData(@"^[]a]$", "]", true)]
    [InlineData(@"^[a-]$", "-", true)]
    [InlineData(@"^[\d-x]$", "-", true)]
    [InlineData(@"^[^a]$", "\n", true)]
    // the end is the very end
    [InlineData(@"fatal$", "fatal\n", false)]
    [InlineData(@"fatal$", "fatal", true)]
    [InlineData(@"(?m)fatal$.*", "fatal", true)]
    [InlineData(@"full", "disk full now", false)]
    [InlineData(@"full.*", "disk full now", true)]
    [InlineData(@"full.*", "disk full\nnow", false)]
    [InlineData(@"(?s)full.*", "disk full\nnow", true)]
    // the appended end binds the last branch only
    [InlineData(@"alpha|beta", "alpha and more", true)]
    [InlineData(@"alpha|beta", "beta and more", false)]
    [InlineData(@"(alpha|beta)", "alpha and more", false)]
    [InlineData(@"(?:alpha|beta)", "alpha and more", false)]
    // groups and switches
    [InlineData(@"(?P<kind>oops)", "oops", true)]
    [InlineData(@"(?<kind>oops)", "oops", true)]
    [InlineData(@"(?i)OoPs", "oops", true)]
    [InlineData(@"(?i:OO)ps", "ooPs", false)]
    [InlineData(@"(?i)k", "\u212a", true)]
    [InlineData(@"(?i)[s]", "\u017f", true)]
    [InlineData(@"a(?i)b|c", "C", true)]
    [InlineData(@"(?U)a+", "aaa", true)]
    [InlineData(@"(?-s).", "\n", false)]
    // literal text
    [InlineData(@"\Q[a.b]\E+", "[a.b]]", true)]
    [InlineData(@"\Qa.b", "axb", false)]
    [InlineData(@"\x41\x{1F600}", "A😀", true)]
    [InlineData(@"\101", "A", true)]
    [InlineData(@"\_\-\.", "_-.", true)]
    [InlineData(@"a{,2}", "a{,2}", true)]
    [InlineData(@"a{2", "a{2", true)]
    [InlineData(@"^a{2,3}", "aaa", true)]
    [InlineData(@"^a{2,3}", "aaaa", false)]
    [InlineData(@"a#b c", "a#b c", true)]
    // code points above U+FFFF are one
    [InlineData(@"^.$", "😀", true)]
    [InlineData(@"^..$", "😀", false)]
    [InlineData(@"^[^a]$", "😀", true)]
    [InlineData(@"^[^😀]$", "😁", true)]
    [InlineData(@"^[^😀]$", "😀", false)]
    [InlineData(@"^[😀-😂]+$", "😁😂", true)]
    [InlineData(@"^[^a]*b$", "😀😀b", true)]
    // properties
    [InlineData(@"^\pN$", "Ⅷ", true)]
    [InlineData(@"^\p{Lu}$", "É", true)]
    [InlineData(@"^\p{^Lu}$", "É", false)]
    [InlineData(@"^\PL$", "1", true)]
    [InlineData(@"^\p{Greek}+$", "λόγος", true)]
    [InlineData(@"^\p{Han}+$", "漢字", true)]
    // boundaries are ASCII
    [InlineData(@"\bfail\b", "fail", true)]
    [InlineData(@"x\b.*", "xé", true)]
    [InlineData(@"x\B.*", "xé", false)]
    // anchors
    [InlineData(@"^b", "a\nb", false)]
    [InlineData(@"(?m)^b", "a\nb", true)]
    [InlineData(@"\Ab", "a\nb", false)]
    [InlineData(@"^*a", "a", true)]
    [InlineData(@"", "anything", true)]
    [InlineData(@"()", "anything", true)]
    [InlineData(@"(|a)", "b", true)]
    [InlineData(@"a\", "a\\z", true)] // the appended letters complete the escape: that is how two texts put together read
    public void Matches_as_RE2_does(string pattern, string text, bool isMatch)
    {
        if (pattern == @"a\")
        {
            Assert.Throws<Re2Exception>(() => Re2Pattern.EndingAtEnd(pattern)); // alone it is no pattern, and is refused before
            return;
        }
        var translated = Re2Pattern.EndingAtEnd(pattern);

        Assert.Equal(isMatch, Regex.IsMatch(text, translated.Exact, RegexOptions.CultureInvariant));
    }

    [Theory]
    [InlineData(@"\bfail\b", "xfail fail")]
    [InlineData(@"[^a]+\d{2,4}(x|y)*$", "bc1234xy")]
    [InlineData(@"(?i)err(or)?.*", "no ERROR here")]
    [InlineData(@"(?m)^b$.*", "a\nb")]
    public void Runs_without_backtracking(string pattern, string text)
    {
        var linear = new Regex(Re2Pattern.EndingAtEnd(pattern).Linear, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);

        Assert.Matches(linear, text);
    }

    [Theory]
    [InlineData(@"(?=a)b", 0, "look-around")]
    [InlineData(@"(?<=a)b", 0, "look-around")]
    [InlineData(@"(?>a)", 0, "atomic")]
    [InlineData(@"(a)\1", 3, @"\1")]
    [InlineData(@"a\Z", 1, @"\Z")]
    [InlineData(@"\C", 0, @"\C")]
    [InlineData(@"ab[c-a]", 3, "ends before it begins")]
    [InlineData(@"ab[c", 2, "]")]
    [InlineData(@"ab(c", 2, ")")]
    [InlineData(@"ab)c", 2, ")")]
    [InlineData(@"*a", 0, "nothing before")]
    [InlineData(@"a**", 2, "repeats a repetition")]
    [InlineData(@"a{2}{3}", 4, "repeats a repetition")]
    [InlineData(@"a{1001}", 1, "1000")]
    [InlineData(@"(a{100}){11}", 8, "1000")]
    [InlineData(@"a{3,2}", 1, "no count")]
    [InlineData(@"[[:letters:]]", 1, "letters")]
    [InlineData(@"\p{Klingon}", 0, "Klingon")]
    [InlineData(@"\x{110000}", 0, "10FFFF")]
    [InlineData(@"x\", 1, "backslash")]
    [InlineData(@"(?P<a-b>x)", 0, "name")]
    [InlineData(@"(?z)x", 0, "RE2 has no group")]
    public void Refuses_what_RE2_refuses_and_says_where(string pattern, int position, string why)
    {
        var fault = Assert.Throws<Re2Exception>(() => Re2Pattern.EndingAtEnd(pattern));

        Assert.Equal(position, fault.Position);
        Assert.Contains(why, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(@"EXT4-fs error .*", true, "EXT4-fs error ")]
    [InlineData(@"task [\S ]+:\w+ blocked for more than \w+ seconds\.", true, " blocked for more than ")]
    [InlineData(@".*\[Hardware Error\]: event severity: fatal$", true, "[Hardware Error]: event severity: fatal")]
    [InlineData(@"alpha|beta.*", false, "alpha,beta")]
    [InlineData(@"^delta.*", false, "delta")]
    [InlineData(@"a\sb", false, "a")]
    [InlineData(@"(?s)head.tail.*", false, "head")]
    [InlineData(@"(?i)bad", true, "BAD,BAd,BaD,Bad,bAD,bAd,baD,bad")]
    [InlineData(@"(un)?known", true, "known")]
    [InlineData(@"x+yz", true, "yz")]
    [InlineData(@".*", true, "")]
    [InlineData(@"a|.*", false, "")]
    [InlineData(@"Started (Kubernetes kubelet|kubelet.service).", true, "Started ")]
    public void Knows_what_every_match_holds_and_whether_one_line_decides(string pattern, bool isOfOneLine, string literals)
    {
        var translated = Re2Pattern.EndingAtEnd(pattern);

        Assert.Equal(isOfOneLine, translated.IsOfOneLine);
        Assert.Equal(literals, string.Join(',', translated.Literals.Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void Groups_capture_in_the_order_in_which_they_begin()
    {
        var pattern = Re2Pattern.Capturing(@"(?P<time>\d+) (.*)", TimeSpan.FromSeconds(1));

        var match = pattern.Match("12 rest");

        Assert.Equal(["12 rest", "12", "rest"], match.Groups.Values.Select(group => group.Value));
    }
}
