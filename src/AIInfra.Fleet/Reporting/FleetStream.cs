using System.Runtime.CompilerServices;
using AIInfra.Fleet.Granting;
using AIInfra.Fleet.V1;
using AIInfra.Grpc;

namespace AIInfra.Fleet.Reporting;

/// <summary>One open stream, from Hello to its end: what is newer goes out as soon as the pace allows, the latest state only; what comes in is taken at once.</summary>
internal sealed class FleetStream(FleetOptions options, Hello hello, SentStates sent, Func<FleetState> newest, FleetGrants grants, TimeProvider time) : IGrantLine
{
    private const int MostPosts = 32;

    private readonly Wake _wake = new(time);
    private readonly Lock _gate = new();
    private readonly Queue<FromAgent> _posts = new();
    private readonly TaskCompletionSource<Welcome> _welcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _needsSnapshot;

    /// <summary>Null before the aggregator has let the agent in.</summary>
    public Welcome? Welcome => _welcome.Task.IsCompletedSuccessfully ? _welcome.Task.Result : null;

    /// <summary>Of a Leave: how long to stay away.</summary>
    public TimeSpan? AskedToLeave { get; private set; }

    /// <summary>There may be a newer state.</summary>
    public void Look() => _wake.Set();

    public bool TryPost(FromAgent message)
    {
        lock (_gate)
        {
            if (_posts.Count >= MostPosts || Welcome is null)
                return false;
            _posts.Enqueue(message);
        }
        _wake.Set();
        return true;
    }

    /// <summary>Runs until the stream ends.</summary>
    /// <param name="opened">Called when the aggregator has let the agent in.</param>
    /// <exception cref="GrpcException">It ended otherwise than in order.</exception>
    public async Task RunAsync(GrpcChannel channel, GrpcCallOptions call, Action<Welcome> opened, CancellationToken cancellationToken)
    {
        await foreach (var message in channel.DuplexAsync(FleetApi.Session, SendAsync(cancellationToken), call, cancellationToken))
        {
            switch (message.MessageCase)
            {
                case FromAggregator.MessageOneofCase.Welcome when Welcome is null:
                    opened(message.Welcome);
                    _welcome.TrySetResult(message.Welcome);
                    break;
                case FromAggregator.MessageOneofCase.Acknowledgement:
                    sent.Acknowledge(message.Acknowledgement);
                    _wake.Set();
                    break;
                case FromAggregator.MessageOneofCase.SnapshotWanted:
                    Volatile.Write(ref _needsSnapshot, true);
                    _wake.Set();
                    break;
                case FromAggregator.MessageOneofCase.GrantAnswer:
                    grants.Answered(message.GrantAnswer);
                    break;
                case FromAggregator.MessageOneofCase.GrantRevocation:
                    grants.Revoked(message.GrantRevocation);
                    break;
                case FromAggregator.MessageOneofCase.Policy:
                    grants.Bounded(message.Policy);
                    break;
                case FromAggregator.MessageOneofCase.StepNews:
                    grants.Steps.Heard(message.StepNews);
                    break;
                case FromAggregator.MessageOneofCase.Leave:
                    AskedToLeave = TimeSpan.FromMilliseconds(Math.Min(message.Leave.AfterMilliseconds, 600_000));
                    return;
                default:
                    break; // of a newer aggregator
            }
        }
    }

    private async IAsyncEnumerable<FromAgent> SendAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return new FromAgent { Hello = hello };
        var welcome = await _welcome.Task.WaitAsync(cancellationToken);
        var heartbeat = TimeSpan.FromMilliseconds(Math.Max(3000, welcome.SilenceMilliseconds) / 3.0);
        var window = (int)Math.Clamp(welcome.Window, 1, 1000);
        grants.Opened(this, welcome);

        // The aggregator says where it stands: from a state that is remembered here it goes on, else it gets the whole.
        var last = welcome.HaveIncarnation == hello.Incarnation ? sent.Find(welcome.HaveSequence) : null;
        sent.Reopen(last);
        var spoken = time.GetTimestamp();
        while (true)
        {
            while (NextPost() is { } post)
            {
                spoken = time.GetTimestamp();
                yield return post;
            }
            var now = newest();
            var due = TimeSpan.MaxValue;
            if (last is null || Volatile.Read(ref _needsSnapshot))
            {
                Volatile.Write(ref _needsSnapshot, false);
                last = sent.Add(now, time.GetTimestamp());
                spoken = time.GetTimestamp();
                yield return new FromAgent { Snapshot = now.ToSnapshot() };
                continue;
            }
            if (!ReferenceEquals(now, last) && sent.Underway < window)
            {
                due = (now.IsOnlyRecounted(last) ? options.CountPace : options.Pace) - time.GetElapsedTime(sent.LastAt);
                if (due <= TimeSpan.Zero)
                {
                    var delta = now.Since(last);
                    last = sent.Add(now, time.GetTimestamp());
                    spoken = time.GetTimestamp();
                    yield return new FromAgent { Delta = delta };
                    continue;
                }
            }
            var silence = heartbeat - time.GetElapsedTime(spoken);
            if (silence <= TimeSpan.Zero)
            {
                spoken = time.GetTimestamp();
                yield return new FromAgent { Heartbeat = new Heartbeat { Sequence = last.Sequence, UnixMilliseconds = time.GetUtcNow().ToUnixTimeMilliseconds() } };
                continue;
            }
            await _wake.WaitAsync(due < silence ? due : silence, cancellationToken);
        }
    }

    private FromAgent? NextPost()
    {
        lock (_gate)
            return _posts.TryDequeue(out var post) ? post : null;
    }
}
