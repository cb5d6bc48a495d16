using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Agent.Endpoints;
using AIInfra.Core.Configuration;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Hosting;
using AIInfra.Core.Passthrough;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Core.Web;
using AIInfra.Kubernetes.DevicePlugin;
using AIInfra.Kubernetes.Reporting;
using AIInfra.Vendors.Nvidia;
using AIInfra.Vendors.Nvidia.Metrics;
using AIInfra.Vendors.Nvidia.PluginConfig;

namespace AIInfra.Agent.Configuration;

/// <summary>What the files hold that the configuration names, each read once. Immutable.</summary>
/// <param name="Dcgm">Null where no CSV file is named.</param>
internal sealed record AgentFiles(ImmutableArray<LogRule> Rules, NvidiaPluginConfig Nvidia, FileVendorSettings FileVendors, DcgmChoice? Dcgm = null)
{
    /// <summary>Of the metrics' web config.</summary>
    public ImmutableArray<ConfigError> WebNotes { get; init; } = [];
    /// <summary>Null where the configuration is wrong.</summary>
    public RemediationPolicy? Policy { get; init; }

    /// <summary>What has no effect here of what the files ask for, with its place.</summary>
    public IEnumerable<string> Notes => Nvidia.Notes.Concat(FileVendors.Notes).Concat(WebNotes).Select(note => note.ToString()).Concat(Dcgm?.Notes ?? []);
}

/// <summary>Finds and checks the daemon's configuration: the file, then the environment over it.</summary>
internal static class AgentConfig
{
    public const string DefaultFile = "/etc/aiinfra/agent.yaml";

    /// <param name="file">Null: <see cref="DefaultFile"/> if it is there, else the defaults alone.</param>
    public static (Config Config, ImmutableArray<ConfigError> Errors) Load(string? file)
    {
        var path = file is null && !File.Exists(DefaultFile) ? null : file ?? DefaultFile;
        var (values, faults) = path is null ? ([], []) : YamlConfigReader.ReadFile(path);
        var (config, errors) = AgentKeys.Schema.Check(values.AddRange(EnvironmentConfigReader.Read(Environment.GetEnvironmentVariables())));
        return (config, faults.AddRange(errors));
    }

    /// <summary>The same with the rule packs it names, and all that is wrong in them.</summary>
    public static (Config Config, ImmutableArray<LogRule> Rules, ImmutableArray<ConfigError> Errors) LoadWithRules(string? file)
    {
        var (config, errors) = Load(file);
        if (!errors.IsEmpty)
            return (config, [], errors);
        var (rules, faults) = RulePack.ReadFolders(config.Get(AgentKeys.Rules));
        return (config, rules, faults);
    }

    /// <summary>The files of node-problem-detector: a bad one is left out and never stops the daemon.</summary>
    public static NpdConfiguration Npd(Config config) => NpdFiles.Load(config.Get(AgentKeys.NpdConfig));

    /// <summary>The same with every file it names, and all that is wrong in them: what the daemon needs to start.</summary>
    public static (Config Config, AgentFiles Files, ImmutableArray<ConfigError> Errors) LoadWithFiles(string? file)
    {
        var (config, rules, errors) = LoadWithRules(file);
        var nvidia = errors.IsEmpty ? NvidiaSettings.Load(config) : NvidiaPluginConfig.None;
        var others = errors.IsEmpty ? FileVendorSettings.Load(config) : FileVendorSettings.None;
        var (webErrors, webNotes) = errors.IsEmpty && OrNull(config.Get(AgentKeys.WebConfig)) is { } web ? WebConfigFile.Check(web) : ([], []);
        var (policy, policyErrors) = errors.IsEmpty ? RemediationSettings.Load(config) : (null, []);
        var files = new AgentFiles(rules, nvidia, others) { WebNotes = webNotes, Policy = policy };
        if (!errors.IsEmpty || config.Get(AgentKeys.DcgmCsv) is not { Length: > 0 } csv)
            return (config, files, [.. errors, .. nvidia.Errors, .. others.Errors, .. webErrors, .. policyErrors]);
        var (dcgm, faults) = DcgmChoice.Load(csv);
        return (config, files with { Dcgm = dcgm }, [.. errors, .. nvidia.Errors, .. others.Errors, .. webErrors, .. policyErrors, .. faults]);
    }

