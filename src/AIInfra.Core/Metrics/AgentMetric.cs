using System.Collections.Immutable;

namespace AIInfra.Core.Metrics;

/// <summary>A metric of the agent's own.</summary>
public sealed class AgentMetric : MetricHead
{
    private AgentMetric(string name, MetricType type, string help, params ReadOnlySpan<string> labels) : base(name, type, help) => Labels = [.. labels];

    /// <summary>Label names in the order they are printed.</summary>
    public ImmutableArray<string> Labels { get; }

    public static AgentMetric BuildInfo { get; } = new("aiinfra_agent_build_info", MetricType.Gauge, "Always 1; the version of the agent.", "version");

    public static AgentMetric VendorInfo { get; } = new("aiinfra_agent_vendor_info", MetricType.Gauge,
        "Always 1 for each vendor: whether its driver answers (starting, ready, absent, unavailable) and in which version.",
        "vendor", "state", "driver_version", "library_version", "simulated");

    public static AgentMetric ToolkitInfo { get; } = new("aiinfra_agent_toolkit_info", MetricType.Gauge,
        "Always 1 for each version of a driver, toolkit or library that a file of the host tells: nvidia-driver, cuda, cudnn, amdgpu-driver, rocm, ascend-driver, cann, neuware and others.", "toolkit", "version", "path");

    public static AgentMetric DeviceHealthy { get; } = new("aiinfra_agent_device_healthy", MetricType.Gauge,
        "1 when no fatal problem stands on the device, 0 when it gets no new work.",
        "vendor", "device", "pci_address", "index", "resource", "simulated");

    public static AgentMetric DeviceSampleAge { get; } = new("aiinfra_agent_device_sample_age_seconds", MetricType.Gauge,
        "Time since the device last answered; it grows while the device is silent and its readings are left out.", "vendor", "device");

    public static AgentMetric AttributionState { get; } = new("aiinfra_agent_attribution_state", MetricType.Gauge,
        "1 for the one state in which it is known, or why it is not, which pod holds which device: known, off, not_asked, no_kubelet, no_permission, kubelet_busy, answer_too_large, no_answer or refused.", "state");

    public static AgentMetric AttributionAge { get; } = new("aiinfra_agent_attribution_age_seconds", MetricType.Gauge,
        "Time since the kubelet last said which pod holds which device.");

    public static AgentMetric AttributionUnmatched { get; } = new("aiinfra_agent_attribution_unmatched_units", MetricType.Gauge,
        "Units that the kubelet has allocated of known vendors' resources and that stand for no known device: their pods have no series.");

    public static AgentMetric DeviceAllocation { get; } = new("aiinfra_agent_device_allocation_info", MetricType.Gauge,
        "Always 1 for each device that a container holds; several containers on a shared one have a series each. With pod_uid and label_* where metrics.podUid or metrics.podLabels ask for them.",
        "vendor", "device", "resource", "namespace", "pod", "container");

    public static AgentMetric PodAllocatedSeconds { get; } = new("aiinfra_pod_device_allocated_seconds_total", MetricType.Counter,
        "Device-seconds that the container held: of a shared device, by its part of the replicas. Counted while the kubelet says who holds what.",
        "vendor", "resource", "namespace", "pod", "container");

    public static AgentMetric PodUsedSeconds { get; } = new("aiinfra_pod_device_used_seconds_total", MetricType.Counter,
        "Device-seconds in which kernels ran, by the device's utilization; of a device that several containers share, it is not known whose, and nothing is counted.",
        "vendor", "resource", "namespace", "pod", "container");

    public static AgentMetric PodIdleSeconds { get; } = new("aiinfra_pod_device_idle_seconds_total", MetricType.Counter,
        "Device-seconds that the container held while no kernel ran on the device.", "vendor", "resource", "namespace", "pod", "container");

    public static AgentMetric PodEnergy { get; } = new("aiinfra_pod_device_energy_joules_total", MetricType.Counter,
        "Energy of the devices while the container held them: a shared one's by its part of the units that are held, a partition's by its part of the board's memory.",
        "vendor", "resource", "namespace", "pod", "container");

