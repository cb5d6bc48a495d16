using System.Collections.Immutable;
using System.Net;
using AIInfra.Core.Configuration;
using AIInfra.Core.Health.Probes.Services;
using AIInfra.Core.Hosting.Logging;
using AIInfra.Core.Passthrough;
using AIInfra.Core.Sharing;
using AIInfra.Vendors.Nvidia.PluginConfig;

namespace AIInfra.Agent.Configuration;

/// <summary>Every setting of the daemon, one line each: this is the reference.</summary>
internal static class AgentKeys
{
    private static readonly ImmutableArray<string> Profiles = ["dcgm", "dcgm-4.9", "native", "neutral"];

    public static readonly ConfigKey<string> NodeName = ConfigForm.Text("node.name", "", "Name of this node in labels; empty: NODE_NAME, else the host's name.");

    public static readonly ConfigKey<string> HostRoot = ConfigForm.Folder("host.root", "/", "Where the host's files are: /proc/1/root in a container.");
    public static readonly ConfigKey<string> HostSys = ConfigForm.Text("host.sys", "", "The host's sysfs; empty: sys below host.root.");
    public static readonly ConfigKey<string> HostProc = ConfigForm.Text("host.proc", "", "The host's procfs; empty: proc below host.root.");
    public static readonly ConfigKey<string> HostDev = ConfigForm.Text("host.dev", "", "The host's device nodes; empty: dev below host.root.");
    public static readonly ConfigKey<string> HostRun = ConfigForm.Text("host.run", "", "The host's run folder; empty: run below host.root.");

    public static readonly ConfigKey<string> StatePath = ConfigForm.Folder("state.path", "/var/lib/aiinfra", "Folder of the state that survives the agent.");
    public static readonly ConfigKey<string> RunPath = ConfigForm.Folder("run.path", "/run/aiinfra", "Folder of the control socket agent.sock.");

    public static readonly ConfigKey<string> KubeletRoot = ConfigForm.Folder("kubelet.root", "/var/lib/kubelet", "The kubelet's folder; its device-plugins folder is below it.");
    public static readonly ConfigKey<ImmutableArray<string>> KubeletRoots = ConfigForm.Folders("kubelet.roots", ["/var/lib/kubelet"], "The folders of several kubelets, instead of kubelet.root; each is served on its own.");
    public static readonly ConfigKey<string> KubeletRegistration = ConfigForm.Choice("kubelet.registration", ["register", "registry"], "register", "register: the agent calls the kubelet; registry: the kubelet finds the agent's sockets in its plugins_registry.");
    public static readonly ConfigKey<bool> KubeletDevicePlugins = ConfigForm.Flag("kubelet.devicePlugins", true, "Offer the devices to the kubelet.");
    public static readonly ConfigKey<bool> KubeletPodResources = ConfigForm.Flag("kubelet.podResources", true, "Ask the kubelet which pod holds which device.");
    public static readonly ConfigKey<bool> KubeletAudit = ConfigForm.Flag("kubelet.audit", true, "Compare once a minute who was given a device with who has it open; needs kubelet.podResources.");
    public static readonly ConfigKey<ImmutableArray<string>> KubeletAuditAllow = ConfigForm.TextList("kubelet.auditAllow",
        ["nvidia-persistenced", "nv-hostengine", "dcgm-exporter", "dcgmi", "nv-fabricmanager", "nvidia-fabricmanager", "nvidia-topologyd", "nvidia-powerd", "nvidia-smi", "nvidia-cuda-mps-control", "nvidia-cuda-mps-server", "nvsm_core", "Xorg"],
        "Processes that may have any device open, by their names in /proc/PID/comm (the first 15 characters count).");
    public static readonly ConfigKey<bool> KubeletDra = Later(ConfigForm.Flag("kubelet.dra", false, "Serve Dynamic Resource Allocation."), "false", "leave it false and use the device plugin.");

    public static readonly ConfigKey<bool> CdiEnabled = ConfigForm.Flag("cdi.enabled", true, "Write CDI spec files, so that container runtimes can resolve the devices by name.");
    public static readonly ConfigKey<string> CdiFolder = ConfigForm.Text("cdi.folder", "", "Where spec files are written, as the container runtime is set to look; empty: cdi below host.run.");

