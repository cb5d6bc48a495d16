namespace AIInfra.Core.Health;

/// <summary>Remembers which problems were cleared lately and how often each came back. Bounded. Not thread-safe: the board holds its lock.</summary>
internal sealed class FlapMemory(TimeProvider time)
{
    /// <summary>Unless a report asks for another.</summary>
    public static readonly TimeSpan DefaultWindow = TimeSpan.FromMinutes(10);

    /// <summary>So often a problem may come back within its window; the next time it is held.</summary>
    private const int MostReturns = 3;
    private const int Limit = 2000;

    private readonly Dictionary<(string Id, Subject Subject), Past> _pasts = [];

    private sealed class Past
    {
        public long Cleared { get; set; }
        public List<long> Returns { get; } = [];
    }

    /// <summary>Its source says it is over.</summary>
    public void Cleared(string id, Subject subject, long at)
    {
        if (_pasts.Count >= Limit)
            Prune();
        if (!_pasts.TryGetValue((id, subject), out var past))
            _pasts.Add((id, subject), past = new Past());
        past.Cleared = at;
    }

    /// <summary>It is there again.</summary>
    /// <param name="window">Zero: it may come and go as it likes.</param>
    /// <returns>How often it came back within its window if that is too often, else 0.</returns>
    public int Returned(string id, Subject subject, long at, TimeSpan window)
    {
        if (!_pasts.TryGetValue((id, subject), out var past))
            return 0;
        past.Returns.RemoveAll(before => time.GetElapsedTime(before, at) > window);
        if (time.GetElapsedTime(past.Cleared, at) <= window)
            past.Returns.Add(at);
        return past.Returns.Count > MostReturns && window > TimeSpan.Zero ? past.Returns.Count : 0;
    }

    /// <summary>A person has judged it.</summary>
    public void Forget(string id, Subject subject) => _pasts.Remove((id, subject));

    /// <summary>Those that have been quiet go first; if that is not enough, all: a storm over so many subjects is no flapping.</summary>
    private void Prune()
    {
        var now = time.GetTimestamp();
        foreach (var key in _pasts.Where(past => time.GetElapsedTime(past.Value.Cleared, now) > DefaultWindow).Select(past => past.Key).ToList())
            _pasts.Remove(key);
        if (_pasts.Count >= Limit)
            _pasts.Clear();
    }
}
