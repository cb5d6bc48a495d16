using AIInfra.Kubernetes.PodResources;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <param name="Difference">What differs, as the end of the sentence "the kubelet ..."; empty when nothing does; null when it is not known.</param>
/// <param name="MustRegister">It has differed for too long.</param>
internal readonly record struct ViewVerdict(string? Difference, bool MustRegister);

/// <summary>Watches whether the kubelet counts the devices of one resource that it was told of.</summary>
/// <param name="reader">Null: it cannot be asked.</param>
internal sealed class KubeletViewWatch(string resource, AllocatableReader? reader, TimeProvider time)
{
    /// <summary>How long the views may differ before the resource is registered anew; doubled each time that did not help.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestBound = TimeSpan.FromMinutes(10);

    private SentList? _asked;
    private long? _since;
    private int _repairs;

    public KubeletView Current => reader?.Current.Value ?? KubeletView.Unknown;

    public Task WaitForChangeAsync(KubeletView seen, CancellationToken cancellationToken) =>
        reader?.Current.WaitForChangeAsync(seen, cancellationToken) ?? Task.Delay(Timeout.Infinite, cancellationToken);

    /// <summary>Another server was started: what was sent by the one before says nothing any more.</summary>
    public void Restart() => (_asked, _since) = (null, null);

    public ViewVerdict Look(SentList? sent, KubeletView view)
    {
        if (sent is not null && sent != _asked)
        {
            _asked = sent;
            reader?.Ask();
        }
        var difference = KubeletViewCheck.Difference(resource, sent, view, time);
        if (difference is null)
            return new ViewVerdict(null, false);
        if (difference.Length == 0)
        {
            (_since, _repairs) = (null, 0);
            return new ViewVerdict("", false);
        }
        _since ??= time.GetTimestamp();
        reader?.Ask();
        var bound = TimeSpan.FromTicks(Math.Min(LongestBound.Ticks, Bound.Ticks << Math.Min(_repairs, 10)));
        if (time.GetElapsedTime(_since.Value) < bound)
            return new ViewVerdict(difference, false);
        (_since, _repairs) = (null, _repairs + 1);
        return new ViewVerdict(difference, true);
    }
}
