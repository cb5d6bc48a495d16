using System.Buffers.Text;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Logs;

namespace AIInfra.Vendors.Nvidia;

/// <summary>What the lines of the Xids 144 to 150 mean: faults of NVLink 5, from the data file <c>nvlink5.tsv</c>.</summary>
/// <remarks><para>A line: <c>145, RLW_REMAP  Fatal   XC0 i0 Link 03 (0x04056082 0x00000040 0x00000000 0x00000000 0x00000000 0x00000000)</c>.
/// The first word tells unit and sub-code (bits 20 to 25), the second the status. Columns of the file: Xid, unit as printed, its code in the
/// newer layout (low seven bits) and in the older one (low ten), by what the row is chosen, its values, and what follows; all numbers are hexadecimal.</para>
/// <para>Where no row fits, the line's own word counts: Fatal or Nonfatal.</para></remarks>
internal sealed class NvidiaLinkTable
{
    public const int FirstXid = 144, LastXid = 150;
    private const string Resource = "nvidia.nvlink5.tsv";

    private readonly record struct Row(int Xid, string Unit, uint Code, uint OldCode, string By, ImmutableArray<uint> Values, string Result);

    private readonly ImmutableArray<Row> _rows;

    private NvidiaLinkTable(ImmutableArray<Row> rows) => _rows = rows;

    public static NvidiaLinkTable Embedded { get; } = Parse(VendorData.Lines(Resource));

    /// <param name="verdict">What the table of Xids says; it stands when the line is not of the known form.</param>
    /// <param name="text">The line after the code.</param>
    public LogVerdict Decode(int xid, LogVerdict verdict, ReadOnlySpan<byte> text)
    {
        var link = text.LastIndexOf(" Link "u8);
        if (link < 0 || !TryWords(text[(link + " Link "u8.Length)..], out var info, out var status))
            return verdict;
        var head = Encoding.UTF8.GetString(text[..link]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (head is not [.., var unit, "Fatal" or "Nonfatal", _, _])
            return verdict;
        var isFatal = head[^3] == "Fatal";
        return (ResultOf(xid, unit, info, status) ?? (isFatal ? "reset" : "observe")) switch
        {
            "reset" => verdict with { Severity = Severity.Fatal, Cause = Cause.Fabric, Action = SuggestedAction.ResetDevice, Clearing = Clearing.OnReset, Message = Say(verdict, "the GPU must be reset") },
            "ignore" => verdict with { Severity = Severity.Info, Cause = Cause.Fabric, Action = SuggestedAction.Observe, Clearing = Clearing.AfterQuiet(TimeSpan.FromHours(1)), Message = Say(verdict, "nothing needs to be done unless it returns") },
            "evaluate" => verdict with { Severity = Severity.Degraded, Cause = Cause.Fabric, Action = SuggestedAction.Observe, Clearing = Clearing.AfterQuiet(TimeSpan.FromHours(24)), Message = Say(verdict, "the recovery action (Xid 154) of this GPU says what it needs") },
            _ => verdict with { Severity = Severity.Degraded, Cause = Cause.Fabric, Action = SuggestedAction.Observe, Clearing = Clearing.AfterQuiet(TimeSpan.FromHours(24)), Message = Say(verdict, "look at the link's cable and at its peer") },
        };
    }

    private static string Say(LogVerdict verdict, string advice) =>
        verdict.Message.IndexOf(';', StringComparison.Ordinal) is > 0 and var end ? $"{verdict.Message[..end]}; {advice}." : verdict.Message;

    private string? ResultOf(int xid, string unit, uint info, uint status)
    {
        var byName = _rows.Where(row => row.Xid == xid && unit.StartsWith(row.Unit, StringComparison.Ordinal)).ToArray();
        var rows = byName.Length > 0 ? byName : [.. _rows.Where(row => row.Xid == xid && (row.OldCode == (info & 0x3FF) || row.Code == (info & 0x7F)))];
        foreach (var row in rows)
        {
            if (Fits(row, info, status))
                return row.Result;
        }
        return null;
    }

    private static bool Fits(Row row, uint info, uint status)
    {
        var subcode = (info >> 20) & 0x3F;
        return row.By switch
        {
            "any" => true,
            "status" => row.Values.Contains(status),
            "status-next-bit-clear" => row.Values.Contains(status) && (info & (row.OldCode == (info & 0x3FF) ? 0x400u : 0x80u)) == 0,
            "subcode" => row.Values.Contains(subcode),
            _ => row.Values.Contains(status) || row.Values.Contains(subcode),
        };
    }

    /// <summary><c>03 (0x04056082 0x00000040 …)</c>; the link is -1 when it is about none.</summary>
    private static bool TryWords(ReadOnlySpan<byte> text, out uint info, out uint status)
    {
        (info, status) = (0, 0);
        if (!Utf8Parser.TryParse(text, out int _, out var length))
            return false;
        var rest = new NvidiaLogText(text[length..].TrimStart(" "u8));
        return rest.Take("("u8) && rest.TakeHex(out info) && rest.Take(" "u8) && rest.TakeHex(out status);
    }

    internal static NvidiaLinkTable Parse(IEnumerable<string> lines)
    {
        var rows = ImmutableArray.CreateBuilder<Row>();
        foreach (var line in lines)
        {
            if (line.Split('\t') is not [var xid, var unit, var code, var old, var by, var values, var result])
                throw new FormatException($"{Resource}: \"{line}\" has not seven columns");
            rows.Add(new Row(int.Parse(xid, CultureInfo.InvariantCulture), unit, Hex(code), Hex(old), by, [.. values.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Hex)], result));
        }
        return new NvidiaLinkTable(rows.ToImmutable());
    }

    private static uint Hex(string text) => uint.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
