using System.Diagnostics;
using System.Text.RegularExpressions;
using AIInfra.EndToEndTests.Installed;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>The commands that the pages give. Blocks after <c>&lt;!-- run: machine --&gt;</c> are run as they stand on a booted machine, in the folder of the packages; of all others it is
/// shown that the programs know the command with its options, and make the target.</summary>
[Collection(BootedSystem.Collection)]
public sealed partial class DocCommandsTests(BootedSystem system)
{
    /// <summary>Not for people: the program's own children, and the tables that pages are made of.</summary>
    private static readonly string[] Inner = ["vendor-host", "probe-host", "config-reference"];

    private static readonly string[] Pages =
    [
        RepositoryRoot.Combine("README.md"), RepositoryRoot.Combine("CONTRIBUTING.md"), .. Directory.GetFiles(RepositoryRoot.Combine("docs"), "*.md", SearchOption.AllDirectories),
    ];

    [Fact]
    public async Task What_the_install_page_gives_is_done_literally_and_works()
    {
        var machine = system.Machine;
        InstalledFiles.Package("aiinfra-agent");
        await InstalledFiles.ClearAsync(machine);
        var before = await InstalledFiles.TraceAsync(machine);
        var commands = Marked(await File.ReadAllTextAsync(RepositoryRoot.Combine("docs", "install.md"), TestContext.Current.CancellationToken)).ToList();
        Assert.True(commands.Count >= 6, "The marked blocks were not found.");

        foreach (var command in commands)
        {
            var started = Stopwatch.GetTimestamp();
            var (status, output) = await machine.TryRunAsync("env", "DEBIAN_FRONTEND=noninteractive", "sh", "-ec", $"cd /opt/aiinfra/package; {command}");
            TestContext.Current.TestOutputHelper?.WriteLine($"{Stopwatch.GetElapsedTime(started).TotalSeconds,5:0.0} s  {command}");
            Assert.True(status == 0, $"{command} ended with {status}:\n{output}{await machine.JournalOfAsync("aiinfra-agent")}");
        }

        Assert.Equal([], (await InstalledFiles.TraceAsync(machine)).Except(before).Order());
    }

    [Fact]
    public async Task Every_command_that_a_page_gives_is_known_with_its_options()
    {
        var (helps, unknown, found) = (new Dictionary<string, string>(), new List<string>(), 0);
        foreach (var page in Pages)
        {
            foreach (var match in Code(await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken)).SelectMany(line => ProgramCommand().Matches(line)))
            {
                var (program, command) = (match.Groups["program"].Value, match.Groups["command"].Value.Trim());
                if (Inner.Contains(command))
                    continue;
                found++;
                if (!helps.TryGetValue($"{program} {command}", out var help))
                {
                    await using var asked = PeerProcess.Start(RepositoryRoot.Combine("out", "bin", program), [.. command.Split(' '), "--help"]);
                    helps[$"{program} {command}"] = help = await asked.WaitForExitAsync(TestContext.Current.CancellationToken) == 0 ? asked.Transcript : "";
                }
                var options = Option().Matches(match.Groups["rest"].Value).Select(option => option.Groups["name"].Value).Where(option => !help.Contains(option, StringComparison.Ordinal)).ToList();
                if (help.Length == 0 || options.Count > 0)
                    unknown.Add($"{Path.GetFileName(page)}: {match.Value.Trim()} ({(help.Length == 0 ? "no such command" : string.Join(", ", options))})");
            }
        }

        Assert.Equal([], unknown);
        Assert.True(found > 50, $"Only {found} commands were found.");
    }

    [Fact]
    public async Task Every_target_that_a_page_gives_is_known_to_make()
    {
        var makefile = await File.ReadAllTextAsync(RepositoryRoot.Combine("Makefile"), TestContext.Current.CancellationToken);
        List<string> unknown = [];
        foreach (var page in Pages)
        {
            foreach (var match in Code(await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken)).SelectMany(line => MakeTarget().Matches(line)))
            {
                if (!Regex.IsMatch(makefile, $"^{match.Groups["target"].Value}:", RegexOptions.Multiline))
                    unknown.Add($"{Path.GetFileName(page)}: {match.Value}");
            }
        }
        Assert.Equal([], unknown);
    }

    /// <summary>The commands of the blocks, indented or fenced, that stand after the mark, without what is said behind them.</summary>
    private static IEnumerable<string> Marked(string page)
    {
        foreach (Match block in MarkedBlock().Matches(page))
        {
            foreach (var line in block.Groups["lines"].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                yield return Comment().Replace(line, "").TrimEnd();
        }
    }

    /// <summary>What stands in blocks, a line each, and between backticks.</summary>
    private static IEnumerable<string> Code(string page) => CodePlaces().Matches(page)
        .SelectMany(place => (place.Groups["fenced"].Success ? place.Groups["fenced"] : place.Groups["indented"].Success ? place.Groups["indented"] : place.Groups["inline"]).Value.Split('\n'))
        .Select(line => Comment().Replace(line.Trim(), ""));

    [GeneratedRegex(@"<!-- run: machine -->\n+(```\w*\n(?<lines>(?:(?!```).*\n)+)|(?<lines>(?:    .*\n)+))")]
    private static partial Regex MarkedBlock();

    [GeneratedRegex(@"\s+#\s.*$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"^```\w*\n(?<fenced>(?:(?!```).*\n)*)```|(?<indented>(?:^ {4}.*\n)+)|`(?<inline>[^`\n]+)`", RegexOptions.Multiline)]
    private static partial Regex CodePlaces();

    /// <summary>At the beginning of a command; of the aggregator's groups the second word is a part of the command.</summary>
    [GeneratedRegex(@"(?:^|-- |\| |&& |; )(?:sudo )?(?:\S*/)?(?<program>aiinfra-agent|aiinfra-aggregator) (?<command>(?:(?:token|certificate|authority) )?(?!aiinfra)[a-z][a-z-]+)(?<rest>.*)")]
    private static partial Regex ProgramCommand();

    [GeneratedRegex(@"(?<=[\s\[])(?<name>--[a-z][a-z-]+|-o)\b")]
    private static partial Regex Option();

    [GeneratedRegex("^make (?<target>[a-z][a-z0-9-]+)")]
    private static partial Regex MakeTarget();
}
