using System.Text;
using System.Text.RegularExpressions;
using AIInfra.Core.Hosting.Logging;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Hosting;

/// <summary>docs/logs.md lists every message that the programs log, made from their declarations; AIINFRA_UPDATE_DOCS=1 rewrites it.</summary>
public sealed partial class LogReferenceTests
{
    private const string Mark = "\n## Events of the agent\n";
    private static readonly Dictionary<string, string> Levels = new()
    {
        ["Debug"] = "debug", ["Information"] = "info", ["Warning"] = "warning", ["Error"] = "error", ["Critical"] = "error",
    };
    private static readonly IReadOnlyDictionary<string, string> Sources = Directory
        .EnumerateFiles(RepositoryRoot.Combine("src"), "*.cs", new EnumerationOptions { RecurseSubdirectories = true })
        .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal) && !path.Contains("/node_modules/", StringComparison.Ordinal))
        .ToDictionary(path => path, File.ReadAllText, StringComparer.Ordinal);
    private static readonly IReadOnlyList<Declared> All = [.. Sources.SelectMany(source => Read(source.Key, source.Value)).OrderBy(declared => declared.Event, StringComparer.Ordinal)];

    [Fact]
    public void Every_declaration_is_read() =>
        Assert.Equal(Sources.Values.Sum(text => Regex.Count(text, @"\[LoggerMessage\(")), All.Count);

    [Fact]
    public void Every_event_has_a_name_of_its_own() =>
        Assert.Empty(All.GroupBy(declared => declared.Event).Where(group => group.Count() > 1).Select(group => $"{group.Key}: {string.Join(", ", group.Select(declared => declared.File))}"));

    /// <summary>A name without a dot is completed by the logger's category at run time, so the logger has to be the class's own.</summary>
    [Fact]
    public void A_class_that_is_lent_a_logger_gives_its_events_their_whole_names() =>
        Assert.Empty(All.Where(declared => !declared.IsWhole && !HasLogger(declared.Class)).Select(declared => $"{declared.File}: write EventName = \"{declared.Event}\""));

    [Fact]
    public void No_word_of_a_message_takes_the_place_of_a_field_that_every_record_has() =>
        Assert.Empty(All.SelectMany(declared => declared.Words.Select(JournalRecord.FieldName)).Intersect(["AIINFRA_EVENT", "AIINFRA_LOGGER", "AIINFRA_EXCEPTION"]));

    [Fact]
    public void The_page_lists_them()
    {
        var path = RepositoryRoot.Combine("docs", "logs.md");
        var page = File.ReadAllText(path);
        var expected = page[..page.IndexOf(Mark, StringComparison.Ordinal)] + Tables();
        if (Environment.GetEnvironmentVariable("AIINFRA_UPDATE_DOCS") == "1")
            File.WriteAllText(path, expected);

        Assert.Equal(expected, File.ReadAllText(path));
    }

    private static string Tables()
    {
        var text = new StringBuilder(Mark);
        Write(text, All.Where(declared => !declared.IsAggregator));
        text.Append("\n## Events of the aggregator alone\n");
        Write(text, All.Where(declared => declared.IsAggregator));
        return text.ToString();
    }

    private static void Write(StringBuilder text, IEnumerable<Declared> events)
    {
        text.Append("\n| event | level | message |\n|---|---|---|\n");
        foreach (var declared in events)
            text.Append($"| `{declared.Event}` | {declared.Level} | {declared.Message.Replace("|", "\\|", StringComparison.Ordinal)} |\n");
    }

    private static bool HasLogger(string name) => Sources.Values.Any(text => text.Contains($"ILogger<{name}>", StringComparison.Ordinal) || text.Contains($"CreateLogger<{name}>", StringComparison.Ordinal));

    private static IEnumerable<Declared> Read(string path, string text)
    {
        foreach (Match match in Declaration().Matches(text))
        {
            var owner = Owner().Matches(text[..match.Index])[^1].Groups[1].Value;
            var given = EventName().Match(match.Groups[1].Value);
            var method = match.Groups[2].Value;
            yield return new Declared(
                given.Success ? given.Groups[1].Value : $"{owner}.{method["Log".Length..]}", given.Success && given.Groups[1].Value.Contains('.', StringComparison.Ordinal), owner, Path.GetFileName(path),
                path.Contains("AIInfra.Aggregator/", StringComparison.Ordinal),
                Level().Match(match.Groups[1].Value) is { Success: true } level ? Levels[level.Groups[1].Value] : "by what it tells",
                Text().Match(match.Groups[1].Value).Groups[1].Value.Replace("\\\"", "\"", StringComparison.Ordinal));
        }
    }

    private sealed record Declared(string Event, bool IsWhole, string Class, string File, bool IsAggregator, string Level, string Message)
    {
        public IEnumerable<string> Words => Regex.Matches(Message, @"\{(\w+)").Select(match => match.Groups[1].Value);
    }

    [GeneratedRegex(@"\[LoggerMessage\((.*)\)\]\s*\n\s*(?:\w+ )*partial void (\w+)\(")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^(?:\w+ )*(?:class|record|struct) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Owner();

    [GeneratedRegex("EventName = \"([^\"]+)\"")]
    private static partial Regex EventName();

    [GeneratedRegex(@"Level = LogLevel\.(\w+)")]
    private static partial Regex Level();

    [GeneratedRegex("Message = \"((?:[^\"\\\\]|\\\\.)*)\"")]
    private static partial Regex Text();
}
