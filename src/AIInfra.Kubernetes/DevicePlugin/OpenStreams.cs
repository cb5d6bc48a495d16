using AIInfra.Core.Hosting;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <param name="At">Timestamp of when it was handed to the transport.</param>
internal sealed record SentList(DeviceList List, long At);

/// <param name="Open">ListAndWatch streams that are open now.</param>
/// <param name="Opened">All that were ever opened on this server.</param>
/// <param name="Sent">The last list that went out on any of them; null when none did.</param>
internal sealed record OpenStreams(int Open, int Opened, SentList? Sent = null);

/// <summary>Counts the streams of one server. Any thread.</summary>
internal sealed class StreamCounter
{
    private readonly Lock _gate = new();

    public Latest<OpenStreams> Current { get; } = new(new OpenStreams(0, 0));

    public void Opened() => Change(now => now with { Open = now.Open + 1, Opened = now.Opened + 1 });
    public void Closed() => Change(now => now with { Open = now.Open - 1 });
    public void Sent(SentList list) => Change(now => now with { Sent = list });

    private void Change(Func<OpenStreams, OpenStreams> change)
    {
        lock (_gate)
            Current.Publish(change(Current.Value));
    }
}
