using System.Text;
using AIInfra.Core.Health.Logs;

namespace AIInfra.UnitTests.Logs;

public sealed class OrdinaryLinesTests
{
    private const int Lines = 20_000, LeastFormats = 2_000, LeastDrivers = 100;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Twenty_thousand_ordinary_lines_of_more_than_a_hundred_drivers_raise_nothing(int seed)
    {
        var ordinary = new OrdinaryLines(seed);
        var matcher = LogCheck.Matcher();
        var formats = new HashSet<string>(StringComparer.Ordinal);
        var text = new StringBuilder();
        for (var at = 0; at < Lines; at++)
        {
            var (line, format) = ordinary.Next();
            formats.Add(format);
            text.Append(line).Append('\n');
            var findings = new List<LogFinding>();
            matcher.Match(new LogLine(Encoding.UTF8.GetBytes(line), LogOrigin.Kernel, at), findings);
            Assert.True(findings.All(finding => finding.IsClear), line);
        }

        Assert.True(formats.Count >= LeastFormats && OrdinaryLines.Drivers >= LeastDrivers, $"{formats.Count} formats of {OrdinaryLines.Drivers} drivers");
        Assert.Equal("", LogCheck.Problems(text.ToString()));
    }
}
