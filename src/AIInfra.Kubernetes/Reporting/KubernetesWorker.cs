using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Npd;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorHost;
using AIInfra.Kubernetes.Api;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.Reporting;

/// <summary>What the reporting reads and writes to.</summary>
public sealed record ReportingBoards(
    HealthBoard Health, InventoryBoard Inventory, WorkerBoard Workers, VendorReleases Releases, VendorPauses Pauses, FeatureLabels Labels, IDeviceHolders Holders,
    NpdBoard? Npd = null, PodDirectory? Pods = null, NodeLabels? NodeLabels = null);

/// <summary>Speaks to the API server for as long as there is one to speak to. Without one nothing else is different.</summary>
public sealed partial class KubernetesWorker(ReportingOptions options, ReportingBoards boards, TimeProvider time, ILoggerFactory loggers) : IWorker
{
    private readonly ILogger _logger = loggers.CreateLogger<KubernetesWorker>();

    internal Func<double> Random { get; init; } = System.Random.Shared.NextDouble;
    internal Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;
    internal Func<ApiClientOptions, ApiClientOptions> Tune { get; init; } = asIs => asIs;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (!options.Report || await FindAsync(cancellationToken) is not { } credentials)
        {
            boards.Workers.Remove(NodeWatch.Part);
            LogOff(options.Report ? "this is no pod, and kubernetes.kubeconfig is empty" : "kubernetes.report is false");
            return;
        }
        using var client = new ApiClient(credentials, Tune(new ApiClientOptions
        {
            Time = time,
            Budget = RequestBudget.ForAgent(time),
            UserAgent = $"aiinfra-agent/{options.Version} (linux) node-reporting",
            Random = Random,
        }));
        LogOn(client.Where, credentials.Origin, options.NodeName);
        boards.Workers.NotReady(NodeWatch.Part, $"{client.Where} has not answered yet.");
        boards.Pauses.IsUsed = true;
        var node = new NodeBoard();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task> loops = [.. Loops(client, node, ended.Token)];
        try
        {
            await await Task.WhenAny(loops); // a loop ends only by a fault that it does not know: then the supervisor starts all of this again
        }
        finally
        {
            await ended.CancelAsync();
            await Task.WhenAll(loops).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private IEnumerable<Task> Loops(ApiClient client, NodeBoard node, CancellationToken cancellationToken)
    {
        var (health, inventory, workers) = (boards.Health, boards.Inventory, boards.Workers);
        var npd = new NpdConditions(boards.Npd);
        yield return new NodeWatch(client, options, node, workers, time, Random, loggers.CreateLogger<NodeWatch>()).RunAsync(cancellationToken);
        yield return new ConditionReporter(client, node, health, inventory, npd, workers, time, Random, loggers.CreateLogger<ConditionReporter>()).RunAsync(cancellationToken);
        yield return new NodeDetails(client, node, boards.Labels, boards.Releases, boards.Pauses, npd, workers, time, Random, loggers.CreateLogger<NodeDetails>()).RunAsync(cancellationToken);
        var book = new EventBook(options.NodeName, health, boards.Holders, time);
        yield return new EventReporter(client, options, node, health, inventory, npd.Current, book, workers, time, Random, loggers.CreateLogger<EventReporter>()).RunAsync(cancellationToken);
        if (options.FollowsPods && boards.Pods is { } pods)
            yield return new PodWatch(client, options, pods, workers, time, Random, loggers.CreateLogger<PodWatch>()).RunAsync(cancellationToken);
        if (boards.NodeLabels is { } nodeLabels)
            yield return nodeLabels.FollowAsync(node, cancellationToken);
        if (options.SetsTaint)
            yield return new TaintReporter(client, node, health, inventory, workers, time, Random, loggers.CreateLogger<TaintReporter>()).RunAsync(cancellationToken);
    }

    /// <summary>A kubeconfig that cannot be used is read again: it may be written by somebody who comes later.</summary>
    /// <returns>Null where there is no API server to speak to.</returns>
    private async Task<ApiCredentials?> FindAsync(CancellationToken cancellationToken)
    {
        var part = new ReportingPart(NodeWatch.Part, boards.Workers, _logger);
        var backoff = Backoff.ForLoops(Random);
        while (true)
        {
            try
            {
                return options.Kubeconfig.Length > 0 ? KubeconfigReader.ReadFile(options.Kubeconfig, time) : ApiCredentials.InCluster(Environment, time);
            }
            catch (ApiException fault)
            {
                part.Bad(fault.Message, fault.Message);
                await Task.Delay(backoff.Next(), time, cancellationToken);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Nothing is reported to Kubernetes: {Why}")]
    private partial void LogOff(string why);

    [LoggerMessage(Level = LogLevel.Information, Message = "Reporting to the API server {Where} ({Origin}) as node {Node}")]
    private partial void LogOn(string where, string origin, string node);
}
