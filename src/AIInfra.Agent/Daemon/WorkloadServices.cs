using AIInfra.Agent.Configuration;
using AIInfra.Core.Configuration;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sharing;
using AIInfra.Core.Workloads;
using AIInfra.Kubernetes.Audit;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.Agent.Daemon;

/// <summary>Which pods work on the devices, and what they have had of them.</summary>
internal static class WorkloadServices
{
    public static IServiceCollection AddWorkloads(this IServiceCollection services, Config config) => services
        .AddSingleton<PodDirectory>()
        .AddSingleton(new WorkloadOptions { SplitsShared = config.Get(AgentKeys.SharedDevices) == "split", ShowsUid = config.Get(AgentKeys.PodUid) })
        .AddWorker<WorkloadBoard>(WorkloadBoard.Part)
        .AddSingleton(provider => provider.GetRequiredService<WorkloadBoard>().Attribution)
        .AddSingleton<PageRows, WorkloadRows>()
        .AddSingleton(new PodAccountingOptions(config.Get(AgentKeys.StatePath), 3 * AgentConfig.LongestSampleInterval(config)))
        .AddWorker<PodAccountingWorker>(PodAccountingWorker.Part)
        .AddSingleton<PageRows, PodAccountRows>()
        .AddSingleton<IProcessPods, ProcessPods>()
        .AddWorker<PodUseWorker>(PodUseWorker.Part)
        .AddSingleton<PageRows, PodUseRows>();
}
