namespace AIInfra.Vendors.Generic;

/// <summary>A text with places in braces: <c>acme{n}</c>, <c>dri/{glob:drm/renderD*}</c>.</summary>
internal static class GenericTemplate
{
    /// <param name="places">What may stand in braces; one that ends with a colon takes a path behind it.</param>
    public static bool IsGood(string text, params ReadOnlySpan<string> places)
    {
        for (var at = 0; at < text.Length;)
        {
            var brace = text.AsSpan(at).IndexOfAny('{', '}');
            if (brace < 0)
                return true;
            at += brace;
            var end = text.IndexOf('}', at);
            if (text[at] == '}' || end < 0 || !IsPlace(text[(at + 1)..end], places))
                return false;
            at = end + 1;
        }
        return text.Length > 0;
    }

    /// <param name="value">Of what stands in a pair of braces; empty when there is none.</param>
    public static string Fill(string text, Func<string, string> value)
    {
        while (text.IndexOf('{') is >= 0 and var open && text.IndexOf('}', open) is > 0 and var close)
            text = string.Concat(text.AsSpan(0, open), value(text[(open + 1)..close]).Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal), text.AsSpan(close + 1));
        return text;
    }

    private static bool IsPlace(string place, ReadOnlySpan<string> places)
    {
        foreach (var known in places)
        {
            if (place == known && !known.EndsWith(':'))
                return true;
            if (known.EndsWith(':') && place.StartsWith(known, StringComparison.Ordinal) && place.Length > known.Length
                && place[known.Length..].Split('/').All(step => step.Length > 0 && step is not ("." or "..") && !step.Contains('{', StringComparison.Ordinal)))
                return true;
        }
        return false;
    }
}
