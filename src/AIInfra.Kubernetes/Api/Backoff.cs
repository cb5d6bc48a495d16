namespace AIInfra.Kubernetes.Api;

/// <summary>Waits after failures: doubling, with full jitter, so that ten thousand agents that failed together do not come back together.</summary>
/// <param name="random">Uniform in [0, 1).</param>
public sealed class Backoff(TimeSpan first, TimeSpan most, Func<double> random)
{
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(50);

    private int _failures;

    /// <summary>One for the loops that report: 1 s doubling to 1 min.</summary>
    public static Backoff ForLoops(Func<double> random) => new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1), random);

    /// <summary>After another failure.</summary>
    /// <param name="askedFor">What the server asked for: never less than that.</param>
    public TimeSpan Next(TimeSpan? askedFor = null)
    {
        var ceiling = Math.Min(most.TotalSeconds, first.TotalSeconds * Math.Pow(2, Math.Min(_failures++, 30)));
        var wait = TimeSpan.FromSeconds(ceiling * random());
        if (wait < Least)
            wait = Least;
        return askedFor is { } least ? least + wait : wait;
    }

    public void Reset() => _failures = 0;
}