    public static readonly ConfigKey<string> Kubeconfig = ConfigForm.Text("kubernetes.kubeconfig", "", "How to reach the API server; empty: as the pod's service account where this runs in a pod, else not at all.");
    public static readonly ConfigKey<bool> KubernetesReport = ConfigForm.Flag("kubernetes.report", true, "Report node conditions, events and labels; false: the API server is never spoken to.");

    public static readonly ConfigKey<IPEndPoint> MetricsAddress = ConfigForm.Address("metrics.address", "0.0.0.0:9400", "Where /metrics, /healthz and /readyz are served.");
    public static readonly ConfigKey<ImmutableArray<string>> MetricsProfile = ConfigForm.Choices("metrics.profile", Profiles, ["dcgm"], "Under which names device metrics are shown; several may be. A vendor that has none of them is shown as neutral; see metrics.md.");
    public static readonly ConfigKey<string> DcgmCsv = ConfigForm.Text("metrics.dcgmCsv", "", "A dcgm-exporter CSV file that chooses the fields of the profiles dcgm and dcgm-4.9, used unchanged; read at the start.");
    public static readonly ConfigKey<int> MetricsMaxSeries = ConfigForm.Number("metrics.maxSeries", 500, 1_000_000, 50_000, "Most series on the page; beyond it whole families are left out, the least important first, and named in aiinfra_agent_series_dropped.");
    public static readonly ConfigKey<TimeSpan> MetricsCountWindow = ConfigForm.Duration("metrics.countWindow", TimeSpan.FromSeconds(60), TimeSpan.FromHours(1), TimeSpan.FromMinutes(5), "The sliding window of DCGM_EXP_XID_ERRORS_COUNT and DCGM_EXP_CLOCK_EVENTS_COUNT.");
    public static readonly ConfigKey<string> WebConfig = ConfigForm.Text("metrics.webConfig", "", "A web config file of Prometheus' exporter-toolkit: TLS, client certificates, basic auth, headers, rate limit; see operations.md.");
    public static readonly ConfigKey<int> ConcurrentScrapes = ConfigForm.Number("metrics.concurrentScrapes", 1, 64, 8, "Scrapes that are answered at once; more are refused with 503 and Retry-After.");
    public static readonly ConfigKey<string> SharedDevices = ConfigForm.Choice("metrics.sharedDevices", ["last", "split"], "last", "last: the series of a device that several pods share bear the last of them, as with dcgm-exporter; split: none of them, and what can be divided has a series a pod; see metrics.md.");
    public static readonly ConfigKey<bool> PodUid = ConfigForm.Flag("metrics.podUid", false, "Label pod_uid; the pods of this node are then followed at the API server.");
    public static readonly ConfigKey<ImmutableArray<string>> PodLabels = ConfigForm.TextList("metrics.podLabels", [], "Keys of pod labels that series bear, as in [app, app.kubernetes.io/*]; the pods of this node are then followed at the API server.");

