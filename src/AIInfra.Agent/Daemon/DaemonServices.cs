using System.Collections.Immutable;
using AIInfra.Agent.Configuration;
using AIInfra.Agent.Control;
using AIInfra.Agent.Diag;
using AIInfra.Agent.Endpoints;
using AIInfra.Agent.Otlp;
using AIInfra.Core.Cdi;
using AIInfra.Core.Configuration;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Npd;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Hosting;
using AIInfra.Core.Labels;
using AIInfra.Core.Metrics;
using AIInfra.Core.Passthrough;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Core.Remediation.Engine;
using AIInfra.Core.Sampling;
using AIInfra.Core.Sharing;
using AIInfra.Core.State;
using AIInfra.Core.VendorHost;
using AIInfra.Kubernetes.Audit;
using AIInfra.Kubernetes.DevicePlugin;
using AIInfra.Kubernetes.Remediation;
using AIInfra.Kubernetes.Reporting;
using AIInfra.Linux.Uevents;
using AIInfra.Vendors;
using AIInfra.Vendors.Nvidia;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AIInfra.Agent.Daemon;

/// <summary>What the daemon is made of, one line a part.</summary>
internal static class DaemonServices
{
    public static IServiceCollection AddDaemon(this IServiceCollection services, Config config, AgentFiles files) => services
        .AddDevices(config, files)
        .AddServiceManager(config)
        .AddHostActions(new ActionOptions(AgentConfig.NodeName(config), config.Get(AgentKeys.StatePath), config.Get(AgentKeys.KubeletPodResources) ? AgentConfig.Kubelet(config).Roots : []))
        .AddRemediation(
            new RemediationOptions(RemediationSettings.Mode(config), files.Policy!), config.Get(AgentKeys.StatePath),
            config.Get(AgentKeys.KubeletPodResources) ? AgentConfig.Kubelet(config).Roots : [])
        .AddNpd(AgentConfig.Npd(config), AgentConfig.HostPaths(config), JournalSettings.Of(config, files.Rules))
        .AddLogs(config, files.Rules)
        .AddProbes(config)
        .AddSingleton(AgentConfig.Kubelet(config))
        .AddSingleton(new AuditOptions { Enabled = config.Get(AgentKeys.KubeletAudit), Allowed = config.Get(AgentKeys.KubeletAuditAllow) })
        .AddKubelet()
        .AddCdi(config)
        .AddSingleton(provider => new FeatureLabels(provider.GetRequiredService<LabelBoard>().Current))
        .AddReporting(AgentConfig.Reporting(config))
        .AddNodeSteps(NodeStepKeys.Options(config))
        .AddWorkloads(config)
        .AddMetrics(config)
        .AddOtlp()
        .AddControl(config)
        .AddFleet(config);

    /// <summary>The vendors, and what becomes of what they find: a part of the daemon that serves nobody by itself.</summary>
    public static IServiceCollection AddDevices(this IServiceCollection services, Config config, AgentFiles files) => services
        .AddBoards(AgentConfig.HostPaths(config))
        .AddState(config.Get(AgentKeys.StatePath))
        .AddSingleton(new LabelOptions { File = config.Get(AgentKeys.LabelsFile) })
        .AddVendors(config, AgentConfig.NvidiaOptions(config, files))
        .AddFileVendors(config, files.FileVendors)
        .AddVendorToolkits();

    private static IServiceCollection AddBoards(this IServiceCollection services, HostPaths host) => services
        .AddSingleton(TimeProvider.System)
        .AddSingleton(host)
        .AddSingleton<WorkerBoard>()
        .AddSingleton<InventoryBoard>()
        .AddSingleton<SampleBoard>()
        .AddSingleton(provider => new HealthBoard(
            provider.GetRequiredService<TimeProvider>(), host.ReadBootId(), provider.GetRequiredService<StateStore>().Stored.Problems,
            provider.GetRequiredService<StateStore>().Stored.Transitions))
        .AddSingleton(provider => new VendorReleases(provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<StateStore>().Stored.Releases))
        .AddSingleton<PciChanges>()
        .AddSingleton(provider => new UeventReader(provider.GetRequiredService<TimeProvider>(), host.UeventStandIn))
        .AddWorker<OfferBoard>(OfferBoard.Part)
        .AddWorker<LabelBoard>(LabelBoard.Part)
        .AddWorker<PciWatch>("device events")
        .AddWorker<WedgeWatch>("GPU hangs")
        .AddSingleton<NicBoard>()
        .AddWorker<NicWatch>(NicWatch.Part)
        .AddWorker<QuietClearing>("health")
        .AddWorker<TransitionLog>("health log");

