namespace AIInfra.Core.Configuration;

/// <summary>Finds what a misspelt word was meant to be.</summary>
internal static class Spelling
{
    /// <summary>The nearest of the words; null when none is near enough to be meant.</summary>
    public static string? Nearest(string word, IEnumerable<string> words)
    {
        var nearest = words.MinBy(other => Distance(other, word));
        return nearest is not null && Distance(nearest, word) <= Math.Max(2, word.Length / 4) ? nearest : null;
    }

    /// <summary>Edits from one text to the other, letters of either case being equal (Levenshtein).</summary>
    private static int Distance(string from, string to)
    {
        if (Math.Abs(from.Length - to.Length) > 16)
            return int.MaxValue;
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var cost = char.ToUpperInvariant(from[i - 1]) == char.ToUpperInvariant(to[j - 1]) ? 0 : 1;
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + cost));
            }
        }
        return row[to.Length];
    }
}
