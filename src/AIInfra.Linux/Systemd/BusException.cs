namespace AIInfra.Linux.Systemd;

/// <summary>What is known of a call that failed: whoever acts must not take one for another.</summary>
public enum BusFate
{
    /// <summary>It was never sent: nothing happened.</summary>
    NotSent,
    /// <summary>The other side refused it: see <see cref="BusException.Error"/>.</summary>
    Refused,
    /// <summary>It was sent and no answer came: it may have happened, or happen yet.</summary>
    Unknown,
}

/// <summary>A call over D-Bus failed.</summary>
/// <param name="error">The D-Bus name of a refusal, such as <c>org.freedesktop.systemd1.NoSuchUnit</c>.</param>
public sealed class BusException(string message, BusFate fate, string? error = null) : Exception(message)
{
    public BusFate Fate { get; } = fate;
    public string? Error { get; } = error;
}
