namespace AIInfra.Core.Health.Logs;

/// <summary>Who wrote a line, as far as its source tells.</summary>
public enum LogOrigin
{
    /// <summary>A bare message: every rule is tried on it.</summary>
    Unknown,
    /// <summary>The kernel itself.</summary>
    Kernel,
    /// <summary>A process, into its own log or the system's. It may quote the kernel, and is not believed about it.</summary>
    Service,
}

/// <summary>One message of a log, without the log's own head.</summary>
/// <param name="text">Mostly UTF-8, possibly anything.</param>
/// <param name="number">Grows with each line of one log: a line's number, or a record's sequence.</param>
public readonly ref struct LogLine(ReadOnlySpan<byte> text, LogOrigin origin, long number)
{
    public ReadOnlySpan<byte> Text { get; } = text;
    public LogOrigin Origin { get; } = origin;
    public long Number { get; } = number;
    /// <summary>When it was written, in microseconds by the log's own clock; -1: not known.</summary>
    public long Microseconds { get; init; } = -1;
    /// <summary>The name under which a process wrote it, without its id; empty: not known.</summary>
    public ReadOnlySpan<byte> Service { get; init; }

    public bool MayBeFrom(LogOrigin origin) => Origin == origin || Origin == LogOrigin.Unknown;
}
