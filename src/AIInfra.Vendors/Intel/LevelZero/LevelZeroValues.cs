using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Intel.LevelZero;

/// <summary>Numbers of the library as readings, and readings of several parts as one. What no GPU can have is unknown.</summary>
internal static class LevelZeroValues
{
    private const ulong MostBytes = 1UL << 50, MostCount = 1UL << 62;
    private const double MostShare = 1.5; // the two clocks of a share are read one after the other

    public static int PlaceOf(string field) => IntelFields.Table[field];

    public static Reading Of(ReadingState state, double value) => state == ReadingState.Present ? Reading.Of(value) : new Reading(state, 0);

    public static Reading Bit(ReadingState state, uint bits, uint mask) => Of(state, (bits & mask) == 0 ? 0 : 1);

    /// <summary>Bytes of memory.</summary>
    public static Reading Amount(ReadingState state, ulong bytes) => bytes > MostBytes && state == ReadingState.Present ? Reading.Unknown : Of(state, bytes);

    /// <summary>A count since the driver was loaded; all ones is none.</summary>
    public static Reading Count(ReadingState state, ulong count) => count > MostCount && state == ReadingState.Present ? Reading.Absent : Of(state, count);

    /// <summary>How much of what could be done since the last round was done, 0 to 1.</summary>
    /// <param name="done">A count, like <paramref name="at"/>, which is in microseconds.</param>
    /// <param name="most">What can be done in a microsecond.</param>
    public static Reading Share(LevelZeroParts parts, nint handle, ReadingState state, ulong done, ulong at, double most)
    {
        if (state != ReadingState.Present)
            return new Reading(state, 0);
        if (done > MostCount)
            return Reading.Unknown;
        var isKnown = parts.Before.TryGetValue(handle, out var before);
        parts.Before[handle] = (done, at);
        if (!isKnown || at <= before.At || done < before.Done)
            return Reading.Unknown; // the first round, or the counts began anew
        var share = (done - before.Done) / ((at - before.At) * most);
        return share <= MostShare ? Reading.Of(Math.Min(1, share)) : Reading.Unknown;
    }

    public static void Add(ref Reading sum, Reading more)
    {
        if (more.IsPresent)
            sum = Reading.Of((sum.IsPresent ? sum.Value : 0) + more.Value);
        else if (sum.State == ReadingState.Absent)
            sum = more;
    }

    public static void Highest(ref Reading highest, Reading other)
    {
        if (other.IsPresent ? !highest.IsPresent || other.Value > highest.Value : highest.State == ReadingState.Absent)
            highest = other;
    }
}
