using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Nvidia;

/// <summary>What NVML tells of a GPU, in base units. A partition has the memory, the processes and the profiling readings.</summary>
internal static class NvidiaFields
{
    public static FieldTable Table { get; } = new("nvidia",
    [
        .. new Field[]
        {
            new("sm_clock_hertz", FieldKind.Gauge),
            new("memory_clock_hertz", FieldKind.Gauge),
            new("temperature_celsius", FieldKind.Gauge),
            new("temperature_margin_celsius", FieldKind.Gauge), // to the slowdown point; below zero the clocks are slowed
            new("power_watts", FieldKind.Gauge),
            new("power_limit_watts", FieldKind.Gauge), // the one in force
            new("energy_joules_total", FieldKind.Counter),
            new("clock_event_reasons", FieldKind.Gauge), // bits, see NvidiaClockEvents
            new("pcie_replays_total", FieldKind.Counter),
            new("utilization_ratio", FieldKind.Gauge),
            new("memory_copy_utilization_ratio", FieldKind.Gauge),
            new("encoder_utilization_ratio", FieldKind.Gauge),
            new("decoder_utilization_ratio", FieldKind.Gauge),
            new("last_xid", FieldKind.Gauge), // 0 until one was seen by this process
            new("memory_total_bytes", FieldKind.Gauge),
            new("memory_free_bytes", FieldKind.Gauge),
            new("memory_used_bytes", FieldKind.Gauge),
            new("memory_reserved_bytes", FieldKind.Gauge),
            new("bar1_total_bytes", FieldKind.Gauge),
            new("bar1_used_bytes", FieldKind.Gauge),
            new("compute_processes", FieldKind.Gauge),
            new("compute_process_memory_bytes", FieldKind.Gauge), // all of them together
            new("nvlink_bytes_per_second", FieldKind.Gauge), // sent and received over all links since the round before
            new("nvlink_sent_bytes_total", FieldKind.Counter), // over all links
            new("nvlink_received_bytes_total", FieldKind.Counter),
            new("nvlink_links_up", FieldKind.Gauge),
            new("nvlink_links_down", FieldKind.Gauge),
            new("vgpu_license_status", FieldKind.Gauge),
            new("row_remap_banks_max", FieldKind.Gauge), // banks by the spare rows they have left: all of them
            new("row_remap_banks_high", FieldKind.Gauge),
            new("row_remap_banks_partial", FieldKind.Gauge),
            new("row_remap_banks_low", FieldKind.Gauge),
            new("row_remap_banks_none", FieldKind.Gauge),
            new("sram_threshold_exceeded", FieldKind.Gauge),
            new("inforom_corrupted", FieldKind.Gauge), // as of the last description
            new("fabric_state", FieldKind.Gauge), // 1 not started, 2 in progress, 3 completed; absent where there is no fabric
            new("fabric_status", FieldKind.Gauge), // an NVML code, while completed
            new("fabric_health_mask", FieldKind.Gauge), // bits, see NvidiaFabricHealth
            new("fabric_health_summary", FieldKind.Gauge), // 1 healthy, 2 unhealthy, 3 limited capacity
            new("c2c_enabled", FieldKind.Gauge),
            new("vgpu_instances", FieldKind.Gauge),
            new("confidential_computing", FieldKind.Gauge), // of the node: 1 on
            new("confidential_environment", FieldKind.Gauge), // 0 none, 1 simulated, 2 production
            new("confidential_dev_tools", FieldKind.Gauge),
            new("confidential_ready", FieldKind.Gauge), // 1 while the GPUs take work
        }.Select(NvidiaSources.Add),
        .. NvidiaLinkErrors.Table,
        .. NvidiaTables.Fields.Select(NvidiaSources.Of),
        .. NvidiaTables.Numbers.Select(NvidiaSources.Of),
        .. NvidiaTables.Pairs.SelectMany(row => new Field[] { new(row.First, FieldKind.Gauge) { Source = row.Symbol }, new(row.Second, FieldKind.Gauge) { Source = row.Symbol } }),
        .. NvidiaTables.Profiling.Select(NvidiaSources.Of),
    ]);
}
