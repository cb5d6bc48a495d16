using System.Collections.Concurrent;

namespace AIInfra.Aggregator.Nodes;

/// <summary>One copy of each text that many nodes have in common: models, vendors, ids of problems. Bounded; what does not fit in is a copy of its own. Any thread.</summary>
internal sealed class TextPool
{
    private const int MostTexts = 20_000, LongestText = 128;

    private readonly ConcurrentDictionary<string, string> _texts = new(StringComparer.Ordinal);

    /// <param name="longest">Beyond it the text is cut.</param>
    public string Of(string text, int longest = LongestText)
    {
        var cut = Cut(text, longest);
        if (cut.Length is 0 or > LongestText)
            return cut;
        return _texts.TryGetValue(cut, out var known) ? known : _texts.Count < MostTexts ? _texts.GetOrAdd(cut, cut) : cut;
    }

    /// <summary>The text, at most so long, without splitting a character in two.</summary>
    public static string Cut(string text, int longest) =>
        text.Length <= longest ? text : text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)];
}
