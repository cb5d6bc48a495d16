namespace AIInfra.Aggregator.Identity;

/// <summary>What a node may be called: as a host or a Kubernetes node is.</summary>
internal static class NodeName
{
    public const string Form = "1 to 253 letters, digits, dots, dashes and underscores; between dots at most 63, with a letter or digit at both ends";

    public static bool IsGood(string name) => name.Length is > 0 and <= 253 && name.Split('.').All(IsGoodPart);

    private static bool IsGoodPart(string part) =>
        part.Length is > 0 and <= 63 && char.IsAsciiLetterOrDigit(part[0]) && char.IsAsciiLetterOrDigit(part[^1])
        && part.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_');

    /// <summary>A pattern is a name in which <c>*</c> stands for any run of letters.</summary>
    public static bool Matches(string pattern, string name)
    {
        var pieces = pattern.Split('*');
        if (pieces.Length == 1)
            return pattern == name;
        if (!name.StartsWith(pieces[0], StringComparison.Ordinal) || !name.EndsWith(pieces[^1], StringComparison.Ordinal) || name.Length < pieces[0].Length + pieces[^1].Length)
            return false;
        var middle = name.AsSpan(pieces[0].Length, name.Length - pieces[0].Length - pieces[^1].Length);
        foreach (var piece in pieces[1..^1])
        {
            var at = middle.IndexOf(piece, StringComparison.Ordinal);
            if (at < 0)
                return false;
            middle = middle[(at + piece.Length)..];
        }
        return true;
    }
}
