using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Hosting;
using AIInfra.Grpc;
using AIInfra.Kubernetes.DevicePlugin;
using AIInfra.Kubernetes.Protos.PodResources.V1;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.PodResources;

/// <summary>Which devices the kubelet itself counts as healthy, by resource. Immutable.</summary>
/// <param name="Asked">Timestamp of the question; meaningless when it is not known.</param>
/// <param name="Healthy">Null: it is not known.</param>
internal sealed record KubeletView(long Asked, FrozenDictionary<string, FrozenSet<string>>? Healthy)
{
    public static KubeletView Unknown { get; } = new(0, null);
}

/// <summary>Asks one kubelet for its view of our devices: some seconds after a list went out, and once a minute, because what makes it differ
/// (the end of an old stream) can happen at any time.</summary>
internal sealed partial class AllocatableReader(PodResourcesClient client, TimeProvider time, ILogger logger)
{
    public static readonly TimeSpan AfterList = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly Latest<object> _questions = new(new object());
    private bool _saidUnable;

    public Latest<KubeletView> Current { get; } = new(KubeletView.Unknown);

    /// <summary>A list went out, or what was seen has to be seen once more.</summary>
    public void Ask() => _questions.Publish(new object());

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var questions = _questions.Value;
            await FirstOf.WaitAsync(cancellationToken,
                token => Task.Delay(Interval, time, token),
                token => _questions.WaitForChangeAsync(questions, token));
            if (!ReferenceEquals(_questions.Value, questions))
                await Task.Delay(AfterList, time, cancellationToken); // questions of that time are answered together
            await AskOnceAsync(cancellationToken);
        }
    }

    internal async Task AskOnceAsync(CancellationToken cancellationToken)
    {
        try
        {
            var asked = time.GetTimestamp();
            Current.Publish(new KubeletView(asked, Read(await client.GetAllocatableAsync(cancellationToken))));
        }
        catch (GrpcException refusal)
        {
            Current.Publish(KubeletView.Unknown);
            if (refusal.Status == GrpcStatus.Unimplemented && !_saidUnable)
                LogUnable();
            _saidUnable |= refusal.Status == GrpcStatus.Unimplemented; // of other troubles, the reader of the pods speaks
        }
    }

    /// <summary>A device with two NUMA nodes comes twice.</summary>
    internal static FrozenDictionary<string, FrozenSet<string>> Read(AllocatableResourcesResponse answer) => answer.Devices
        .GroupBy(devices => devices.ResourceName, StringComparer.Ordinal)
        .ToFrozenDictionary(group => group.Key, group => group.SelectMany(devices => devices.DeviceIds).ToFrozenSet(StringComparer.Ordinal), StringComparer.Ordinal);

    [LoggerMessage(Level = LogLevel.Information, Message = "This kubelet does not tell its allocatable devices (GetAllocatableResources, before 1.23): its view cannot be compared with ours")]
    private partial void LogUnable();
}

/// <summary>Compares what one resource's kubelet was told with what it holds true.</summary>
internal static class KubeletViewCheck
{
    /// <summary>A kubelet takes a list in at once; one that was asked earlier may not have.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(2);

    /// <returns>What differs, as the end of the sentence "the kubelet ..."; empty when nothing does; null when it cannot be said.</returns>
    public static string? Difference(string resource, SentList? sent, KubeletView view, TimeProvider time)
    {
        if (sent is null || view.Healthy is not { } all || time.GetElapsedTime(sent.At, view.Asked) < Settled)
            return null;
        var theirs = all.TryGetValue(resource, out var found) ? found : FrozenSet<string>.Empty;
        ImmutableArray<string> ours = [.. sent.List.Units.Where(unit => unit.IsHealthy).Select(unit => unit.Unit.Id)];
        if (ours.Length == theirs.Count && ours.All(theirs.Contains))
            return "";
        return $"counts {theirs.Count} healthy devices of {resource} and was told of {ours.Length}";
    }
}
