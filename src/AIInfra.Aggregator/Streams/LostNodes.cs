using AIInfra.Aggregator.Nodes;
using AIInfra.Core.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Streams;

/// <summary>Notices what no message says: streams on which nothing comes, nodes that did not return, identities that were revoked.</summary>
internal sealed partial class LostNodes(StreamOptions options, FleetView view, NodeWriter writer, Sessions sessions, Identity.Callers callers, TimeProvider time, ILogger<LostNodes> logger) : IWorker
{
    public const string Part = "lost nodes";

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(5);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Beat, time);
        do
            Sweep();
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <summary>Looks once.</summary>
    internal void Sweep()
    {
        foreach (var session in sessions.All)
        {
            if (callers.IsRevoked(session.Caller))
                session.End("The node's certificate was revoked.");
            else if (session.Silence > options.Silence)
                session.End($"Nothing came from the node for {session.Silence.TotalSeconds:0} s.");
        }
        var now = time.GetUtcNow();
        foreach (var node in view.Nodes.Values)
        {
            if (node.IsConnected || node.IsLost || now - node.LastHeard <= options.Silence)
                continue;
            var change = view.Apply(node.Name, current => current is null or { IsConnected: true } ? current : current with { IsLost = true });
            if (change is null)
                continue;
            writer.Enqueue(change);
            LogLost(node.Name, (now - node.LastHeard).TotalSeconds);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Node {Node} is lost: nothing was heard of it for {Seconds:0} s")]
    private partial void LogLost(string node, double seconds);
}
