using System.Text;

namespace AIInfra.Core.Health.Logs;

/// <summary>Finds in one pass over a line which of many literals it holds: an Aho-Corasick automaton with one table look-up a byte.</summary>
/// <remarks>About 1 ns a byte whatever the number of literals. Allocates nothing after it was built. Immutable: threads may share it.</remarks>
public sealed class LiteralSet
{
    /// <summary>Bytes that all literals together may have: states are counted in fifteen bits.</summary>
    public const int MostBytes = 32_000;

    private const ushort Ends = 0x8000; // in this state a literal ends
    private const int Root = 0;

    private readonly byte[] _classes = new byte[256];
    private readonly int _shift;
    private readonly ushort[] _next;
    private readonly int[]?[] _ending;

    /// <param name="literals">None is empty; UTF-8 of them is looked for. The same text may be there more than once.</param>
    /// <exception cref="ArgumentException">They are more than <see cref="MostBytes"/> together, or use all 256 bytes.</exception>
    public LiteralSet(IReadOnlyList<string> literals)
    {
        var texts = literals.Select(Encoding.UTF8.GetBytes).ToArray();
        if (texts.Sum(text => text.Length) > MostBytes)
            throw new ArgumentException($"The literals of all rules together have more than {MostBytes} bytes.", nameof(literals));
        var classes = 1; // 0: a byte that no literal holds
        foreach (var letter in texts.SelectMany(text => text).Distinct().Order())
            _classes[letter] = (byte)(classes < 256 ? classes++ : throw new ArgumentException("The literals use every byte there is.", nameof(literals)));
        _shift = 32 - int.LeadingZeroCount(classes - 1);

        var trie = new Trie(1 << _shift, texts.Sum(text => text.Length) + 1);
        for (var at = 0; at < texts.Length; at++)
            trie.Add(texts[at], at, _classes);
        (_next, _ending) = trie.Complete(Ends);
    }

    /// <summary>Bytes of its tables.</summary>
    public int Size => (_next.Length * sizeof(ushort)) + (_ending.Length * 8);

    /// <summary>Marks in <paramref name="found"/> the places of the literals that stand in the text.</summary>
    /// <param name="found">Empty, or cleared by <see cref="LiteralHits.Clear"/>, before.</param>
    /// <returns>False when there is none.</returns>
    public bool Find(ReadOnlySpan<byte> text, LiteralHits found)
    {
        var (next, classes, shift) = (_next, _classes, _shift);
        var state = Root;
        foreach (var letter in text)
        {
            var entry = next[(state << shift) | classes[letter]];
            state = entry & ~Ends;
            if ((entry & Ends) != 0)
                found.Add(_ending[state]!);
        }
        return found.Count > 0;
    }

    /// <param name="most">States that there can be.</param>
    private sealed class Trie(int width, int most)
    {
        private readonly ushort[] _next = new ushort[most * width];
        private readonly int[]?[] _ending = new int[most][];
        private int _states = 1;

        public void Add(byte[] text, int place, byte[] classes)
        {
            var state = Root;
            foreach (var letter in text)
            {
                ref var next = ref _next[(state * width) + classes[letter]];
                if (next == Root)
                    next = (ushort)_states++;
                state = next;
            }
            _ending[state] = [.. _ending[state] ?? [], place];
        }

        /// <summary>Fills in, breadth first, where a state goes on a byte that leads no literal further.</summary>
        public (ushort[] Next, int[]?[] Ending) Complete(ushort ends)
        {
            var (back, waiting) = (new int[_states], new Queue<int>());
            for (var letter = 0; letter < width; letter++)
            {
                if (_next[letter] != Root)
                    waiting.Enqueue(_next[letter]);
            }
            while (waiting.TryDequeue(out var state))
            {
                if (_ending[back[state]] is { } shorter)
                    _ending[state] = [.. _ending[state] ?? [], .. shorter];
                for (var letter = 0; letter < width; letter++)
                {
                    ref var next = ref _next[(state * width) + letter];
                    var other = _next[(back[state] * width) + letter];
                    if (next == Root)
                    {
                        next = other;
                        continue;
                    }
                    back[next] = other;
                    waiting.Enqueue(next);
                }
            }
            var table = _next.AsSpan(0, _states * width).ToArray();
            foreach (ref var next in table.AsSpan())
            {
                if (_ending[next] is not null)
                    next |= ends;
            }
            return (table, _ending[.._states]);
        }
    }
}

/// <summary>Which literals were found in a line, each once. One for each thread that looks.</summary>
public sealed class LiteralHits(int literals)
{
    private readonly bool[] _isMarked = new bool[literals];
    private readonly int[] _places = new int[literals];

    public int Count { get; private set; }

    public ReadOnlySpan<int> Places => _places.AsSpan(0, Count);

    public void Add(int[] places)
    {
        foreach (var place in places)
        {
            if (_isMarked[place])
                continue;
            _isMarked[place] = true;
            _places[Count++] = place;
        }
    }

    public void Clear()
    {
        foreach (var place in Places)
            _isMarked[place] = false;
        Count = 0;
    }
}
