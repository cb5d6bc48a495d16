using System.Collections.Immutable;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.Remediation;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.Reporting;

/// <summary>Follows the pods of this node, and no others: for metrics their uid and the labels that are asked for, for remediation what bears on moving them.</summary>
/// <param name="directory">For metrics; null where they do not ask.</param>
/// <param name="board">For remediation; null where nothing is moved.</param>
internal sealed class PodWatch(
    ApiClient client, ReportingOptions options, PodDirectory? directory, PodBoard? board, WorkerBoard parts, TimeProvider time, Func<double> random, ILogger<PodWatch> logger)
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
                board?.Current.Publish(PodView.Unknown(fault.Message));
                if (fault.Fault == ApiFault.Forbidden)
                    directory?.Current.Publish(ImmutableDictionary<(string Namespace, string Name), PodDetails>.Empty); // what may not be seen any more is not shown any more
                wait = fault.Fault == ApiFault.Forbidden ? LookAgain : _backoff.Next(fault.RetryAfter);
            }
            await Task.Delay(wait, time, cancellationToken);
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var list = await client.ListAsync(ApiResources.Pods, null, _selector, cancellationToken);
        directory?.Current.Publish(list.Items.Where(IsNamed).ToImmutableDictionary(KeyOf, DetailsOf));
        board?.Current.Publish(new PodView(list.Items.Where(IsNamed).ToImmutableDictionary(KeyOf), null));
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
        var key = KeyOf(pod);
        if (board?.Current.Value is { } view)
        {
            if (!isGone)
                board.Current.Publish(view with { Pods = view.Pods.SetItem(key, pod) });
            else if (view.Pods.TryGetValue(key, out var there) && there.Metadata.Uid == pod.Metadata.Uid)
                board.Current.Publish(view with { Pods = view.Pods.Remove(key) }); // one that was made anew under the name stays
        }
        if (directory is null)
            return;
        var (pods, details) = (directory.Current.Value, DetailsOf(pod));
        if (isGone && pods.TryGetValue(key, out var known) && known.Uid == details.Uid)
            directory.Current.Publish(pods.Remove(key));
        else if (!isGone && !details.IsSameAs(pods.GetValueOrDefault(key)))
            directory.Current.Publish(pods.SetItem(key, details));
    }

    private static bool IsNamed(PodObject pod) => pod.Metadata is { Namespace: not null, Name: not null, Uid: not null };

    private static (string Namespace, string Name) KeyOf(PodObject pod) => (pod.Metadata.Namespace!, pod.Metadata.Name!);

    private PodDetails DetailsOf(PodObject pod) => new(pod.Metadata.Uid!, [.. (pod.Metadata.Labels ?? ImmutableSortedDictionary<string, string>.Empty).Where(label => IsAsked(label.Key))]);

    private bool IsAsked(string key) => options.PodLabels.Any(asked => asked is [.. var start, '*'] ? key.StartsWith(start, StringComparison.Ordinal) : key == asked);
}
