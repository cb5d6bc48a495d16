using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace AIInfra.Core.State;

/// <summary>How far a log was read.</summary>
/// <param name="Log">Its name: <c>kernel log /dev/kmsg</c>.</param>
/// <param name="BootId">The boot that the sequence counts in.</param>
/// <param name="Sequence">Of the last record that was read, and whose problems are known.</param>
public readonly record struct ReadingPosition(string Log, string BootId, long Sequence);

/// <summary>How far each log has been read so far. Readers set it after they have told the health board what a line said, never before.</summary>
public sealed class ReadingPositions
{
    private readonly ConcurrentDictionary<string, Place> _places = new(StringComparer.Ordinal);

    /// <summary>The place of one log; the same for the same name.</summary>
    public Place this[string log] => _places.GetOrAdd(log, name => new Place(name));

    public ImmutableArray<ReadingPosition> Take() => [.. _places.Values.Select(place => place.Take()).OfType<ReadingPosition>()];

    /// <summary>One reader writes it, once a line; any thread reads it.</summary>
    public sealed class Place(string log)
    {
        private long _sequence = -1;
        private string _bootId = "";

        public string Log => log;

        /// <summary>Null before the first record.</summary>
        public long? Sequence => Volatile.Read(ref _sequence) is >= 0 and var sequence ? sequence : null;

        /// <param name="bootId">Empty when unknown: then nothing is kept.</param>
        public void Begin(string bootId) => _bootId = bootId;

        public void Reached(long sequence) => Volatile.Write(ref _sequence, sequence);

        internal ReadingPosition? Take() =>
            Volatile.Read(ref _sequence) is >= 0 and var sequence && _bootId.Length > 0 ? new ReadingPosition(log, _bootId, sequence) : null;
    }
}
