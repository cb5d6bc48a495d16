using System.Globalization;
using AIInfra.Core.Health;

namespace AIInfra.Vendors.Nvidia;

/// <summary>What every problem of this vendor means, in both languages: severities from the tables and the rule pack, Chinese and advice from <c>explain.tsv</c>.</summary>
internal static class NvidiaTexts
{
    private static readonly Dictionary<string, (string Chinese, InTwoLanguages Advice)> More = VendorData.Lines("nvidia.explain.tsv")
        .Select(line => line.Split('\t')).ToDictionary(cells => cells[0], cells => (cells[1], new InTwoLanguages(cells[2], cells[3])), StringComparer.Ordinal);

    /// <summary>All that have a row of their own, in the order of the reference.</summary>
    public static IEnumerable<ProblemText> All =>
    [
        .. NvidiaXidTable.Embedded.Known.OrderBy(xid => xid.Code).Select(Of),
        .. NvidiaSxidTable.Embedded.Known.OrderBy(known => known.Key).Select(known => Of(known.Key, known.Value, $"sxid {known.Value.Name}")),
        .. NvidiaLogRules.Rules.DistinctBy(rule => rule.Id).Select(rule => Text(rule.Id, rule.Severity, rule.Cause, rule.Action, rule.Clearing, rule.Message, rule.Id)),
        .. ProblemText.Read(typeof(NvidiaTexts).Assembly, "nvidia.problems.tsv"),
    ];

    /// <summary>Any code, also one that no table knows; null when the id is of another kind.</summary>
    public static ProblemText? Find(string id) =>
        Code(id, "nvidia.xid.") is { } xid ? Of(NvidiaXidTable.Embedded[xid])
        : Code(id, "nvidia.sxid.") is { } sxid ? Of(sxid, NvidiaSxidTable.Embedded[sxid], NvidiaSxidTable.Embedded[sxid].Name == "unknown" ? "sxid unknown-sxid" : $"sxid {NvidiaSxidTable.Embedded[sxid].Name}")
        : null;

    private static ProblemText Of(NvidiaXid xid) => Text(xid.ProblemId, xid.Severity, xid.Cause, xid.Action, xid.Clearing, xid.Message, $"xid {xid.Name}");

    private static ProblemText Of(int code, NvidiaSxidClass known, string key) =>
        Text(NvidiaSxidTable.ProblemId(code), known.Severity, known.Cause, known.Action, known.Clearing, known.Message, key);

    private static ProblemText Text(string id, Severity severity, Cause cause, SuggestedAction action, Clearing clearing, string message, string key) =>
        new(id, severity, cause, action, clearing, new(message, More[key].Chinese), More[key].Advice);

    private static int? Code(string id, string head) =>
        id.StartsWith(head, StringComparison.Ordinal) && int.TryParse(id.AsSpan(head.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? code : null;
}
