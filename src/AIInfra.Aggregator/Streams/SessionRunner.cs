using AIInfra.Aggregator.Cluster;
using AIInfra.Aggregator.Identity;
using AIInfra.Aggregator.Nodes;
using AIInfra.Fleet;
using AIInfra.Fleet.V1;
using AIInfra.Grpc;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Streams;

/// <summary>Runs one stream from Hello to its end: what comes in goes into the view and to the store, questions go to the grants.</summary>
internal sealed partial class SessionRunner(
    StreamOptions options, FleetView view, NodeWriter writer, NodeReducer reducer, Sessions sessions, GrantDesk desk, GrantPush push, ClusterOffer offer, TimeProvider time, ILogger<SessionRunner> logger)
{
    /// <summary>A node's clock is told of when it moved by so much.</summary>
    private static readonly TimeSpan SkewStep = TimeSpan.FromSeconds(1);

    public async Task RunAsync(Caller caller, IAsyncEnumerable<FromAgent> messages, GrpcStreamWriter<FromAggregator> answers, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var incoming = messages.GetAsyncEnumerator(ended.Token);
        var hello = await HelloAsync(incoming, caller, ended, cancellationToken);
        var session = new AgentSession(caller, hello, time, ended);
        sessions.Add(session);
        sessions.Counters.CountOpened();
        var sending = session.SendAsync(answers);
        var questions = desk.Open(session);
        var (end, asked) = (GrpcStatus.Ok, (string?)null);
        try
        {
            Welcome(session, hello);
            await ReadAsync(session, incoming, questions);
        }
        catch (OperationCanceledException) when (session.Why is not null)
        {
            (end, asked) = (GrpcStatus.Unavailable, session.Why);
        }
        finally
        {
            session.End("The stream is over.");
            await sending.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            await questions.ClosedAsync();
            if (sessions.Remove(session))
                Disconnected(session);
        }
        if (asked is not null)
            throw new GrpcException(end, asked);
    }

    /// <summary>The first message, and what must be right in it.</summary>
    private async Task<Hello> HelloAsync(IAsyncEnumerator<FromAgent> incoming, Caller caller, CancellationTokenSource ended, CancellationToken cancellationToken)
    {
        bool any;
        try
        {
            using var patience = new CancellationTokenSource(options.HelloPatience, time);
            await using var late = patience.Token.Register(ended.Cancel);
            any = await incoming.MoveNextAsync();
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new GrpcException(GrpcStatus.DeadlineExceeded, $"No Hello came within {options.HelloPatience.TotalSeconds:0} s.");
        }
        if (!any || incoming.Current.Hello is not { } hello)
            throw new GrpcException(GrpcStatus.InvalidArgument, "The first message of a stream is Hello.");
        if (hello.Node != caller.Node)
            throw new GrpcException(GrpcStatus.PermissionDenied, $"The credentials are those of node {caller.Node}; the agent calls itself {TextPool.Cut(hello.Node, 253)}. Set node.name, or join anew under this name.");
        if (hello.Incarnation.Length is 0 or > 64)
            throw new GrpcException(GrpcStatus.InvalidArgument, "Hello needs an incarnation of 1 to 64 characters.");
        if (hello.LeastProtocol > FleetApi.Protocol || hello.Protocol < FleetApi.LeastProtocol)
            throw new GrpcException(GrpcStatus.FailedPrecondition, $"The agent speaks versions {hello.LeastProtocol} to {hello.Protocol} of the protocol, this aggregator ({options.Version}) {FleetApi.LeastProtocol} to {FleetApi.Protocol}. Upgrade {(hello.LeastProtocol > FleetApi.Protocol ? "the aggregator" : "the agent")}.");
        if (view.Find(caller.Node) is null && view.Nodes.Count >= options.MostNodes)
            throw new GrpcException(GrpcStatus.ResourceExhausted, $"There are {options.MostNodes} nodes already (fleet.mostNodes). Raise it, or remove nodes that are gone.");
        return hello;
    }

    private void Welcome(AgentSession session, Hello hello)
    {
        NodeRecord? known = null;
        var change = view.Apply(session.Node, before =>
        {
            known = before;
            return before is null ? null : before with { IsConnected = true, IsLost = false, LastHeard = time.GetUtcNow(), Skew = Skew(before.Skew, hello.UnixMilliseconds) };
        });
        if (change is not null)
            writer.Enqueue(change);
        session.Post(new FromAggregator
        {
            Welcome = offer.Put(new Welcome
            {
                Protocol = (uint)Math.Min(FleetApi.Protocol, hello.Protocol),
                AggregatorVersion = options.Version,
                HaveIncarnation = known?.Incarnation ?? "",
                HaveSequence = (ulong)(known?.Sequence ?? 0),
                SilenceMilliseconds = (uint)options.Silence.TotalMilliseconds,
                Window = (uint)options.Window,
                MaxMessageBytes = (uint)options.MaxMessageBytes,
            }),
        });
        push.Opened(session);
        LogOpened(session.Node, hello.AgentVersion.Length <= 64 ? hello.AgentVersion : "?", session.Caller.Name);
    }

    private async Task ReadAsync(AgentSession session, IAsyncEnumerator<FromAgent> incoming, GrantQuestions questions)
    {
        var (messages, bytes) = (new TokenBucket(options.MessagesPerSecond, options.MessageBurst, time), new TokenBucket(options.BytesPerSecond, options.ByteBurst, time));
        while (await incoming.MoveNextAsync())
        {
            var message = incoming.Current;
            session.Heard();
            Take(session, message, questions);
            var (slow, large) = (messages.Take(1), bytes.Take(message.CalculateSize()));
            if ((slow > large ? slow : large) is var wait && wait > TimeSpan.Zero)
            {
                sessions.Counters.CountThrottled();
                await Task.Delay(wait, time, session.Ended); // unread, its messages fill the stream's window, and the agent waits
                session.Heard();
            }
            if (session.Caller.IsByToken && time.GetElapsedTime(session.OpenedAt) > options.TokenStreamLife)
                session.End("The stream was opened with a token an hour ago; it is opened anew, so that the token is looked at again.");
        }
    }

    private void Take(AgentSession session, FromAgent message, GrantQuestions questions)
    {
        switch (message.MessageCase)
        {
            case FromAgent.MessageOneofCase.Snapshot:
                sessions.Counters.CountSnapshot();
                Apply(session, message.Snapshot.Sequence, before => reducer.Replace(before, session.Node, session.Incarnation, message.Snapshot));
                questions.Reconcile();
                break;
            case FromAgent.MessageOneofCase.Delta:
                sessions.Counters.CountDelta();
                TakeDelta(session, message.Delta, questions);
                break;
            case FromAgent.MessageOneofCase.Heartbeat:
                sessions.Counters.CountHeartbeat();
                TakeSignOfLife(session, message.Heartbeat.UnixMilliseconds, questions);
                break;
            case FromAgent.MessageOneofCase.GrantAsk or FromAgent.MessageOneofCase.GrantRenewal or FromAgent.MessageOneofCase.GrantRelease
                or FromAgent.MessageOneofCase.StepAsk or FromAgent.MessageOneofCase.StepStop or FromAgent.MessageOneofCase.Taken:
                sessions.Counters.CountOther();
                TakeSignOfLife(session, null, questions); // a node that asks sends no heartbeat
                questions.Take(message);
                break;
            case FromAgent.MessageOneofCase.Hello:
                throw new GrpcException(GrpcStatus.InvalidArgument, "Hello is said once, as the first message.");
            default:
                sessions.Counters.CountOther(); // of a newer agent: it knows from Welcome that it may not be understood
                break;
        }
    }

    private void TakeDelta(AgentSession session, Delta delta, GrantQuestions questions)
    {
        var fits = false;
        Apply(session, delta.Sequence, before =>
        {
            fits = before is not null && before.Incarnation == session.Incarnation && (ulong)before.Sequence == delta.Base && delta.Sequence > delta.Base;
            return fits ? reducer.Change(before!, delta) : before;
        });
        if (!fits)
        {
            sessions.Counters.CountResync();
            session.Post(new FromAggregator { SnapshotWanted = new SnapshotWanted { Why = $"A change from {delta.Base} to {delta.Sequence} does not follow on what is known." } });
        }
        else if (delta.Operations.Count > 0)
        {
            questions.Reconcile();
        }
    }

    /// <param name="unixMilliseconds">The node's clock; null when it was not said.</param>
    private void TakeSignOfLife(AgentSession session, long? unixMilliseconds, GrantQuestions questions)
    {
        var settles = questions.Beat();
        if (unixMilliseconds is null && !settles)
            return;
        // Only a clock that moved is a change, or that the node was heard after a release; that it lives, its session says.
        var change = view.Apply(session.Node, before =>
        {
            if (before is null)
                return null;
            var skew = unixMilliseconds is { } clock ? Skew(before.Skew, clock) : before.Skew;
            return skew == before.Skew && !settles ? before : before with { Skew = skew, LastHeard = time.GetUtcNow() };
        });
        if (change is not null)
            writer.Enqueue(change);
    }

    private void Apply(AgentSession session, ulong sequence, Func<NodeRecord?, NodeRecord?> reduce)
    {
        var change = view.Apply(session.Node, before =>
        {
            if (sessions.Find(session.Node) != session)
                return before; // a newer stream speaks for the node
            var after = reduce(before);
            return ReferenceEquals(before, after) || after is null ? before : after with { IsConnected = true, IsLost = false, LastHeard = time.GetUtcNow() };
        });
        if (change is null)
            return;
        writer.Enqueue(change);
        session.Received(sequence);
    }

    private void Disconnected(AgentSession session)
    {
        var change = view.Apply(session.Node, before => before is null ? null : before with { IsConnected = false, LastHeard = time.GetUtcNow() - session.Silence });
        if (change is not null)
            writer.Enqueue(change);
        LogClosed(session.Node, session.Why ?? "");
    }

    /// <summary>The node's clock less ours, to the second; changes only when it moved.</summary>
    private TimeSpan Skew(TimeSpan before, long unixMilliseconds)
    {
        var now = TimeSpan.FromSeconds(Math.Round((Math.Clamp(unixMilliseconds, 0, 253_402_300_799_999) - time.GetUtcNow().ToUnixTimeMilliseconds()) / 1000.0));
        return unixMilliseconds == 0 || (now - before).Duration() <= SkewStep ? before : now;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Node {Node} (agent {Version}) is connected as {Caller}")]
    private partial void LogOpened(string node, string version, string caller);

    [LoggerMessage(Level = LogLevel.Information, Message = "The stream of node {Node} ended. {Why}")]
    private partial void LogClosed(string node, string why);
}
