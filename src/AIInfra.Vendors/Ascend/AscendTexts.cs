using AIInfra.Core.Health;

namespace AIInfra.Vendors.Ascend;

/// <summary>What every problem of this vendor means, in both languages.</summary>
internal static class AscendTexts
{
    private static readonly InTwoLanguages None = new("", "");

    /// <summary>All that have a row of their own: the agent's conclusions, then the codes that are explained.</summary>
    public static IEnumerable<ProblemText> All =>
    [
        .. ProblemText.Read(typeof(AscendTexts).Assembly, "ascend.problems.tsv"),
        .. AscendFaultTable.Embedded.Explained.Select(Of),
    ];

    /// <summary>Any code, also one that no table knows; null when the id is of another kind.</summary>
    public static ProblemText? Find(string id) => AscendFaultTable.CodeOf(id) is { } code ? Of(code) : null;

    private static ProblemText Of(uint code) => AscendFaultTable.Embedded[code] is var fault
        ? new ProblemText(fault.ProblemId, fault.Severity, fault.Cause, fault.Action, fault.Clearing, fault.Meaning, None) : null!;
}
