using System.Collections.Immutable;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using AIInfra.Kubernetes.Api;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.Reporting;

/// <summary>Follows the pods of this node, and no others, for what metrics show of them: uid and the labels that are asked for. Nothing else of them is kept.</summary>
internal sealed class PodWatch(
    ApiClient client, ReportingOptions options, PodDirectory directory, WorkerBoard parts, TimeProvider time, Func<double> random, ILogger<PodWatch> logger)
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "kubernetes pods";

    private static readonly TimeSpan LookAgain = TimeSpan.FromMinutes(1), ShortWatch = TimeSpan.FromSeconds(5);

    private readonly ReportingPart _part = new(Part, parts, logger);
    private readonly Backoff _backoff = Backoff.ForLoops(random);
    private readonly string _selector = $"spec.nodeName={options.NodeName}";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            TimeSpan wait;
            try
            {
                await FollowAsync(cancellationToken);
                continue;
            }
            catch (ApiException fault) when (fault.Fault == ApiFault.Expired)
            {
                wait = _backoff.Next(fault.RetryAfter); // a new list; not by all nodes at once
            }
            catch (ApiException fault)
            {
                _part.Bad(fault);
                if (fault.Fault == ApiFault.Forbidden)
                    directory.Current.Publish(ImmutableDictionary<(string Namespace, string Name), PodDetails>.Empty); // what may not be seen any more is not shown any more
                wait = fault.Fault == ApiFault.Forbidden ? LookAgain : _backoff.Next(fault.RetryAfter);
            }
            await Task.Delay(wait, time, cancellationToken);
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var list = await client.ListAsync(ApiResources.Pods, null, _selector, cancellationToken);
        directory.Current.Publish(list.Items.Where(IsNamed).ToImmutableDictionary(KeyOf, DetailsOf));
        _part.Good();
        var version = list.Metadata.ResourceVersion ?? "";
        while (true)
        {
            var started = time.GetTimestamp();
            await foreach (var change in client.WatchAsync(ApiResources.Pods, null, _selector, version, cancellationToken))
            {
                version = change.Item.Metadata.ResourceVersion ?? version;
                if (change.Kind != WatchKind.Bookmark && IsNamed(change.Item))
                    Take(change.Item, isGone: change.Kind == WatchKind.Deleted);
            }
            if (time.GetElapsedTime(started) < ShortWatch)
                await Task.Delay(_backoff.Next(), time, cancellationToken); // a server that ends watches at once
            else
                _backoff.Reset();
        }
    }

    private void Take(PodObject pod, bool isGone)
    {
        var (pods, key, details) = (directory.Current.Value, KeyOf(pod), DetailsOf(pod));
        if (isGone && pods.TryGetValue(key, out var known) && known.Uid == details.Uid)
            directory.Current.Publish(pods.Remove(key)); // one that was made anew under the name stays
        else if (!isGone && !details.IsSameAs(pods.GetValueOrDefault(key)))
            directory.Current.Publish(pods.SetItem(key, details));
    }

    private static bool IsNamed(PodObject pod) => pod.Metadata is { Namespace: not null, Name: not null, Uid: not null };

    private static (string Namespace, string Name) KeyOf(PodObject pod) => (pod.Metadata.Namespace!, pod.Metadata.Name!);

    private PodDetails DetailsOf(PodObject pod) => new(pod.Metadata.Uid!, [.. (pod.Metadata.Labels ?? ImmutableSortedDictionary<string, string>.Empty).Where(label => IsAsked(label.Key))]);

    private bool IsAsked(string key) => options.PodLabels.Any(asked => asked is [.. var start, '*'] ? key.StartsWith(start, StringComparison.Ordinal) : key == asked);
}
