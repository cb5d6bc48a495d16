using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using AIInfra.Core.Health.Logs;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Logs;

/// <summary>The kernel's own formats, as its drivers hold them (<c>testdata/kernel-formats.tsv</c>: taken out of the modules of Debian's Linux
/// 6.1, which a person can do again), filled with values.</summary>
public sealed partial class KernelFormatsTests
{
    private const int Lines = 20_000, LeastFormats = 2_000, LeastDrivers = 100;

    private static readonly (string Driver, string Format)[] Formats =
        [.. File.ReadLines(RepositoryRoot.Combine("tests", "UnitTests", "Logs", "testdata", "kernel-formats.tsv")).Skip(1).Select(line => line.Split('\t')).Select(cells => (cells[0], cells[1]))];

    [Fact]
    public void Twenty_thousand_lines_of_the_kernels_own_formats_raise_nothing()
    {
        var random = new Random(20261128);
        var matcher = LogCheck.Matcher();
        var findings = new List<LogFinding>();
        for (var at = 0; at < Lines; at++)
        {
            var line = Fill(Formats[at % Formats.Length].Format, random);
            matcher.Match(new LogLine(Encoding.UTF8.GetBytes(line), LogOrigin.Kernel, at), findings);
            Assert.True(findings.TrueForAll(finding => finding.IsClear), line);
            findings.Clear();
        }

        Assert.InRange(Formats.Distinct().Count(), LeastFormats, Lines);
        Assert.InRange(Formats.Select(format => format.Driver).Distinct().Count(), LeastDrivers, Lines);
        Assert.DoesNotContain(Formats, format => Fill(format.Format, random).Contains("%l", StringComparison.Ordinal));
    }

    private static string Fill(string format, Random random) => Conversion().Replace(format, conversion => conversion.Groups["type"].Value switch
    {
        "%" => "%",
        "s" => Words[random.Next(Words.Length)],
        "c" => "x",
        "x" or "X" or "p" => random.NextInt64(1L << 40).ToString("x", CultureInfo.InvariantCulture),
        _ => random.Next(100_000).ToString(CultureInfo.InvariantCulture),
    });

    private static readonly string[] Words = ["eth0", "nvme0n1", "0000:3b:00.0", "GPU", "nvidia", "python3", "Xid", "NVRM", "", "sda", "mlx5_0", "failed", "PCI:0000:3b:00", "fallen off the bus"];

    [GeneratedRegex(@"%[-+ #0]*(\*|[0-9]+)?(\.(\*|[0-9]+))?(hh|h|ll|l|z|t|L)?(?<type>[diouxXcspn%])[A-Za-z0-9]{0,3}(?![a-z])|%[-+ #0]*(\*|[0-9]+)?(\.(\*|[0-9]+))?(hh|h|ll|l|z|t|L)?(?<type>[diouxXcspn%])")]
    private static partial Regex Conversion();
}
