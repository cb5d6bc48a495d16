using System.Globalization;

namespace AIInfra.Vendors.Nvidia;

/// <summary>What the data files of this vendor have in common.</summary>
internal static class NvidiaData
{
    /// <summary>The codes of <c>11012,11021-11023</c>.</summary>
    public static IEnumerable<int> CodesOf(string codes)
    {
        foreach (var part in codes.Split(','))
        {
            var ends = part.Split('-');
            var first = int.Parse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture);
            for (var code = first; code <= int.Parse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture); code++)
                yield return code;
        }
    }
}
