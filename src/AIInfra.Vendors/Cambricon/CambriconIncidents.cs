using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Logs;

namespace AIInfra.Vendors.Cambricon;

/// <summary>What the driver can find wrong with a board. A row of <c>incidents.tsv</c>.</summary>
/// <param name="Code">The driver's number.</param>
/// <param name="Name">The driver's word, as mlu-exporter prints it: <c>MLULINK_DOWN</c>.</param>
/// <param name="ProblemId">What it raises.</param>
internal sealed record CambriconIncident(int Code, string Name, string ProblemId)
{
    /// <summary>The field that holds the driver's verdict: 0 none, 10 warning, 20 failure.</summary>
    public string Field { get; } = $"incident_{Name.ToLowerInvariant()}";
    public required Severity Severity { get; init; }
    public required Cause Cause { get; init; }
    public required SuggestedAction Action { get; init; }
    public required string Message { get; init; }
}

/// <summary>All incidents of the header, in the order of their codes; severities and words are those of <c>problems.tsv</c>.</summary>
/// <remarks>Source: cndev.h of driver 6.x, <c>cndevHealthError_t</c>. That the device or the driver fails, data is lost or memory cannot be mended takes the board out; what
/// waits for a reset does not; what slows it down is worth an alert.</remarks>
internal static class CambriconIncidents
{
    public const int Warning = 10, Failure = 20;
    /// <summary>Where a number of no header is counted.</summary>
    public const int UnknownCode = 1;

    public static ImmutableArray<CambriconIncident> All { get; } = Load();

    private static ImmutableArray<CambriconIncident> Load()
    {
        var texts = VendorData.Lines("cambricon.problems.tsv").Select(line => line.Split('\t')).ToDictionary(cells => cells[0], StringComparer.Ordinal);
        var rows = VendorData.Lines("cambricon.incidents.tsv").Select(line => line.Split('\t')).Select(cells =>
        {
            var text = texts[cells[2]];
            return new CambriconIncident(int.Parse(cells[0], NumberStyles.None, CultureInfo.InvariantCulture), cells[1], cells[2])
            {
                Severity = LogRule.SeverityOf(text[1])!.Value,
                Cause = LogRule.CauseOf(text[2])!.Value,
                Action = LogRule.ActionOf(text[3])!.Value,
                Message = text[5],
            };
        }).ToImmutableArray();
        return rows.Select(row => row.Code).SequenceEqual(Enumerable.Range(0, rows.Length)) ? rows
            : throw new FormatException("incidents.tsv must have a row for each code from 0 on");
    }
}
