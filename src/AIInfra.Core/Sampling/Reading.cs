namespace AIInfra.Core.Sampling;

/// <summary>Three states that never blur.</summary>
public enum ReadingState : byte
{
    /// <summary>Not supported by this device: nothing is exported.</summary>
    Absent = 0,
    /// <summary>Asked, no answer: nothing is exported, and nothing is concluded from it.</summary>
    Unknown = 1,
    Present = 2,
}

/// <summary>One value of one device, in the base unit of its <see cref="Field"/>. The default is absent.</summary>
public readonly record struct Reading(ReadingState State, double Value)
{
    public static Reading Absent => default;
    public static Reading Unknown => new(ReadingState.Unknown, 0);
    public static Reading Of(double value) => new(ReadingState.Present, value);

    public bool IsPresent => State == ReadingState.Present;
}