    private static IServiceCollection AddState(this IServiceCollection services, string folder) => services
        .AddSingleton(provider => StateStore.Open(folder, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<StateStore>>()))
        .AddSingleton(provider => new StoredInventories(
            vendor => provider.GetRequiredService<StateStore>().Stored.Inventories.FirstOrDefault(inventory => inventory.Vendor == vendor)))
        .AddSingleton<ReadingPositions>()
        .AddSingleton<StateBoards>()
        .AddWorker<StateWriter>(StateWriter.Part);

    private static IServiceCollection AddVendors(this IServiceCollection services, Config config, NvidiaOptions nvidia)
    {
        var launcher = new VendorHostLauncher("/proc/self/exe", []);
        return services.AddPassthrough(AgentConfig.Passthrough(config)).AddNvidia(AgentKeys.Nvidia.Options(config), nvidia, launcher).AddLibraryVendors(config, launcher);
    }

    private static IServiceCollection AddCdi(this IServiceCollection services, Config config)
    {
        var host = AgentConfig.HostPaths(config);
        return services
            .AddSingleton(new CdiOptions
            {
                Enabled = config.Get(AgentKeys.CdiEnabled),
                AnswersKubelet = config.Get(AgentKeys.KubeletDevicePlugins),
                Folder = config.Get(AgentKeys.CdiFolder) is { Length: > 0 } folder ? folder : Path.Combine(host.Run, "cdi"),
                OtherFolders = [Path.Combine(host.Root, "etc/cdi")],
            })
            .AddSingleton<CdiBoard>()
            .AddSingleton<ICdiHolders, PodCdiHolders>()
            .AddWorker<CdiKeeper>(CdiKeeper.Part);
    }

    private static IServiceCollection AddLogs(this IServiceCollection services, Config config, ImmutableArray<LogRule> userRules)
    {
        var rules = RulePack.Combine(VendorLogs.Rules, userRules);
        var host = AgentConfig.HostPaths(config);
        services
            .AddSingleton(provider => new LogCounters { Slow = SlowPatternLog.Create(provider.GetRequiredService<ILogger<LogMatcher>>()) })
            .AddSingleton<KernelLogBoards>();
        if (config.Get(AgentKeys.LogFiles) is { IsEmpty: false } files)
        {
            services
                .AddSingleton(new LogFileOptions([.. files.Select(file => Path.Join(host.Root, file))], VendorLogs.Decoders, rules))
                .AddWorker<LogFileWorker>(LogFileWorker.Part);
        }
        if (AgentConfig.KernelLogPath(config) is { } path)
        {
            services
                .AddSingleton(provider => new KernelLogOptions
                {
                    Path = path,
                    TrustUserspace = config.Get(AgentKeys.KernelLogTrust),
                    Decoders = VendorLogs.Decoders,
                    Rules = rules,
                    Listeners = [.. provider.GetServices<IKernelLogListener>()],
                })
                .AddWorker<KernelLogWorker>(KernelLogWorker.Part);
        }
        return services;
    }

    private static IServiceCollection AddMetrics(this IServiceCollection services, Config config) => services
        .AddSingleton<MetricsSources>()
        .AddSingleton(provider => new MetricsPageOptions
        {
            Profiles = ProfileChoice.Of(provider.GetServices<MetricProfile>(), config.Get(AgentKeys.MetricsProfile)),
            Hostname = AgentConfig.NodeName(config),
            Version = ProgramInfo.Version,
            MaxSeries = config.Get(AgentKeys.MetricsMaxSeries),
            MaxSampleAge = 3 * AgentConfig.LongestSampleInterval(config),
        })
        .AddSingleton<MetricsPage>()
        .AddSingleton(AgentConfig.MetricsServer(config))
        .AddWorker<MetricsServer>("metrics");

    private static IServiceCollection AddControl(this IServiceCollection services, Config config) => services
        .AddSingleton(provider => new NodeView(
            AgentConfig.NodeName(config), provider.GetRequiredService<InventoryBoard>(), provider.GetRequiredService<HealthBoard>(),
            provider.GetRequiredService<SampleBoard>(), provider.GetRequiredService<OfferBoard>(), provider.GetRequiredService<PodResourcesBoard>(),
            provider.GetRequiredService<WorkerBoard>(), provider.GetRequiredService<HostPaths>(), provider.GetRequiredService<LabelBoard>(),
            provider.GetRequiredService<ProbeBoard>(), provider.GetRequiredService<RemediationControl>(), provider.GetRequiredService<TimeProvider>()))
        .AddSingleton<RemediationControl>()
        .AddSingleton<NodeCommands>()
        .AddSingleton<AllocationView>()
        .AddSingleton<DaemonDiag>()
        .AddWorker("control", provider => new ControlServer(
            ControlServer.SocketPath(config), provider.GetRequiredService<NodeView>(), provider.GetRequiredService<NodeCommands>(), provider.GetRequiredService<AllocationView>(), provider.GetRequiredService<RemediationControl>(),
            provider.GetRequiredService<DaemonDiag>(), provider.GetRequiredService<ILoggerFactory>()));
}
