using System.Collections.Immutable;
using System.Text;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Packs;
using AIInfra.Vendors.Ascend;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.Vendors;

/// <summary>Every problem that the agent can raise, with its texts.</summary>
public static class ProblemCatalog
{
    public static IReadOnlyList<ProblemText> All { get; } = Read();

    /// <summary>What the readings of a vendor raise that no line of a log does.</summary>
    private static IReadOnlyList<string> Files => ["amd", "cambricon", "intel", "generic"];

    private static IReadOnlyList<ProblemText> Read() =>
    [
        .. ProblemText.Common, .. NvidiaTexts.All, .. AscendTexts.All,
        .. VendorLogs.Packs.SelectMany(name => TextsOf(VendorLogs.Read(name, isWhole: true))),
        .. Files.SelectMany(name => ProblemText.Read(typeof(ProblemCatalog).Assembly, $"{name}.problems.tsv")),
        .. HostPacks.Names.SelectMany(name => TextsOf(HostPacks.Read(name, isWhole: true))),
    ];

    private static readonly Dictionary<string, string> Headings = new(StringComparer.Ordinal)
    {
        ["amd"] = "AMD",
        ["ascend"] = "Ascend",
        ["cambricon"] = "Cambricon",
        ["intel"] = "Intel",
        ["rdma"] = "RDMA",
        ["generic"] = "Devices of a table",
        ["pcie"] = "PCI Express",
        ["memory"] = "Host memory and machine checks",
        ["kernel"] = "Kernel and processors",
        ["cpu"] = "Kernel and processors",
        ["disk"] = "Disks",
        ["fs"] = "Local file systems",
        ["mount"] = "Remote mounts",
        ["net"] = "Network",
        ["kubelet"] = "Services of the node",
        ["runtime"] = "Services of the node",
        ["cni"] = "Services of the node",
        ["time"] = "Services of the node",
        ["dns"] = "Services of the node",
        ["registry"] = "Services of the node",
        ["p2p"] = "Services of the node",
        ["host"] = "Services of the node",
    };

    /// <summary>The texts of an id; a bare number is an Xid. Null when no problem has it.</summary>
    public static ProblemText? Find(string id)
    {
        if (id.Length > 0 && id.All(char.IsAsciiDigit))
            id = $"nvidia.xid.{id}";
        return All.FirstOrDefault(text => text.Id == id) ?? NvidiaTexts.Find(id) ?? AscendTexts.Find(id);
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
        page.Append("table is raised as degraded, an Ascend code as the driver's own severity says; a line that says how bad it is (`rdma.mlx5.health`, `memory.mce`, `fs.btrfs`), or is seen too often, raises its problem with another severity\n");
        page.Append("than the one below. A user's own rules (`health.rules`) add ids of their own; a rule of the same id takes the place of the built-in ones, and\n");
        page.Append("`disables: ID` switches them off.\n");
        foreach (var group in All.GroupBy(Heading))
        {
            page.Append($"\n## {group.Key}\n\n| id | severity | cause | suggested action | ends | meaning |\n|---|---|---|---|---|---|\n");
            foreach (var text in group)
                page.Append($"| `{text.Id}` | {Word(text.Severity)} | {Word(text.Cause)} | {Word(text.Action)} | {ProblemPhrases.Of(text.Clearing).English} | {text.Meaning.English} {text.Advice.English}".TrimEnd()).Append(" |\n");
        }
        return page.ToString();
    }

    private static string Heading(ProblemText text) => text.Id.Split('.') switch
    {
        ["nvidia", "xid", ..] => "NVIDIA Xids",
        ["nvidia", "sxid", ..] => "NVIDIA switches",
        ["nvidia", ..] => "NVIDIA, others",
        [var first, ..] => Headings.GetValueOrDefault(first, "Every vendor"),
        [] => "Every vendor",
    };

    /// <summary>Of each id what its first rule says: the usual case.</summary>
    private static IEnumerable<ProblemText> TextsOf(ImmutableArray<LogRule> rules) => rules.Where(rule => rule.Text is not null).DistinctBy(rule => rule.Id)
        .Select(rule => new ProblemText(rule.Id, rule.Severity, rule.Cause, rule.Action, rule.Clearing, new(rule.Message, rule.Text!.Chinese), new(rule.Text.Advice, rule.Text.ChineseAdvice)));

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
