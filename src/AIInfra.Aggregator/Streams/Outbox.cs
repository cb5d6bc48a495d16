using AIInfra.Fleet.V1;
using AIInfra.Grpc;

namespace AIInfra.Aggregator.Streams;

/// <summary>What waits to be sent to one agent: a few messages in order, and the newest acknowledgement. Any thread may post; one task sends.</summary>
internal sealed class Outbox
{
    private const int MostWaiting = 32;

    private readonly Lock _gate = new();
    private readonly Queue<FromAggregator> _messages = new();
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Acknowledgement? _acknowledgement;

    /// <returns>False: the agent does not read; its stream is to be ended.</returns>
    public bool TryPost(FromAggregator message)
    {
        lock (_gate)
        {
            if (_messages.Count >= MostWaiting)
                return false;
            _messages.Enqueue(message);
            _more.TrySetResult();
            return true;
        }
    }

    /// <summary>Later ones replace what was not sent yet.</summary>
    public void Acknowledge(ulong stored, ulong received)
    {
        lock (_gate)
        {
            _acknowledgement = new Acknowledgement { Sequence = stored, Received = received };
            _more.TrySetResult();
        }
    }

    public async Task SendAsync(GrpcStreamWriter<FromAggregator> stream, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task more;
            lock (_gate)
                more = _more.Task;
            await more.WaitAsync(cancellationToken);
            while (Next() is { } message)
                await stream.WriteAsync(message, cancellationToken);
        }
    }

    private FromAggregator? Next()
    {
        lock (_gate)
        {
            if (_messages.TryDequeue(out var message))
                return message;
            if (_acknowledgement is { } acknowledgement)
            {
                _acknowledgement = null;
                return new FromAggregator { Acknowledgement = acknowledgement };
            }
            if (_more.Task.IsCompleted)
                _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return null;
        }
    }
}
