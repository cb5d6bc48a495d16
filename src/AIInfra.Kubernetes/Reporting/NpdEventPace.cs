namespace AIInfra.Kubernetes.Reporting;

/// <summary>How many events of one monitor are taken: 25 at once and one more every five minutes, as client-go's spam filter has it for
/// node-problem-detector. <c>problem_counter</c> counts every match all the same.</summary>
internal sealed class NpdEventPace(TimeProvider time)
{
    public const int Burst = 25;
    public static readonly TimeSpan Refill = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, (double Left, long At)> _sources = new(StringComparer.Ordinal);

    public bool Take(string source)
    {
        var now = time.GetTimestamp();
        var (left, at) = _sources.TryGetValue(source, out var known) ? known : (Burst, now);
        left = Math.Min(Burst, left + (time.GetElapsedTime(at, now) / Refill));
        _sources[source] = (left < 1 ? left : left - 1, now);
        return left >= 1;
    }
}
