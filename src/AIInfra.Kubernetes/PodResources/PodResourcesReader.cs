using System.Net.Sockets;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using AIInfra.Grpc;
using AIInfra.Kubernetes.DevicePlugin;
using AIInfra.Kubernetes.Protos.PodResources.V1;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.PodResources;

/// <summary>Asks one kubelet who holds what: every <see cref="Interval"/>, soon after each allocation, and less often while it does not answer.
/// What is wrong is said once; nobody waits for it.</summary>
/// <param name="part">Its name in /readyz.</param>
internal sealed partial class PodResourcesReader(string root, string part, PodResourcesClient client, PodResourcesBoard pods, WorkerBoard parts, TimeProvider time, ILogger logger)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    /// <summary>After an allocation: the kubelet books it, then starts the pod.</summary>
    public static readonly TimeSpan AfterAllocation = TimeSpan.FromSeconds(1);
    /// <summary>An answer that is older is not shown as true any more.</summary>
    public static readonly TimeSpan Stale = TimeSpan.FromSeconds(35);

    private static readonly TimeSpan LongestInterval = TimeSpan.FromMinutes(1);

    private readonly Latest<object> _allocations = new(new object());
    private long _known;
    private int _failures;
    private string? _said; // the kind of the trouble that was said last

    /// <summary>Of this kubelet alone.</summary>
    public Latest<PodResourcesSnapshot> Current { get; } = new(PodResourcesSnapshot.Unknown("The kubelet was not asked yet who holds what."));

    /// <summary>Something was allocated.</summary>
    public void Nudge() => _allocations.Publish(new object());

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        pods.Publish(root, Current.Value);
        try
        {
            while (true)
            {
                var allocations = _allocations.Value;
                await AskAsync(cancellationToken);
                var pause = TimeSpan.FromTicks(Math.Min(LongestInterval.Ticks, Interval.Ticks * (1 + _failures)));
                await FirstOf.WaitAsync(cancellationToken,
                    token => Task.Delay(pause, time, token),
                    token => _allocations.WaitForChangeAsync(allocations, token));
                if (!ReferenceEquals(_allocations.Value, allocations))
                    await Task.Delay(AfterAllocation, time, cancellationToken);
            }
        }
        finally
        {
            parts.Remove(part);
        }
    }

    /// <summary>Asks once.</summary>
    internal async Task AskAsync(CancellationToken cancellationToken)
    {
        try
        {
            var asked = time.GetUtcNow();
            Publish(Read(asked, await client.ListAsync(cancellationToken)));
            (_failures, _known) = (0, time.GetTimestamp());
            parts.Ready(part);
            if (_said is not null)
                LogAnswers(client.SocketPath);
            _said = null;
        }
        catch (GrpcException refusal)
        {
            Failed(refusal);
        }
    }

    internal static PodResourcesSnapshot Read(DateTimeOffset asked, ListPodResourcesResponse answer)
    {
        var held = new List<HeldUnit>();
        var claimants = new List<(string, string)>();
        foreach (var pod in answer.PodResources)
        {
            foreach (var container in pod.Containers)
            {
                var holder = new PodHolder(pod.Namespace, pod.Name, container.Name);
                foreach (var devices in container.Devices)
                    held.AddRange(devices.DeviceIds.Select(id => new HeldUnit(devices.ResourceName, id, holder)));
                if (container.DynamicResources.Count > 0)
                    claimants.Add((pod.Namespace, pod.Name));
            }
        }
        return PodResourcesSnapshot.Of(asked, held, answer.PodResources.Select(pod => (pod.Namespace, pod.Name)), claimants);
    }

    private void Failed(GrpcException refusal)
    {
        _failures++;
        var gap = GapOf(refusal);
        var isAbsent = gap == PodResourcesGap.NoKubelet;
        var sentence = refusal.Status switch
        {
            GrpcStatus.Unavailable when gap == PodResourcesGap.Permission => $"{client.SocketPath} may not be opened ({refusal.Detail}): run the agent as root, or give its account access. "
                + "Until then, it is not known which pod holds which device; devices are served all the same.",
            GrpcStatus.Unavailable => $"Nobody answers on {client.SocketPath} ({refusal.Detail}): the kubelet is not running, or its pod-resources service is off. "
                + "Until it is, it is not known which pod holds which device; devices are served all the same.",
            GrpcStatus.ResourceExhausted when gap == PodResourcesGap.TooLarge =>
                $"The kubelet's answer on {client.SocketPath} is larger than {PodResourcesClient.LargestAnswer >> 20} MiB and is not read: {refusal.Detail} It is not known which pod holds which device.",
            GrpcStatus.ResourceExhausted => $"The kubelet refuses to say who holds what: too many programs on this node ask it ({refusal.Detail}). Asked again, at most every {LongestInterval.TotalSeconds:0} s.",
            GrpcStatus.DeadlineExceeded => $"The kubelet does not answer on {client.SocketPath} within {PodResourcesClient.Deadline.TotalSeconds:0} s. It is overloaded or hangs: look at its log (journalctl -u kubelet).",
            _ => $"The kubelet does not say who holds what: {refusal.Detail} ({refusal.Status}). To do without, set kubelet.podResources to false.",
        };
        if (!Current.Value.IsKnown || time.GetElapsedTime(_known) > Stale)
            Publish(PodResourcesSnapshot.Unknown(sentence, gap));
        if (isAbsent)
            parts.Remove(part); // that there is no kubelet is said elsewhere, and only where there is something to offer it
        else
            parts.NotReady(part, sentence);
        if (isAbsent && _failures < 3)
            return; // a kubelet that is being restarted
        var kind = refusal.Status.ToString();
        if (_said == kind)
            return;
        _said = kind;
        if (isAbsent)
            LogAbsent(sentence);
        else
            LogTrouble(sentence);
    }

    private static PodResourcesGap GapOf(GrpcException refusal)
    {
        switch (refusal.Status)
        {
            case GrpcStatus.Unavailable:
                for (var cause = refusal.InnerException; cause is not null; cause = cause.InnerException)
                {
                    if (cause is SocketException { SocketErrorCode: SocketError.AccessDenied })
                        return PodResourcesGap.Permission;
                }
                return PodResourcesGap.NoKubelet;
            case GrpcStatus.ResourceExhausted:
                return refusal.Detail.Contains("came in", StringComparison.Ordinal) ? PodResourcesGap.TooLarge : PodResourcesGap.Busy;
            case GrpcStatus.DeadlineExceeded:
                return PodResourcesGap.Silent;
            default:
                return PodResourcesGap.Refused;
        }
    }

    private void Publish(PodResourcesSnapshot snapshot)
    {
        Current.Publish(snapshot);
        pods.Publish(root, snapshot);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Reason}")]
    private partial void LogAbsent(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Reason}")]
    private partial void LogTrouble(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The kubelet says again who holds what ({Socket})")]
    private partial void LogAnswers(string socket);
}
