using AIInfra.Aggregator.Identity;
using AIInfra.Aggregator.Nodes;
using AIInfra.Fleet.V1;
using AIInfra.Grpc;

namespace AIInfra.Aggregator.Streams;

/// <summary>One open stream of one node, from its Hello on.</summary>
internal sealed class AgentSession
{
    private readonly CancellationTokenSource _ended;
    private readonly Outbox _outbox = new();
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private ulong _received, _stored;
    private long _heardAt;
    private string? _why;

    /// <param name="hello">Checked already.</param>
    /// <param name="ended">Of the call; its owner disposes of it.</param>
    public AgentSession(Caller caller, Hello hello, TimeProvider time, CancellationTokenSource ended)
    {
        (Caller, Node, Incarnation, _time, _ended) = (caller, caller.Node!, hello.Incarnation, time, ended);
        Ended = ended.Token;
        OpenedAt = _heardAt = time.GetTimestamp();
    }

    public Caller Caller { get; }
    public string Node { get; }
    public string Incarnation { get; }
    public long OpenedAt { get; }

    /// <summary>Cancelled when the stream is over, whoever ended it.</summary>
    public CancellationToken Ended { get; }

    /// <summary>Why it was ended from this side; null when it was not.</summary>
    public string? Why => Volatile.Read(ref _why);

    public TimeSpan Silence => _time.GetElapsedTime(Volatile.Read(ref _heardAt));

    public void Heard() => Volatile.Write(ref _heardAt, _time.GetTimestamp());

    /// <summary>Ends the stream if the agent does not read what is sent to it.</summary>
    public void Post(FromAggregator message)
    {
        if (!_outbox.TryPost(message))
            End("The agent does not read its stream.");
    }

    /// <summary>A state has come in and is shown.</summary>
    public void Received(ulong sequence)
    {
        lock (_gate)
        {
            _received = sequence;
            _outbox.Acknowledge(_stored, _received);
        }
    }

    public void Stored(NodeRecord record)
    {
        if (record.Incarnation != Incarnation)
            return;
        lock (_gate)
        {
            if ((ulong)record.Sequence <= _stored)
                return;
            _stored = (ulong)record.Sequence;
            _outbox.Acknowledge(_stored, Math.Max(_received, _stored));
        }
    }

    public Task SendAsync(GrpcStreamWriter<FromAggregator> stream) => _outbox.SendAsync(stream, Ended);

    public void End(string why)
    {
        Interlocked.CompareExchange(ref _why, why, null);
        try
        {
            _ended.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself meanwhile.
        }
    }
}