    public static AgentMetric PodMemory { get; } = new("aiinfra_pod_device_memory_used_bytes", MetricType.Gauge,
        "Device memory that the pod's processes have, as the driver tells; also on shared devices. What belongs to no pod is in no series.", "vendor", "device", "namespace", "pod");

    public static AgentMetric PodAccountsOmitted { get; } = new("aiinfra_pod_device_accounts_omitted", MetricType.Gauge,
        "Holds that are not counted, because there are more than 2,000 accounts.");

    public static AgentMetric Problems { get; } = new("aiinfra_agent_problems", MetricType.Gauge,
        "Problems that stand on the node, by severity.", "severity");

    public static AgentMetric ProblemInfo { get; } = new("aiinfra_agent_problem_info", MetricType.Gauge,
        "Always 1 for each problem that stands; at most 200, the most severe first.",
        "id", "subject_kind", "subject", "severity", "cause", "action");

    public static AgentMetric ProblemLastSeen { get; } = new("aiinfra_agent_problem_last_seen_timestamp_seconds", MetricType.Gauge,
        "When the problem was last seen, in Unix time.", "id", "subject_kind", "subject");

    public static AgentMetric ProblemSeriesOmitted { get; } = new("aiinfra_agent_problem_series_omitted", MetricType.Gauge,
        "Problems that stand but have no series of their own, because there are more than 200.");

    public static AgentMetric ProblemsDropped { get; } = new("aiinfra_agent_problems_dropped_total", MetricType.Counter,
        "Problems that were given up because too many stood at once.");

    public static AgentMetric PartReady { get; } = new("aiinfra_agent_part_ready", MetricType.Gauge,
        "1 when the part of the agent works, 0 when it waits or failed; /readyz says why.", "part");

    public static AgentMetric PartFaults { get; } = new("aiinfra_agent_part_faults", MetricType.Gauge,
        "Faults in a row since the part last ran quietly.", "part");

    public static AgentMetric KernelLogLines { get; } = new("aiinfra_agent_kernel_log_lines_total", MetricType.Counter, "Records of the kernel log that were read.");

    public static AgentMetric KernelLogOverruns { get; } = new("aiinfra_agent_kernel_log_overruns_total", MetricType.Counter,
        "Times that the kernel overwrote records of its log before they were read: faults among them were not seen.");

    public static AgentMetric SlowRule { get; } = new("aiinfra_agent_log_rule_slow", MetricType.Gauge,
        "Always 1 for each rule whose pattern took longer than 5 ms on a line, and now runs without backtracking or not at all.", "rule");

    public static AgentMetric SlowRuleTimeouts { get; } = new("aiinfra_agent_log_rule_timeouts_total", MetricType.Counter,
        "Times that the pattern of a rule took longer than 5 ms on a line.");

    public static AgentMetric ProblemCounter { get; } = new("problem_counter", MetricType.Counter,
        "Events of node-problem-detector's monitors, by reason; its own name, only with health.npdConfig.", "reason");

    public static AgentMetric ProblemGauge { get; } = new("problem_gauge", MetricType.Gauge,
        "1 while a condition of node-problem-detector's monitors is true for the reason; its own name, only with health.npdConfig.", "type", "reason");

    public static AgentMetric Series { get; } = new("aiinfra_agent_series", MetricType.Gauge, "Series on this page, this one included.");

    public static AgentMetric SeriesDropped { get; } = new("aiinfra_agent_series_dropped", MetricType.Gauge,
        "Series of a family that are left out of this page, because there are more than metrics.maxSeries.", "family");

    public static AgentMetric RemediationMode { get; } = new("aiinfra_agent_remediation_mode", MetricType.Gauge, "Always 1; the mode of remediation: off, dry-run or on.", "mode");

    public static AgentMetric RemediationHeld { get; } = new("aiinfra_agent_remediation_held", MetricType.Gauge,
        "1 for what holds every step back: the journal, the start, a pause, or a step of which it is not known what became of it.", "reason");

    public static AgentMetric RemediationOpen { get; } = new("aiinfra_agent_remediation_open_operations", MetricType.Gauge, "Operations that are begun and not over: 0 or 1.");

    public static AgentMetric RemediationProblems { get; } = new("aiinfra_agent_remediation_problems", MetricType.Gauge,
        "Problems that stand, by what is planned about them.", "state");

