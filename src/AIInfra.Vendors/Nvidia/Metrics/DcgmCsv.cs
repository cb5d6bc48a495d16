using System.Collections.Immutable;
using System.Text;

namespace AIInfra.Vendors.Nvidia.Metrics;

/// <summary>Rows of dcgm-exporter's CSV files: comma separated, cells trimmed and optionally quoted, a line that begins with # is none.</summary>
internal static class DcgmCsv
{
    private const int MostLines = 10_000;

    /// <returns>Line numbers from 1; empty lines and comments are left out.</returns>
    public static IEnumerable<(int Number, ImmutableArray<string> Cells)> Rows(string text)
    {
        var number = 0;
        foreach (var line in text.Split('\n').Take(MostLines))
        {
            number++;
            var row = line.TrimStart('\uFEFF').Trim();
            if (row.Length > 0 && row[0] != '#')
                yield return (number, Cells(row));
        }
    }

    private static ImmutableArray<string> Cells(string row)
    {
        var cells = ImmutableArray.CreateBuilder<string>();
        var at = 0;
        do
        {
            cells.Add(Cell(row, ref at));
        }
        while (at++ < row.Length); // over the comma
        return cells.ToImmutable();
    }

    /// <summary>Leaves <paramref name="at"/> at the comma after it, or at the end.</summary>
    private static string Cell(string row, ref int at)
    {
        while (at < row.Length && row[at] == ' ')
            at++;
        if (at >= row.Length || row[at] != '"')
        {
            var comma = row.IndexOf(',', at);
            var end = comma < 0 ? row.Length : comma;
            var plain = row[at..end].Trim();
            at = end;
            return plain;
        }
        var cell = new StringBuilder();
        for (at++; at < row.Length; at++)
        {
            if (row[at] != '"')
                cell.Append(row[at]);
            else if (at + 1 < row.Length && row[at + 1] == '"')
                cell.Append(row[at++]);
            else
                break;
        }
        at = row.IndexOf(',', Math.Min(at, row.Length)) is >= 0 and var next ? next : row.Length;
        return cell.ToString().Trim();
    }
}
