namespace AIInfra.Aggregator.Nodes;

/// <summary>One copy of each name that a node uses several times: the ids of its devices stand in links, problems and workloads too. Not thread-safe; one for each message.</summary>
/// <param name="before">What is known of the node already; null: nothing.</param>
internal sealed class OwnNames(NodeRecord? before)
{
    private const int Longest = 253;

    private Dictionary<string, string>? _names;

    public string Of(string name)
    {
        var cut = TextPool.Cut(name, Longest);
        _names ??= (before?.Devices ?? []).ToDictionary(device => device.Id, device => device.Id, StringComparer.Ordinal);
        if (_names.TryGetValue(cut, out var known))
            return known;
        _names[cut] = cut;
        return cut;
    }
}