    public static AgentMetric RemediationPlan { get; } = new("aiinfra_agent_remediation_plan_info", MetricType.Gauge,
        "Always 1 for each problem that something is planned about, the first 100: the ladder, the action that is next, and whether it waits.", "problem", "subject_kind", "subject", "ladder", "action", "state");

    public static AgentMetric RemediationSteps { get; } = new("aiinfra_agent_remediation_steps_total", MetricType.Counter,
        "Steps since the agent was started, by action: how they ended (done, failed, unknown, not_possible), whether they helped (helped, no_help), and those that a dry run would have done (dry_run).", "action", "outcome");

    public static AgentMetric ProbeWell { get; } = new("aiinfra_agent_probe_success", MetricType.Gauge,
        "1 when the probe's newest look came to its end, 0 when it hangs or failed; what it found is told as problems.", "probe");

    public static AgentMetric ProbeDuration { get; } = new("aiinfra_agent_probe_duration_seconds", MetricType.Gauge, "Time that the probe's newest look took.", "probe");

    public static AgentMetric ProbeLastRun { get; } = new("aiinfra_agent_probe_last_run_timestamp_seconds", MetricType.Gauge,
        "When the probe's newest look began, in Unix time.", "probe");

    public static AgentMetric ProbeSubjects { get; } = new("aiinfra_agent_probe_results", MetricType.Gauge,
        "Results of the probe's newest look: healthy, problem, or unknown where the question was not answered.", "probe", "answer");

    public static AgentMetric ProbeChildrenStuck { get; } = new("aiinfra_agent_probe_children_stuck", MetricType.Gauge,
        "Processes of probes that were killed and have not ended, because they wait in the kernel; what they looked at is not asked again before they end.");

    public static AgentMetric Scrapes { get; } = new("aiinfra_agent_scrapes_total", MetricType.Counter, "Times this page was rendered, this one included.");

    public static AgentMetric ScrapeDuration { get; } = new("aiinfra_agent_scrape_duration_seconds", MetricType.Gauge,
        "Time it took to render this page the last time before this one.");

    public static AgentMetric ResidentMemory { get; } = new("process_resident_memory_bytes", MetricType.Gauge,
        "Resident memory of the daemon, without its vendor hosts.");

    public static AgentMetric CpuSeconds { get; } = new("process_cpu_seconds_total", MetricType.Counter,
        "User and system time of the daemon, without its vendor hosts.");

    public static AgentMetric StartTime { get; } = new("process_start_time_seconds", MetricType.Gauge, "When the daemon was started, in Unix time.");

    /// <summary>In the order they are printed.</summary>
    public static ImmutableArray<AgentMetric> All { get; } =
    [
        BuildInfo, VendorInfo, ToolkitInfo, DeviceHealthy, DeviceSampleAge, AttributionState, AttributionAge, AttributionUnmatched, DeviceAllocation,
        PodAllocatedSeconds, PodUsedSeconds, PodIdleSeconds, PodEnergy, PodMemory, PodAccountsOmitted, Problems, ProblemInfo, ProblemLastSeen, ProblemSeriesOmitted, ProblemsDropped,
        PartReady, PartFaults, KernelLogLines, KernelLogOverruns, SlowRuleTimeouts, SlowRule, ProblemCounter, ProblemGauge,
        RemediationMode, RemediationHeld, RemediationOpen, RemediationProblems, RemediationPlan, RemediationSteps,
        ProbeChildrenStuck, ProbeWell, ProbeDuration, ProbeLastRun, ProbeSubjects, Scrapes, ScrapeDuration, ResidentMemory, CpuSeconds, StartTime,
        SeriesDropped, Series,
    ];

    /// <summary>The labels of one series.</summary>
    /// <param name="values">One for each of <see cref="Labels"/>; null is printed as empty.</param>
    public LabelSet Labelled(params ReadOnlySpan<string?> values)
    {
        var pairs = new KeyValuePair<string, string>[Labels.Length];
        for (var at = 0; at < pairs.Length; at++)
            pairs[at] = new(Labels[at], values[at] ?? "");
        return new LabelSet(pairs);
    }
}
