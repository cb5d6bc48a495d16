using System.Net;
using AIInfra.Core.Remediation;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.DevicePlugin;

namespace AIInfra.Kubernetes.Remediation;

/// <summary>One drain from its first look to its end. Each pass lists the pods anew, asks those to leave that were not asked or are due again, and waits for news.</summary>
internal sealed class DrainRun(ClusterBoard cluster, PodBoard pods, DrainLook look, ActionStep step, StepProgress progress, TimeProvider time, Func<double> random)
{
    /// <summary>Between two passes, however much is new.</summary>
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5), FirstRetry = TimeSpan.FromSeconds(2), LongestRetry = TimeSpan.FromSeconds(30);

    private readonly DrainRules _rules = DrainRules.Of(step.Arguments);
    private readonly long _started = time.GetTimestamp();
    private readonly Dictionary<string, Asked> _asked = new(StringComparer.Ordinal); // by uid
    private readonly Dictionary<(string Namespace, string Name), DateTimeOffset> _gone = [];
    private readonly Backoff _backoff = new(FirstRetry, LongestRetry, random);
    private DrainFindings? _left;
    private string _trouble = "";
    private bool _hasAsked; // one was asked, and may have taken it
    private int _forced;

    /// <param name="cancellationToken">Ends it at once; what is on its way goes on.</param>
    public async Task<ActionResult> RunAsync(CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(step.Deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            while (true)
            {
                var seen = pods.Current.Value;
                var (result, wait) = await PassAsync(either.Token);
                if (result is not null)
                    return result;
                progress.Report(step.Id, Progress());
                await Task.Delay(Breath < wait ? Breath : wait, time, either.Token);
                await FirstOf.WaitAsync(either.Token, token => pods.Current.WaitForChangeAsync(seen, token), token => Task.Delay(wait, time, token));
            }
        }
        catch (OperationCanceledException)
        {
            var isLate = time.GetElapsedTime(_started) >= step.Deadline - Breath; // the engine has the same deadline
            var why = isLate ? $"its deadline of {step.Deadline.TotalMinutes:0.#} min is over" : "it was ended";
            return ActionResult.Failed($"The drain was not through when {why}. {Progress()}") with { GoesOn = !isLate };
        }
    }

    /// <returns>The end of it; or how long to wait at most.</returns>
    private async Task<(ActionResult? Result, TimeSpan Wait)> PassAsync(CancellationToken cancellationToken)
    {
        if (cluster.Current.Value is not { WhyNot: null, Link: { } link })
            return Again(cluster.Current.Value.WhyNot ?? "", null);
        if (step.Drain == DrainScope.Node && link.Node.Node is { IsUnschedulable: false })
            return (ActionResult.Failed($"Somebody uncordoned node {link.NodeName} while it was drained: no further pod is moved. {Progress()}"), default);
        try
        {
            var (found, whyNot) = await look.FindAsync(link, step, _rules, _gone, cancellationToken);
            if (found is null)
                return Again(whyNot, null);
            var isFirst = _left is null;
            Take(found);
            if (found.IsEmpty)
                return (ActionResult.Done(Summary()), default);
            if (!found.Holding.IsEmpty && isFirst)
                return (ActionResult.NotPossible($"Not to be moved: {Waiting()}."), default);
            foreach (var pod in found.Moving)
                await AskAsync(link, pod, cancellationToken);
            _trouble = "";
            _backoff.Reset();
            return (null, UntilDue(found));
        }
        catch (ApiException fault) when (fault.IsTransient || fault.Fault is ApiFault.Unauthorized or ApiFault.Certificate or ApiFault.NotAnApiServer)
        {
            return Again(fault.Message, fault.RetryAfter);
        }
        catch (ApiException fault)
        {
            return (!_hasAsked ? ActionResult.NotPossible(DrainLook.Explain(fault)) : ActionResult.Failed($"{DrainLook.Explain(fault)} {Progress()}"), default);
        }
    }

    private (ActionResult?, TimeSpan) Again(string trouble, TimeSpan? askedFor)
    {
        _trouble = trouble;
        return (null, _backoff.Next(askedFor));
    }

    /// <summary>Who has left since the last look.</summary>
    private void Take(DrainFindings found)
    {
        var there = found.Moving.Select(pod => pod.Metadata.Uid!).ToHashSet(StringComparer.Ordinal);
        foreach (var (uid, asked) in _asked.Where(pair => !pair.Value.IsGone && !there.Contains(pair.Key)))
        {
            _asked[uid] = asked with { IsGone = true };
            _gone[asked.Place] = time.GetUtcNow();
        }
        foreach (var pod in found.Moving)
            _asked.TryAdd(pod.Metadata.Uid!, new Asked((pod.Metadata.Namespace!, pod.Metadata.Name!)));
        _left = found;
    }

    /// <exception cref="ApiException">The server is in trouble, or the right is missing: nobody else need be asked now.</exception>
    private async Task AskAsync(ClusterLink link, PodObject pod, CancellationToken cancellationToken)
    {
        var (uid, asked) = (pod.Metadata.Uid!, _asked[pod.Metadata.Uid!]);
        if (pod.Metadata.DeletionTimestamp is not null || asked.NotBefore > time.GetTimestamp())
            return;
        try
        {
            if (asked.Why.Length > 0 && _rules.ForceAfter is { } after && time.GetElapsedTime(_started) >= after)
                await ForceAsync(link, pod, cancellationToken);
            else
                await link.Client.EvictAsync(pod.Metadata.Namespace!, pod.Metadata.Name!, uid, _rules.GraceOf(pod), cancellationToken);
            (_asked[uid], _hasAsked) = (asked with { Why = "", NotBefore = Later(LookAgain) }, true);
        }
        catch (ApiException fault) when (fault.Fault == ApiFault.NotFound || (fault.Fault == ApiFault.Conflict && fault.Said?.Contains("UID", StringComparison.OrdinalIgnoreCase) == true))
        {
            // It has left meanwhile: the next look tells.
        }
        catch (ApiException fault) when (IsOfThisPod(fault))
        {
            var retry = new Backoff(FirstRetry, LongestRetry, random);
            for (var earlier = 0; earlier < asked.Refusals; earlier++)
                retry.Next();
            _asked[uid] = asked with { Why = fault.Said ?? fault.Message, Refusals = Math.Min(asked.Refusals + 1, 10), NotBefore = Later(retry.Next(fault.RetryAfter)) };
        }
    }

    /// <summary>Without its budget, and still with its time to end.</summary>
    private async Task ForceAsync(ClusterLink link, PodObject pod, CancellationToken cancellationToken)
    {
        await link.Client.DeleteAsync(ApiResources.Pods, pod.Metadata.Namespace, pod.Metadata.Name!, new DeleteOptions
        {
            GracePeriodSeconds = _rules.GraceOf(pod),
            Preconditions = new Preconditions { Uid = pod.Metadata.Uid },
        }, cancellationToken);
        _forced++;
    }

    /// <summary>A budget, a webhook, a namespace that ends: other pods are asked all the same. Not so a server that is overloaded, or a right that is missing.</summary>
    private static bool IsOfThisPod(ApiException fault) => fault.Fault switch
    {
        ApiFault.Timeout => true,
        ApiFault.TooMany => fault.Causes.Contains("DisruptionBudget"),
        ApiFault.Forbidden => fault.Said is { } said && !said.Contains("cannot create resource", StringComparison.Ordinal) && !said.Contains("cannot delete resource", StringComparison.Ordinal),
        ApiFault.Server => fault is { Said: not null, StatusCode: HttpStatusCode.InternalServerError },
        ApiFault.Conflict or ApiFault.Invalid => true,
        _ => false,
    };

    private TimeSpan UntilDue(DrainFindings found)
    {
        var wait = LookAgain;
        foreach (var pod in found.Moving)
        {
            var due = time.GetElapsedTime(time.GetTimestamp(), _asked[pod.Metadata.Uid!].NotBefore);
            if (pod.Metadata.DeletionTimestamp is null && due < wait)
                wait = due;
        }
        return wait < Breath ? Breath : wait;
    }

    private long Later(TimeSpan after) => time.GetTimestamp() + (long)(after.TotalSeconds * time.TimestampFrequency);

    private string Progress()
    {
        var gone = _asked.Values.Count(asked => asked.IsGone);
        var trouble = _trouble.Length > 0 ? $" {_trouble}" : "";
        return _left is null ? $"No pod was asked to leave.{trouble}" : $"{gone} of {_asked.Count + _left.Holding.Length} pods have left; {Waiting()}.{trouble}";
    }

    /// <summary>Each pod that is left, with what keeps it.</summary>
    private string Waiting() => _left is null || _left.IsEmpty ? "none is left" : DrainLook.Show(
        _left.Holding.Select(held => $"{DrainLook.NameOf(held.Pod)}: {held.Why}").Concat(_left.Moving.Select(pod => $"{DrainLook.NameOf(pod)}: {Keeps(pod)}")));

    private string Keeps(PodObject pod)
    {
        if (pod.Metadata.DeletionTimestamp is { } end)
        {
            var late = time.GetUtcNow() - end;
            var finalizers = pod.Metadata.Finalizers is { IsDefaultOrEmpty: false } names ? $", finalizers {string.Join(", ", names)}" : "";
            return late > TimeSpan.Zero ? $"it should have ended {(int)late.TotalSeconds} s ago{finalizers}" : $"it ends{finalizers}";
        }
        return _asked.GetValueOrDefault(pod.Metadata.Uid!) is { Why.Length: > 0 } asked ? asked.Why : "it is asked to leave";
    }

    private string Summary()
    {
        var names = _asked.Values.Select(asked => $"{asked.Place.Namespace}/{asked.Place.Name}").Order(StringComparer.Ordinal).ToList();
        return names.Count == 0 ? "No pod had to leave." : $"{names.Count} pods have left{(_forced > 0 ? $", {_forced} of them without their budget" : "")}: {DrainLook.Show(names)}.";
    }

    private sealed record Asked((string Namespace, string Name) Place)
    {
        /// <summary>What the server said when it was asked to leave; empty when it took it, or was not asked.</summary>
        public string Why { get; init; } = "";
        public int Refusals { get; init; }
        public long NotBefore { get; init; }
        public bool IsGone { get; init; }
    }
}
