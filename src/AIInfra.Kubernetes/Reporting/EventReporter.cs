using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Npd;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation.Engine;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.DevicePlugin;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.Reporting;

/// <summary>Tells the API server what is in the <see cref="EventBook"/>: one event after another, the worst first.</summary>
internal sealed partial class EventReporter(
    ApiClient client, ReportingOptions options, NodeBoard node, HealthBoard health, InventoryBoard inventory, Latest<NpdSnapshot> npd, Latest<IReadOnlyList<StepNote>> steps, EventBook book, WorkerBoard parts, TimeProvider time,
    Func<double> random, ILogger<EventReporter> logger)
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "kubernetes events";

    /// <summary>Where events on what has no namespace belong; the API server takes no other (but kube-system).</summary>
    private const string NodeNamespace = "default";

    private static readonly TimeSpan HolderBeat = TimeSpan.FromSeconds(1);

    private readonly ReportingPart _part = new(Part, parts, logger);
    private readonly Backoff _backoff = Backoff.ForLoops(random);
    private string? _uid;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var (state, problems, devices, matches, notes) = (node.Current.Value, health.Current.Value, inventory.Current.Value, npd.Value, steps.Value);
            var isWaiting = book.Update(problems, devices); // also while nothing can be sent
            book.Update(matches);
            book.Update(notes);
            var next = book.Next(out var wait);
            if (state.Node is { } now && next is not null)
            {
                NoticeNewNode(now);
                if (await TellAsync(next, now, cancellationToken) is { } pause)
                    await Task.Delay(pause, time, cancellationToken);
                continue;
            }
            await FirstOf.WaitAsync(cancellationToken,
                token => node.Current.WaitForChangeAsync(state, token),
                token => health.Current.WaitForChangeAsync(problems, token),
                token => npd.WaitForChangeAsync(matches, token),
                token => steps.WaitForChangeAsync(notes, token),
                token => Task.Delay(isWaiting ? HolderBeat : wait ?? Timeout.InfiniteTimeSpan, time, token));
        }
    }

    private void NoticeNewNode(NodeSnapshot now)
    {
        if (_uid is not null && _uid != now.Uid)
            book.ForgetAll(); // the events of the old object went with it
        _uid = now.Uid;
    }

    /// <returns>How long to wait before anything else; null for on.</returns>
    private async Task<TimeSpan?> TellAsync(EventEntry entry, NodeSnapshot now, CancellationToken cancellationToken)
    {
        try
        {
            if (entry.SentCount > 0)
                await ContinueAsync(entry, cancellationToken);
            else if (await RegardingAsync(entry, now, cancellationToken) is { } regarding)
                await CreateAsync(entry, regarding, cancellationToken);
            else
                book.GiveUp(entry);
            _part.Good();
            _backoff.Reset();
            return null;
        }
        catch (ApiException fault) when (fault.Fault is ApiFault.Invalid or ApiFault.NotFound || (fault.Fault == ApiFault.Forbidden && fault.Message.Contains("being terminated", StringComparison.Ordinal)))
        {
            book.GiveUp(entry); // its namespace is gone, or the server does not take such an event: the next one may do
            if (fault.Fault == ApiFault.Invalid)
                LogRefused(fault.Message);
            return null;
        }
        catch (ApiException fault)
        {
            _part.Bad(fault);
            return _backoff.Next(fault.RetryAfter);
        }
    }

    private async Task CreateAsync(EventEntry entry, ObjectReference regarding, CancellationToken cancellationToken)
    {
        var place = regarding.Namespace ?? NodeNamespace;
        var count = entry.Count;
        var wanted = new EventObject
        {
            ApiVersion = "events.k8s.io/v1",
            Kind = "Event",
            Metadata = new ObjectMeta { Name = entry.Name, Namespace = place },
            EventTime = entry.FirstSeen,
            ReportingController = ReportingOptions.Controller,
            ReportingInstance = Bounded(options.NodeName),
            Action = entry.Action,
            Reason = entry.Reason,
            Regarding = regarding,
            Note = entry.Note,
            Type = entry.IsWarning ? "Warning" : "Normal",
            Series = count >= 2 ? new EventSeries { Count = count, LastObservedTime = entry.LastSeen } : null,
        };
        try
        {
            await client.CreateAsync(ApiResources.Events, place, wanted, cancellationToken);
            book.Sent(entry, count);
        }
        catch (ApiException fault) when (fault.Fault == ApiFault.Exists)
        {
            book.Sent(entry, 1); // made by a call whose answer was lost, or before a restart
        }
    }

    private async Task ContinueAsync(EventEntry entry, CancellationToken cancellationToken)
    {
        var count = entry.Count;
        try
        {
            var patch = ApiPatch.Merge(new SeriesPatch { Series = new EventSeries { Count = count, LastObservedTime = entry.LastSeen } }, ApiJson.Default.SeriesPatch);
            await client.PatchAsync(ApiResources.Events, entry.Pod?.Namespace ?? NodeNamespace, entry.Name, null, patch, cancellationToken);
            book.Sent(entry, count);
        }
        catch (ApiException fault) when (fault.Fault == ApiFault.NotFound)
        {
            EventBook.Forgotten(entry);
        }
    }

    /// <returns>Null when the pod is gone, or is not on this node.</returns>
    private async Task<ObjectReference?> RegardingAsync(EventEntry entry, NodeSnapshot now, CancellationToken cancellationToken)
    {
        if (entry.Pod is not { } pod)
            return new ObjectReference { ApiVersion = "v1", Kind = "Node", Name = now.Name, Uid = now.Uid };
        var named = new ObjectReference { ApiVersion = "v1", Kind = "Pod", Namespace = pod.Namespace, Name = pod.Pod };
        try
        {
            var found = await client.GetAsync(ApiResources.Pods, pod.Namespace, pod.Pod, cancellationToken);
            return found.Spec.NodeName == now.Name ? named with { Uid = found.Metadata.Uid } : null;
        }
        catch (ApiException fault) when (fault.Fault == ApiFault.NotFound)
        {
            return null;
        }
        catch (ApiException fault) when (fault.Fault == ApiFault.Forbidden)
        {
            LogNoUid(fault.Message);
            return named; // found by its name, though not by its uid, as `kubectl describe` looks for it
        }
    }

    private static string Bounded(string text) => text.Length <= 128 ? text : text[..128];

    [LoggerMessage(Level = LogLevel.Error, Message = "An event was refused and is given up: {Why}")]
    private partial void LogRefused(string why);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A pod's uid is not known: {Why}")]
    private partial void LogNoUid(string why);
}
