using System.Text;
using AIInfra.Core.Health.Logs;
using AIInfra.Linux.KernelLog;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Logs;

/// <summary>Real and composed lines with what each means (<c>testdata/lines.tsv</c>, the origin of each in its last column).</summary>
public sealed class LabelledLinesTests
{
    public sealed record Labelled(string Source, string Line, string Expected)
    {
        public override string ToString() => Line.Length <= 100 ? Line : Line[..100];
    }

    public static IEnumerable<TheoryDataRow<Labelled>> Lines => File.ReadLines(RepositoryRoot.Combine("tests", "UnitTests", "Logs", "testdata", "lines.tsv"))
        .Skip(1).Select(row => row.Split('\t')).Select(cells => new TheoryDataRow<Labelled>(new Labelled(cells[0], cells[1].Replace("\\n", "\n", StringComparison.Ordinal), Expected(cells))));

    [Theory]
    [MemberData(nameof(Lines))]
    public void Each_line_of_a_saved_log_means_what_its_label_says(Labelled labelled)
    {
        Assert.Equal(labelled.Expected, LogCheck.Problems(labelled.Line));
        Assert.Equal(labelled.Expected, LogCheck.Problems(labelled.Line.Replace("\n", "\r\n", StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void The_same_line_means_the_same_behind_every_head(Labelled labelled)
    {
        if (labelled.Source != "kmsg")
            return;
        foreach (var head in (string[])["[  842.113907] ", "[  842.113907][ T1234] ", "[Mon Feb 10 11:02:41 2026] ", "[Feb10 11:02] ", "<4>[  842.113907] ", "kern  :err   : [  842.113907] ",
            "Feb 19 08:41:22 node-07 kernel: [311904.552310] ", "Feb  9 08:41:22 node-07 kernel: ", "2026-02-19T08:41:22.123456+01:00 node-07 kernel: ",
            "2026-02-10T11:02:41,123456+00:00 ", "<4>1 2026-02-19T08:41:22Z node-07 kernel - - - ", "[  842.113907] node-07 kernel: ", "3,1204,511200345,-;", "3,1204,511200345,-,caller=T8843;"])
        {
            var text = string.Join('\n', labelled.Line.Split('\n').Select(line => head + line));
            Assert.True(labelled.Expected == LogCheck.Problems(text), $"behind \"{head}\": {LogCheck.Problems(text)}");
        }
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void The_same_line_quoted_by_a_process_means_nothing(Labelled labelled)
    {
        if (labelled.Source is not ("kmsg" or "dmesg"))
            return;
        foreach (var head in (string[])["Feb 19 08:41:22 node-07 python3[4242]: ", "2026-02-19T08:41:22.123456+01:00 node-07 train: ", "12,1204,511200345,-;", "<12>", "user  :err   : [  842.113907] ",
            "<14>1 2026-02-19T08:41:22Z node-07 app 17 - - ", "[  842.113907] node-07 python3[17]: "])
            Assert.Equal("", LogCheck.Problems(string.Join('\n', labelled.Line.Split('\n').Select(line => head + line))));
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void A_record_that_holds_the_lines_of_one_message_means_the_same(Labelled labelled)
    {
        if (labelled.Source != "kmsg")
            return;
        var bytes = Encoding.UTF8.GetBytes($"3,1,1,-;{labelled.Line.Replace("\n", "\\x0a", StringComparison.Ordinal)}");
        Assert.True(KernelLogRecord.TryParse(bytes, out var record));
        var findings = new List<LogFinding>();
        LogCheck.Matcher().Match(new LogLine(record.Message, LogOrigin.Kernel, record.Sequence), findings);

        Assert.Equal(labelled.Expected, LogCheck.Join(findings));
    }

    private static string Expected(string[] cells)
    {
        if (cells[2] == "-")
            return "";
        var (severities, actions) = (cells[3].Split(';'), cells[4].Split(';'));
        return string.Join(';', cells[2].Split(';').Select((id, at) => $"{id}/{severities[at]}/{actions[at]}"));
    }
}
