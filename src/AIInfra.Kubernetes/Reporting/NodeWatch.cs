using System.Globalization;
using AIInfra.Core.Hosting;
using AIInfra.Kubernetes.Api;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.Reporting;

/// <summary>Follows this node's object, and no other. Says when it is missing, when it was made anew, and when it is another host's.</summary>
internal sealed partial class NodeWatch(
    ApiClient client, ReportingOptions options, NodeBoard board, WorkerBoard parts, TimeProvider time, Func<double> random, ILogger<NodeWatch> logger)
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "kubernetes", ClockPart = "kubernetes clock";

    private static readonly TimeSpan LookAgain = TimeSpan.FromMinutes(1), ShortWatch = TimeSpan.FromSeconds(5), MostSkew = TimeSpan.FromMinutes(1);

    private readonly ReportingPart _part = new(Part, parts, logger), _clock = new(ClockPart, parts, logger);
    private readonly Backoff _backoff = Backoff.ForLoops(random);
    private readonly string _selector = $"metadata.name={options.NodeName}";
    private bool _isIdentityKnown;
    private string? _uid;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            TimeSpan wait;
            try
            {
                wait = await FollowAsync(cancellationToken);
            }
            catch (ApiException fault) when (fault.Fault == ApiFault.Expired)
            {
                wait = _backoff.Next(fault.RetryAfter); // a new list; not by all nodes at once
            }
            catch (ApiException fault)
            {
                _part.Bad(fault);
                TellClock();
                wait = _backoff.Next(fault.RetryAfter);
            }
            await Task.Delay(wait, time, cancellationToken);
        }
    }

    /// <summary>Lists, then watches until a new list is needed.</summary>
    /// <returns>How long to wait before that.</returns>
    private async Task<TimeSpan> FollowAsync(CancellationToken cancellationToken)
    {
        if (!_isIdentityKnown && await IsForbiddenByNameAsync(cancellationToken))
            return LookAgain;
        ObjectList<NodeObject> list;
        try
        {
            list = await client.ListAsync(ApiResources.Nodes, null, _selector, cancellationToken);
        }
        catch (ApiException fault) when (fault.Fault == ApiFault.Forbidden)
        {
            await ReadOnceAsync(fault, cancellationToken);
            return LookAgain;
        }
        TellClock();
        if (list.Items.FirstOrDefault(item => item.Metadata.Name == options.NodeName) is { } node)
            Take(node);
        else
            TakeMissing(null);
        var version = list.Metadata.ResourceVersion ?? "";
        while (true)
        {
            var started = time.GetTimestamp();
            await foreach (var change in client.WatchAsync(ApiResources.Nodes, null, _selector, version, cancellationToken))
            {
                version = change.Item.Metadata.ResourceVersion ?? version;
                if (change.Kind == WatchKind.Deleted)
                    TakeMissing(change.Item);
                else if (change.Kind != WatchKind.Bookmark)
                    Take(change.Item);
            }
            if (time.GetElapsedTime(started) < ShortWatch)
                await Task.Delay(_backoff.Next(), time, cancellationToken); // a server that ends watches at once
            else
                _backoff.Reset();
        }
    }

    /// <summary>The account may read its node but not follow it.</summary>
    private async Task ReadOnceAsync(ApiException refusal, CancellationToken cancellationToken)
    {
        try
        {
            Take(await client.GetAsync(ApiResources.Nodes, null, options.NodeName, cancellationToken));
        }
        catch (ApiException fault) when (fault.Fault == ApiFault.NotFound)
        {
            TakeMissing(null);
            return;
        }
        _part.Bad("no watch", $"{refusal.Message} Until then the node is read once a minute.");
    }

    /// <summary>A service-account token that is bound to a pod names the node that the pod runs on: the server's own word.</summary>
    private async Task<bool> IsForbiddenByNameAsync(CancellationToken cancellationToken)
    {
        try
        {
            if ((await client.ReviewSelfAsync(cancellationToken))?.BoundNode is { } bound && bound != options.NodeName)
            {
                board.TakeNotOurs(NotOurs($"the agent's token was given out on node {bound}"));
                _part.Bad("not ours", board.Current.Value.Detail!);
                return true;
            }
            _isIdentityKnown = true;
        }
        catch (ApiException fault) when (fault.Fault is ApiFault.Forbidden or ApiFault.NotFound or ApiFault.Invalid)
        {
            _isIdentityKnown = true; // an older server; the object itself is judged
        }
        return false;
    }

    private void Take(NodeObject node)
    {
        if (!IsOurs(node.Status.NodeInfo))
        {
            board.TakeNotOurs(NotOurs($"its machine id and boot id are another host's ({node.Status.NodeInfo!.MachineId})"));
            _part.Bad("not ours", board.Current.Value.Detail!);
            return;
        }
        if (_uid is not null && _uid != node.Metadata.Uid)
            LogRecreated(options.NodeName);
        _uid = node.Metadata.Uid;
        board.Take(NodeSnapshot.Of(node));
        _part.Good();
        _backoff.Reset();
    }

    private void TakeMissing(NodeObject? gone)
    {
        board.TakeMissing(gone is null ? null : NodeSnapshot.Of(gone), gone is not null
            ? $"The node object {options.NodeName} was deleted. Everything is reported anew when the kubelet registers it again."
            : $"There is no node {options.NodeName} at {client.Where}. If the kubelet runs, it has another name: set node.name or NODE_NAME to the name that `kubectl get nodes` shows.");
        if (board.Current.Value is { Presence: NodePresence.Missing, Detail: { } detail })
            _part.Bad(gone is null ? "missing" : "deleted", detail);
    }

    /// <summary>A host whose ids are not known, or one that has just booted, gets the benefit of the doubt: both must differ.</summary>
    private bool IsOurs(NodeSystemInfo? host) =>
        host is not { MachineId: { Length: > 0 } machine, BootId: { Length: > 0 } boot } || options.MachineId.Length == 0 || options.BootId.Length == 0
        || machine == options.MachineId || boot == options.BootId;

    private string NotOurs(string proof) =>
        $"The node object {options.NodeName} is not this host's: {proof}. Nothing is written to it. Set node.name or NODE_NAME to this host's own name.";

    private void TellClock()
    {
        if (client.ClockSkew is { } skew && skew.Duration() > MostSkew)
            _clock.Bad("skew", string.Create(CultureInfo.InvariantCulture, $"This node's clock is {skew.Duration().TotalSeconds:0} s {(skew > TimeSpan.Zero ? "behind" : "ahead of")} the API server's: times in conditions and events are off by that, and tokens and certificates may seem outdated. Check its time service."));
        else
            _clock.Off();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The node object {Node} was made anew; everything is reported again")]
    private partial void LogRecreated(string node);
}
