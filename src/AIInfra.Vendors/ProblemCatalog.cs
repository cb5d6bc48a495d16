using System.Text;
using AIInfra.Core.Health;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.Vendors;

/// <summary>Every problem that the agent can raise, with its texts.</summary>
public static class ProblemCatalog
{
    public static IReadOnlyList<ProblemText> All { get; } = [.. ProblemText.Common, .. NvidiaTexts.All];

    /// <summary>The texts of an id; a bare number is an Xid. Null when no problem has it.</summary>
    public static ProblemText? Find(string id)
    {
        if (id.Length > 0 && id.All(char.IsAsciiDigit))
            id = $"nvidia.xid.{id}";
        return All.FirstOrDefault(text => text.Id == id) ?? NvidiaTexts.Find(id);
    }

    /// <summary>The ids that are written most like it, the nearest first.</summary>
    public static IEnumerable<string> Nearest(string id, int count) =>
        All.OrderBy(text => Distance(id.ToLowerInvariant(), text.Id)).ThenBy(text => text.Id.Length).Take(count).Select(text => text.Id);

    /// <summary>The reference page, Markdown.</summary>
    public static string Reference()
    {
        var page = new StringBuilder();
        page.Append("# Problems\n\nGenerated from the code; a test compares. `aiinfra-agent explain ID` says the same of one of them, in Chinese with `--lang zh`.\n");
        page.Append("Where a line or a reading says more than the table (Xids 94, 95, 144 to 150, 154; SXids), what it says wins. A number that is in no\n");
        page.Append("table is raised as degraded. A user's own rules (`health.rules`) add ids of their own.\n");
        foreach (var group in All.GroupBy(text => text.Id.StartsWith("nvidia.xid.", StringComparison.Ordinal) ? "NVIDIA Xids" : text.Id.StartsWith("nvidia.sxid.", StringComparison.Ordinal) ? "NVIDIA switches" : text.Id.StartsWith("nvidia.", StringComparison.Ordinal) ? "NVIDIA, others" : "Every vendor"))
        {
            page.Append($"\n## {group.Key}\n\n| id | severity | cause | suggested action | ends | meaning |\n|---|---|---|---|---|---|\n");
            foreach (var text in group)
                page.Append($"| `{text.Id}` | {Word(text.Severity)} | {Word(text.Cause)} | {Word(text.Action)} | {ProblemPhrases.Of(text.Clearing).English} | {text.Meaning.English} {text.Advice.English}".TrimEnd()).Append(" |\n");
        }
        return page.ToString();
    }

    private static string Word<T>(T value) where T : struct, Enum => System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());

    /// <summary>Levenshtein's.</summary>
    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0]++;
            for (var j = 1; j <= right.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (left[i - 1] == right[j - 1] ? 0 : 1)));
        }
        return row[^1];
    }
}