    public static readonly LibraryVendorKeys Nvidia = new("nvidia", "libnvidia-ml.so.1", "File name or path of NVML.");
    public static readonly ConfigKey<TimeSpan> NvidiaSlowInterval = ConfigForm.Duration("vendors.nvidia.slowInterval", TimeSpan.FromSeconds(1), TimeSpan.FromHours(1), TimeSpan.FromMinutes(1), "From one reading of limits and modes, which change by hand, to the next.");
    public static readonly ConfigKey<bool> NvidiaPcieThroughput = ConfigForm.Flag("vendors.nvidia.pcieThroughput", false, "Read the PCIe throughput on boards older than Hopper too: it takes the driver 20 ms a direction and board in each round.");
    public static readonly ConfigKey<string> NvidiaConfig = ConfigForm.Text("vendors.nvidia.config", "", "A config of NVIDIA's device plugin (version: v1), or a folder of named ones; read at the start.");
    public static readonly ConfigKey<string> NvidiaConfigName = ConfigForm.Text("vendors.nvidia.configName", "", "Which one of the folder: the value of the node label nvidia.com/device-plugin.config; empty: the one named default, else the only one.");
    public static readonly ConfigKey<string> NvidiaMigStrategy = ConfigForm.Choice("vendors.nvidia.migStrategy", ["auto", "none", "single", "mixed"], "auto", "How divided GPUs are offered; auto: as vendors.nvidia.config says, else none.");
    public static readonly ConfigKey<ImmutableArray<string>> NvidiaDeviceLists = ConfigForm.Choices("vendors.nvidia.deviceListStrategy", ["auto", .. DeviceLists.Names], ["auto"], "How a container is told its devices; auto: as vendors.nvidia.config says, else by what the host has.");
    public static readonly ConfigKey<string> NvidiaDeviceIds = ConfigForm.Choice("vendors.nvidia.deviceIdStrategy", ["auto", "uuid", "index"], "auto", "What devices go by; auto: as vendors.nvidia.config says, else uuid.");
    public static readonly ConfigKey<string> NvidiaDeviceSpecs = ConfigForm.Choice("vendors.nvidia.passDeviceSpecs", ["auto", "true", "false"], "auto", "The device nodes as well; auto: as vendors.nvidia.config says, else where the list strategy is chosen by the host and is not CDI.");
    public static readonly ConfigKey<ImmutableArray<string>> NvidiaReplicas = ConfigForm.TextListOf("vendors.nvidia.sharing.replicas", ShareRules.Form, text => ShareRules.Parse(text) is not null, "Resources whose devices are offered several times, to be used in turns.");
    public static readonly ConfigKey<bool> NvidiaSharedRename = ConfigForm.Flag("vendors.nvidia.sharing.rename", false, "Shared devices are offered under the name with .shared.");
    public static readonly ConfigKey<bool> NvidiaSharedOne = ConfigForm.Flag("vendors.nvidia.sharing.onePerContainer", false, "A container that asks for more than one shared device is refused.");
    public static readonly ConfigKey<string> NvidiaSharedPlacement = ConfigForm.Choice("vendors.nvidia.sharing.placement", ["distributed", "packed"], "distributed", "A further share comes from the device with the fewest in use, or with the most.");
    public static readonly ConfigKey<string> NvidiaDriverRoot = ConfigForm.Text("vendors.nvidia.driverRoot", "", "Root of the driver's files on the host; empty: as vendors.nvidia.config says, else / or /run/nvidia/driver, wherever they are.");
    public static readonly ConfigKey<string> NvidiaHookPath = ConfigForm.Text("vendors.nvidia.cdiHookPath", "", "nvidia-cdi-hook or nvidia-ctk on the host; empty: as vendors.nvidia.config says, else looked for in the usual folders.");
    public static readonly ConfigKey<string> NvidiaMigConfig = Later(ConfigForm.Text("vendors.nvidia.migConfig", "", "A mig-parted config."), "", "layouts are not applied; remove the line.");

    public static readonly ConfigKey<bool> PassthroughEnabled = ConfigForm.Flag("passthrough.enabled", false, "Offer to virtual machines what there is for them: boards and virtual functions that a vfio driver holds, and mediated devices.");
    public static readonly ConfigKey<string> PassthroughPciIds = ConfigForm.Text("passthrough.pciIds", "", "The list of PCI names on the host, from which resources are named; empty: where distributions have it.");
    public static readonly ConfigKey<ImmutableArray<string>> PassthroughNames = ConfigForm.TextListOf("passthrough.names", PassthroughOptions.NameForm, text => PassthroughOptions.ParseName(text) is not null, "Resource names chosen by hand.");

    public static readonly ConfigKey<string> LabelsFile = ConfigForm.Text("labels.file", "", "A file for Node Feature Discovery with the labels of `devices --labels`, such as /etc/kubernetes/node-feature-discovery/features.d/aiinfra; empty: none.");

    public static readonly ConfigKey<ImmutableArray<string>> NpdConfig = ConfigForm.TextList("health.npdConfig", [], "Configuration files of node-problem-detector, or folders of them, used unchanged; see migration-npd.md.");
    public static readonly ConfigKey<ImmutableArray<string>> Rules = ConfigForm.TextList("health.rules", ["/etc/aiinfra/rules.d"], "Folders of rule packs (*.yaml) for the kernel log; one that is not there holds none.");
    public static readonly ConfigKey<string> KernelLogPath = ConfigForm.Text("health.kernelLog.path", "/dev/kmsg", "The kernel log, or a file of its records; /dev/kmsg is looked for below host.dev; empty: not read.");
    public static readonly ConfigKey<bool> KernelLogTrust = ConfigForm.Flag("health.kernelLog.trustUserspace", false, "Believe lines that a process wrote into the kernel log: for tests and demonstrations.");