    public static MetricsServerOptions MetricsServer(Config config) => new()
    {
        Address = config.Get(AgentKeys.MetricsAddress),
        WebConfig = OrNull(config.Get(AgentKeys.WebConfig)),
        ConcurrentScrapes = config.Get(AgentKeys.ConcurrentScrapes),
    };

    public static PassthroughOptions Passthrough(Config config) => new()
    {
        Enabled = config.Get(AgentKeys.PassthroughEnabled),
        PciIds = config.Get(AgentKeys.PassthroughPciIds),
        Names = config.Get(AgentKeys.PassthroughNames).Select(PassthroughOptions.ParseName).OfType<(string Ids, string Resource)>()
            .DistinctBy(name => name.Ids).ToFrozenDictionary(name => name.Ids, name => name.Resource, StringComparer.Ordinal),
    };

    /// <summary>What is offered and shown of NVIDIA's devices.</summary>
    public static NvidiaOptions NvidiaOptions(Config config, AgentFiles files) => files.Nvidia.Options with
    {
        Dcgm = files.Dcgm,
        CountWindow = config.Get(AgentKeys.MetricsCountWindow),
        Sampling = new NvidiaSampling(config.Get(AgentKeys.NvidiaSlowInterval), config.Get(AgentKeys.NvidiaPcieThroughput)),
    };

    /// <summary>Of all vendors: no reading is old before the slowest of them has had its turn.</summary>
    public static TimeSpan LongestSampleInterval(Config config) => LibraryVendors.Each.Prepend(AgentKeys.Nvidia).Max(vendor => config.Get(vendor.SampleInterval));

    /// <summary>Null: it is not to be read.</summary>
    public static string? KernelLogPath(Config config)
    {
        var path = config.Get(AgentKeys.KernelLogPath);
        return path == AgentKeys.KernelLogPath.Default ? Path.Combine(HostPaths(config).Dev, "kmsg") : OrNull(path);
    }

    /// <summary>Prints every error on a line of its own. True when there is none.</summary>
    public static bool Report(ImmutableArray<ConfigError> errors, TextWriter output)
    {
        foreach (var error in errors)
            output.WriteLine(error);
        if (errors.Length > 0)
            output.WriteLine($"{(errors.Length == 1 ? "One error" : $"{errors.Length} errors")} in the configuration; nothing was started. `aiinfra-agent check-config FILE` checks a file without starting.");
        return errors.Length == 0;
    }

    public static HostPaths HostPaths(Config config) => new()
    {
        Root = config.Get(AgentKeys.HostRoot),
        Sys = OrNull(config.Get(AgentKeys.HostSys))!,
        Proc = OrNull(config.Get(AgentKeys.HostProc))!,
        Dev = OrNull(config.Get(AgentKeys.HostDev))!,
        Run = OrNull(config.Get(AgentKeys.HostRun))!,
    };

    public static ReportingOptions Reporting(Config config)
    {
        var host = HostPaths(config);
        return new ReportingOptions
        {
            NodeName = NodeName(config),
            Kubeconfig = config.Get(AgentKeys.Kubeconfig),
            Report = config.Get(AgentKeys.KubernetesReport),
            SetsTaint = config.Get(AgentKeys.RemediationDrain) == "self",
            MovesPods = config.Get(AgentKeys.RemediationDrain) == "self" && config.Get(AgentKeys.RemediationMode) != "off",
            FollowsPods = config.Get(AgentKeys.PodUid) || !config.Get(AgentKeys.PodLabels).IsEmpty,
            PodLabels = config.Get(AgentKeys.PodLabels),
            Version = ProgramInfo.Version,
            BootId = host.ReadBootId(),
            MachineId = host.ReadMachineId(),
        };
    }

    public static KubeletOptions Kubelet(Config config) => new()
    {
        Roots = config.IsGiven(AgentKeys.KubeletRoots) ? config.Get(AgentKeys.KubeletRoots) : [config.Get(AgentKeys.KubeletRoot)],
        DevicePlugins = config.Get(AgentKeys.KubeletDevicePlugins),
        PodResources = config.Get(AgentKeys.KubeletPodResources),
        Registration = config.Get(AgentKeys.KubeletRegistration) == "registry" ? KubeletRegistrationMode.Registry : KubeletRegistrationMode.Register,
    };

    public static string NodeName(Config config) =>
        OrNull(config.Get(AgentKeys.NodeName)) ?? OrNull(Environment.GetEnvironmentVariable("NODE_NAME")) ?? Environment.MachineName;

    private static string? OrNull(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
