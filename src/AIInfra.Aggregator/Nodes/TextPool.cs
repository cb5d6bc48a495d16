using System.Collections.Concurrent;

namespace AIInfra.Aggregator.Nodes;

/// <summary>One copy of each text that many nodes have in common: models, vendors, ids of problems. When it is full it begins anew, so that texts of long ago do not
/// keep those of today out; what has a text keeps it. Any thread.</summary>
/// <param name="most">Texts.</param>
internal sealed class TextPool(int most = 20_000)
{
    private const int LongestText = 128;

    private readonly ConcurrentDictionary<string, string> _texts = new(StringComparer.Ordinal);
    private int _taken;

    /// <param name="longest">Beyond it the text is cut.</param>
    public string Of(string text, int longest = LongestText)
    {
        var cut = Cut(text, longest);
        if (cut.Length is 0 or > LongestText)
            return cut;
        if (_texts.TryGetValue(cut, out var known))
            return known;
        if (Interlocked.Increment(ref _taken) > most)
        {
            _texts.Clear();
            Volatile.Write(ref _taken, 1);
        }
        return _texts.GetOrAdd(cut, cut);
    }

    /// <summary>The text, at most so long, without splitting a character in two.</summary>
    public static string Cut(string text, int longest) =>
        text.Length <= longest ? text : text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)];
}