    public static readonly ConfigKey<ImmutableArray<string>> LogFiles = ConfigForm.TextList("health.logFiles", ["/var/log/fabricmanager.log"], "Log files of services, followed over their rotation with the rules for services; below host.root; one that is not there is waited for.");

    public static readonly ConfigKey<ImmutableArray<string>> WatchedUnits = ConfigForm.TextListOf("health.watchedUnits", "a name of a service, as in kubelet or web-*", ServiceProbes.IsUnitPattern, "Services whose failure is a problem, which remediation answers by a restart; one that is disabled on the host is left alone.", ServiceProbes.UsualUnits);

    public static readonly ConfigKey<bool> Journal = ConfigForm.Flag("health.journal", true, "Read the host's journal with the rules for services, and with those for the kernel where health.kernelLog.path is empty.");

    public static readonly ConfigKey<string> RemediationMode = ConfigForm.Choice("remediation.mode", ["off", "dry-run", "on"], "dry-run", "dry-run: it is planned and said what would be done, and nothing is; on: it is done; see remediation.md.");
    public static readonly ConfigKey<string> RemediationPolicy = ConfigForm.Text("remediation.policy", "", "A policy file: ladders that stand before the built-in ones, limits, windows, what blocks; read at the start; see remediation.md.");
    public static readonly ConfigKey<string> RemediationDrain = ConfigForm.Choice("remediation.drain", ["aggregator", "self"], "aggregator", "Whose account cordons, taints and drains: the aggregator's, or the agent's own (self), which needs rights of its own and also sets the taint aiinfra.io/unhealthy while the node as a whole is unfit; see remediation.md.");

    public static ConfigSchema Schema { get; } = new(
    [
        NodeName, HostRoot, HostSys, HostProc, HostDev, HostRun, StatePath, RunPath,
        KubeletRoot, KubeletRoots, KubeletRegistration, KubeletDevicePlugins, KubeletPodResources, KubeletAudit, KubeletAuditAllow, KubeletDra, CdiEnabled, CdiFolder,
        Kubeconfig, KubernetesReport,
        MetricsAddress, MetricsProfile, DcgmCsv, MetricsMaxSeries, MetricsCountWindow, WebConfig, ConcurrentScrapes, SharedDevices, PodUid, PodLabels,
        Nvidia.Enabled, Nvidia.Library, Nvidia.SampleInterval, NvidiaSlowInterval, NvidiaPcieThroughput, Nvidia.CallTimeout, NvidiaConfig, NvidiaConfigName, NvidiaMigStrategy,
        NvidiaDeviceLists, NvidiaDeviceIds, NvidiaDeviceSpecs, NvidiaReplicas, NvidiaSharedRename, NvidiaSharedOne, NvidiaSharedPlacement,
        NvidiaDriverRoot, NvidiaHookPath, NvidiaMigConfig,
        .. LibraryVendors.All, .. FileVendorKeys.All, PassthroughEnabled, PassthroughPciIds, PassthroughNames, LabelsFile,
        NpdConfig, Rules, KernelLogPath, KernelLogTrust, LogFiles, WatchedUnits, Journal, .. ProbeKeys.All, RemediationMode, RemediationPolicy, RemediationDrain, .. NodeStepKeys.All,
        .. FleetKeys.All, .. ReloadKeys.All, .. LogKeys.All,
    ], new ConfigConflict(KubeletRoot, KubeletRoots, "keep kubelet.roots and list all kubelets in it, or keep kubelet.root where there is only one."));

    /// <summary>A setting whose part is not built yet: values that would ask for it are refused by name, never silently ignored.</summary>
    /// <param name="key">The setting.</param>
    /// <param name="allowed">The values that ask for nothing, separated by <c>|</c>.</param>
    /// <param name="advice">What happens instead and what to do.</param>
    private static ConfigKey<T> Later<T>(ConfigKey<T> key, string allowed, string advice) where T : notnull =>
        key.Refusing(value => allowed.Split('|').Contains(value) ? null : advice);
}
