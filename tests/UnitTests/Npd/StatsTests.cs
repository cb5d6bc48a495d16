using System.Buffers;
using System.Text;
using AIInfra.Core.Health.Npd.Stats;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Npd;

/// <summary>The figures of a host that is a folder, under NPD's names.</summary>
public sealed class StatsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("npd-stats-");
    private readonly ManualTime _time = new();

    public void Dispose() => _folder.Delete(recursive: true);

    private void Write(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private static string All(string more = "")
    {
        var sections = StatsTable.All.GroupBy(metric => metric.Id.StartsWith("system/os", StringComparison.Ordinal) ? "osFeature" : metric.Id.StartsWith("system/", StringComparison.Ordinal) ? "cpu" : metric.Id.Split('/')[0]);
        var text = sections.Select(section => $$"""
            "{{section.Key}}": { {{(section.Key is "disk" or "net" ? more : "")}} "metricsConfigs": { {{string.Join(", ", section.Select(metric => $$"""
            "{{metric.Id}}": { "displayName": "{{metric.Id}}" }
            """))}} } }
            """);
        return $"{{ {string.Join(", ", text)} }}";
    }

    private string Page(string json, int rounds = 1)
    {
        var monitor = NpdText.Load(json).Stats[0];
        var rows = new StatsRows();
        var worker = new StatsWorker(monitor, rows, new HostPaths { Root = _folder.FullName }, _time);
        for (var round = 0; round < rounds; round++)
        {
            worker.ReadOnce();
            _time.Advance(TimeSpan.FromSeconds(10));
            if (round == 0 && rounds > 1)
                Write("proc/diskstats", "   8       0 sda 100 5 2000 30 50 6 1000 40 0 70 10080\n");
        }
        var output = new ArrayBufferWriter<byte>();
        var writer = new TextPageWriter(default);
        writer.WriteTo(output);
        rows.Write(writer);
        writer.End();
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private void WriteHost()
    {
        Write("proc/loadavg", "1.50 2.25 3.00 2/345 6789\n");
        Write("proc/stat", "cpu  100 200 300 400 500 600 700 800 900 1000\ncpu0 50 100 150 200 250 300 350 400 450 500\nintr 12345 1 2 3\nctxt 7\nprocesses 4242\nprocs_running 3\nprocs_blocked 1\n");
        Write("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 400 kB\nBuffers: 50 kB\nCached: 100 kB\nSlab: 50 kB\nActive(anon): 7 kB\nInactive(anon): 8 kB\nActive(file): 9 kB\nInactive(file): 10 kB\nUnevictable: 11 kB\nDirty: 12 kB\nWriteback: 13 kB\n");
        Write("proc/uptime", "12345.67 1.0\n");
        Write("proc/sys/kernel/osrelease", "6.1.0-test\n");
        Write("etc/os-release", "ID=openeuler\nVERSION_ID=\"24.03\"\n");
        Write("proc/diskstats", "   8       0 sda 100 5 2000 30 50 6 1000 40 0 70 80\n   8       1 sda1 1 1 1 1 1 1 1 1 1 1 1\n");
        Write("proc/net/dev", "Inter-| Receive\n face |bytes\n  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\nveth1: 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n");
        Write("proc/cmdline", "root=/dev/sda1 csm.enabled=1 module.sig_enforce=1 loadpin.enabled=1\n");
        Write("proc/modules", "nvidia 100 0 - Live 0x0 (POE)\nfoo 1 0 - Live 0x0 (OE)\next4 1 1 - Live 0x0\n");
        Write("proc/filesystems", "nodev\ttmpfs\n\text4\n");
        Write("proc/1/mountinfo", "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n23 1 0:5 / /tmp rw - tmpfs tmpfs rw\n24 1 8:1 /sub /mnt rw - ext4 /dev/sda1 rw\n");
        Write("sys/block/sda/size", "1\n");
    }

    [Fact]
    public void Every_metric_of_the_table_comes_out_with_its_labels()
    {
        WriteHost();

        var page = Page(All(), rounds: 2);

        foreach (var line in new[]
        {
            "cpu_runnable_task_count 1.5", "cpu_load_5m 2.25", "cpu_load_15m 3", "cpu_usage_time{state=\"user\"} 1", "cpu_usage_time{state=\"guest_nice\"} 10",
            "system_processes_total 4242", "system_procs_running 3", "system_procs_blocked 1", "system_interrupts_total 12345", "system_cpu_stat{cpu=\"cpu0\",stage=\"softIRQ\"} 3.5",
            "disk_io_time{device_name=\"sda\"} 70", "disk_weighted_io{device_name=\"sda\"} 10080", "disk_avg_queue_len{device_name=\"sda\"} 1",
            "disk_operation_count{device_name=\"sda\",direction=\"read\"} 100", "disk_merged_operation_count{device_name=\"sda\",direction=\"write\"} 6",
            "disk_operation_bytes_count{device_name=\"sda\",direction=\"read\"} 1024000", "disk_operation_time{device_name=\"sda\",direction=\"write\"} 40",
            "host_uptime{kernel_version=\"6.1.0-test\",os_version=\"openeuler 24.03\"} 12345",
            "memory_bytes_used{state=\"used\"} 409600", "memory_percent_used{state=\"used\"} 40", "memory_anonymous_used{state=\"inactive\"} 8192", "memory_unevictable_used 11264",
            "memory_dirty_used{state=\"writeback\"} 13312", "memory_page_cache_used{state=\"active\"} 9216",
            "system_os_feature{os_feature=\"KTD\",value=\"\"} 1", "system_os_feature{os_feature=\"KernelModuleIntegrity\",value=\"\"} 1",
            "system_os_feature{os_feature=\"UnknownModules\",value=\"foo\"} 1", "system_os_feature{os_feature=\"GPUSupport\",value=\"\"} 1",
            "net_rx_bytes{interface_name=\"eth0\"} 1", "net_rx_multicast{interface_name=\"eth0\"} 8", "net_tx_bytes{interface_name=\"eth0\"} 9", "net_tx_compressed{interface_name=\"eth0\"} 16",
        })
            Assert.Contains($"\n{line}\n", page, StringComparison.Ordinal);
        Assert.Contains("disk_bytes_used{device_name=\"sda1\",fs_type=\"ext4\",mount_option=\"rw,relatime\",state=\"used\"} ", page, StringComparison.Ordinal);
        Assert.Contains("disk_percent_used{device_name=\"sda1\"} ", page, StringComparison.Ordinal);
        Assert.Contains("# TYPE net_rx_bytes counter\n", page, StringComparison.Ordinal);
        Assert.All(StatsTable.All, metric => Assert.Contains($"# TYPE {metric.Id.Replace('/', '_')} ", page, StringComparison.Ordinal));
    }

    [Fact]
    public void Only_what_is_asked_for_is_shown_under_the_name_that_is_given()
    {
        WriteHost();

        var page = Page("""{ "net": { "excludeInterfaceRegexp": "^(cali|veth)", "metricsConfigs": { "net/rx_bytes": { "displayName": "my/rx-bytes" }, "net/tx_bytes": { "displayName": "" } } } }""");

        Assert.Equal("# HELP my_rx_bytes The kernel's counter bytes, received, since the boot.\n# TYPE my_rx_bytes counter\nmy_rx_bytes{interface_name=\"eth0\"} 1\n", page);
    }

    [Fact]
    public void Disks_are_limited_to_those_that_are_asked_for()
    {
        WriteHost();

        var page = Page("""{ "disk": { "includeAllAttachedBlk": true, "metricsConfigs": { "disk/io_time": { "displayName": "disk/io_time" } } } }""");

        Assert.Contains("device_name=\"sda1\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("device_name=\"sda\"}", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_without_files_shows_nothing_and_fails_nothing()
    {
        Assert.DoesNotContain("cpu_", Page(All()), StringComparison.Ordinal);
    }
}
