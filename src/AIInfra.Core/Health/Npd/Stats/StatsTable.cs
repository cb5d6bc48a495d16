using System.Collections.Frozen;

namespace AIInfra.Core.Health.Npd.Stats;

/// <summary>Every metric of the system-stats-monitor: its id, its labels and whether it only grows.</summary>
/// <param name="Labels">In the order in which values are given.</param>
internal sealed record StatsMetric(string Id, bool IsCounter, string Help, params string[] Labels);

internal static class StatsTable
{
    public static IReadOnlyList<StatsMetric> All { get; } =
    [
        new("cpu/runnable_task_count", false, "Tasks that run or want to run, averaged over a minute: the load of one minute."),
        new("cpu/load_1m", false, "Load average of one minute."),
        new("cpu/load_5m", false, "Load average of five minutes."),
        new("cpu/load_15m", false, "Load average of fifteen minutes."),
        new("cpu/usage_time", true, "Time of all processors in a state, in seconds.", "state"),
        new("system/processes_total", true, "Processes and threads that were started since the boot."),
        new("system/procs_running", false, "Tasks that run or want to run."),
        new("system/procs_blocked", false, "Tasks that wait for a disk."),
        new("system/interrupts_total", true, "Interrupts since the boot."),
        new("system/cpu_stat", true, "Time of one processor in a stage, in seconds.", "cpu", "stage"),
        new("disk/io_time", true, "Time in which the device had requests, in milliseconds.", "device_name"),
        new("disk/weighted_io", true, "Time that all requests took together, in milliseconds.", "device_name"),
        new("disk/avg_queue_len", false, "Requests that waited on average since the round before.", "device_name"),
        new("disk/operation_count", true, "Requests that were completed.", "device_name", "direction"),
        new("disk/merged_operation_count", true, "Requests that were merged into others.", "device_name", "direction"),
        new("disk/operation_bytes_count", true, "Bytes read or written.", "device_name", "direction"),
        new("disk/operation_time", true, "Time that requests took, in milliseconds.", "device_name", "direction"),
        new("disk/bytes_used", false, "Bytes of a file system by state.", "device_name", "fs_type", "mount_option", "state"),
        new("disk/percent_used", false, "Used share of a file system, in percent.", "device_name"),
        new("host/uptime", false, "Seconds since the boot.", "kernel_version", "os_version"),
        new("memory/bytes_used", false, "Bytes of memory by use.", "state"),
        new("memory/anonymous_used", false, "Bytes of anonymous memory.", "state"),
        new("memory/page_cache_used", false, "Bytes of page cache.", "state"),
        new("memory/unevictable_used", false, "Bytes that cannot be evicted."),
        new("memory/dirty_used", false, "Bytes that wait to be written, and that are being written.", "state"),
        new("memory/percent_used", false, "Used share of the memory, in percent.", "state"),
        new("system/os_feature", false, "1 where the host has the feature.", "os_feature", "value"),
        .. new[] { "bytes", "packets", "errors", "dropped", "fifo", "frame", "compressed", "multicast" }.Select(name => Net("rx", name)),
        .. new[] { "bytes", "packets", "errors", "dropped", "fifo", "collisions", "carrier", "compressed" }.Select(name => Net("tx", name)),
    ];

    public static FrozenSet<string> Ids { get; } = All.Select(metric => metric.Id).ToFrozenSet(StringComparer.Ordinal);

    private static StatsMetric Net(string direction, string name) =>
        new($"net/{direction}_{name}", true, $"The kernel's counter {name}, {(direction == "rx" ? "received" : "sent")}, since the boot.", "interface_name");
}
