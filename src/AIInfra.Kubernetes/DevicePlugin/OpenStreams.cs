using AIInfra.Core.Hosting;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <param name="Open">ListAndWatch streams that are open now.</param>
/// <param name="Opened">All that were ever opened on this server.</param>
internal sealed record OpenStreams(int Open, int Opened);

/// <summary>Counts the streams of one server. Any thread.</summary>
internal sealed class StreamCounter
{
    private readonly Lock _gate = new();

    public Latest<OpenStreams> Current { get; } = new(new OpenStreams(0, 0));

    public void Opened() => Change(1, 1);
    public void Closed() => Change(-1, 0);

    private void Change(int open, int opened)
    {
        lock (_gate)
            Current.Publish(new OpenStreams(Current.Value.Open + open, Current.Value.Opened + opened));
    }
}
