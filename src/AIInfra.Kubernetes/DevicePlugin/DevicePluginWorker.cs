using AIInfra.Core.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>Serves what the node offers to each of its kubelets.</summary>
public sealed class DevicePluginWorker(KubeletOptions options, KubeletBoards boards, TimeProvider time, ILoggerFactory loggers) : IWorker
{
    /// <summary>Covers the kubelet's own 10 s for dialling us, and its options call.</summary>
    internal TimeSpan RegisterTimeout { get; init; } = TimeSpan.FromSeconds(15);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (!options.DevicePlugins)
            return;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sites = options.Roots.Select(root => new KubeletSite(options, root, boards, RegisterTimeout, time, loggers)).ToArray();
        var running = sites.Select(site => site.RunAsync(ended.Token)).ToArray();
        try
        {
            await await Task.WhenAny(running); // one that fails is started again with all
        }
        finally
        {
            await ended.CancelAsync();
            await Task.WhenAll(running).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            foreach (var site in sites)
                site.Dispose();
        }
    }
}
