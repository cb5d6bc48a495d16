using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.VendorHost;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.DevicePlugin;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.Reporting;

/// <summary>Sets <c>aiinfra.io/unhealthy:NoSchedule</c> while the node as a whole is unfit: only with <c>remediation.drain: self</c>, and never for one device.</summary>
/// <remarks>Other taints are not written, not even with what they say already: a JSON patch names the one place. A person who takes the taint off
/// has the last word until the node was well in between.</remarks>
internal sealed partial class TaintReporter(
    ApiClient client, NodeBoard node, HealthBoard health, InventoryBoard inventory, WorkerBoard parts, TimeProvider time, Func<double> random, ILogger<TaintReporter> logger)
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "kubernetes taint";

    public const string Key = ReportingOptions.Prefix + "unhealthy", Effect = "NoSchedule";

    /// <summary>Set together with the taint: since when it is the agent's.</summary>
    public const string Annotation = ReportingOptions.Prefix + "unhealthy-since";

    private const string TaintValue = "true";
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);

    private readonly ReportingPart _part = new(Part, parts, logger);
    private readonly Backoff _backoff = Backoff.ForLoops(random);
    private bool _saidUndone;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var (state, problems, devices) = (node.Current.Value, health.Current.Value, inventory.Current.Value);
            if (await StepAsync(state.Node, IsUnfit(problems, devices), cancellationToken) is { } wait)
                await Task.Delay(wait, time, cancellationToken);
            else
                await FirstOf.WaitAsync(cancellationToken,
                    token => node.Current.WaitForChangeAsync(state, token),
                    token => health.Current.WaitForChangeAsync(problems, token),
                    token => inventory.Current.WaitForChangeAsync(devices, token));
        }
    }

    /// <summary>The node itself has a fatal problem, or fewer than half of the devices of a vendor are healthy. A released vendor is no fault.</summary>
    internal static bool IsUnfit(HealthSnapshot problems, NodeInventory devices)
    {
        if (problems.Problems.Any(problem => problem is { Severity: Severity.Fatal, Subject.Kind: SubjectKind.Node }))
            return true;
        var released = problems.Problems.Where(problem => problem.Id == VendorReleases.ProblemId).Select(problem => problem.Subject.Id).ToHashSet(StringComparer.Ordinal);
        return devices.Vendors.Any(vendor =>
        {
            var whole = vendor.Boards.ToList();
            return whole.Count(device => problems.IsHealthy(device) || released.Contains(device.Id)) * 2 < whole.Count;
        });
    }

    private async Task<TimeSpan?> StepAsync(NodeSnapshot? now, bool isUnfit, CancellationToken cancellationToken)
    {
        if (now is null || Change(now, isUnfit) is not { } change)
            return null;
        try
        {
            node.Take(NodeSnapshot.Of(await client.PatchAsync(ApiResources.Nodes, null, now.Name, null, change.ToPatch(), cancellationToken, isUrgent: true)));
            LogDone(now.Name, isUnfit ? "set" : "removed");
            _part.Good();
            _backoff.Reset();
            return Between;
        }
        catch (ApiException fault)
        {
            if (!(fault.Fault is ApiFault.Conflict or ApiFault.Invalid)) // the object changed meanwhile, which the watch will tell
                _part.Bad(fault);
            return _backoff.Next(fault.RetryAfter);
        }
    }

    /// <returns>Null when all is as it should be.</returns>
    private NodeEdit? Change(NodeSnapshot now, bool isUnfit)
    {
        var isThere = now.Taints.Any(taint => taint is { Key: Key, Effect: Effect });
        var isOurs = now.Annotations.ContainsKey(Annotation);
        if (!isUnfit)
        {
            _saidUndone = false;
            return isOurs ? new NodeEdit(now).RemoveTaint(Key, Effect).Unnote(Annotation) : null;
        }
        if (!isThere && isOurs && !_saidUndone)
        {
            LogUndone(now.Name);
            _saidUndone = true;
        }
        return isThere || isOurs ? null : new NodeEdit(now).Note(Annotation, Now()).AddTaint(new NodeTaint { Key = Key, Value = TaintValue, Effect = Effect });
    }

    private string Now() => time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    [LoggerMessage(Level = LogLevel.Information, Message = "The taint aiinfra.io/unhealthy:NoSchedule is {What} on node {Node}")]
    private partial void LogDone(string node, string what);

    [LoggerMessage(Level = LogLevel.Information, Message = "Somebody took the taint aiinfra.io/unhealthy off node {Node}; it is not set again before the node was well in between")]
    private partial void LogUndone(string node);
}
