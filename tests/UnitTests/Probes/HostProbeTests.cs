using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Health.Probes.Host;
using AIInfra.Linux.Processes;

namespace AIInfra.UnitTests.Probes;

/// <summary>Each probe of the host on a host in a folder: bad, and good again.</summary>
public sealed class HostProbeTests : IDisposable
{
    private readonly ProbeTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void A_file_system_that_the_kernel_made_read_only_is_fatal_until_it_is_written_again()
    {
        Directory.CreateDirectory(Path.Combine(_tree.Root, "sys/dev/block"));
        File.CreateSymbolicLink(Path.Combine(_tree.Root, "sys/dev/block/253:0"), "../../devices/virtual/block/dm-0");
        _tree.Write("proc/1/mountinfo", "30 1 253:0 / / rw,relatime - ext4 /dev/mapper/vg-root ro,errors=remount-ro\n");
        _tree.Look(FileSystemProbe.Definition);

        var problem = _tree.Standing("fs.readonly")!;
        Assert.Equal((Subject.Device("dm-0"), Severity.Fatal), (problem.Subject, problem.Severity));
        Assert.Contains("mounted rw,relatime, file system ro,errors=remount-ro", problem.Evidence[0], StringComparison.Ordinal);

        _tree.Write("proc/1/mountinfo", "30 1 253:0 / / rw,relatime - ext4 /dev/mapper/vg-root rw,errors=remount-ro\n");
        _tree.Look(FileSystemProbe.Definition, 2);
        Assert.Null(_tree.Standing("fs.readonly"));
    }

    [Theory]
    [InlineData("ro,relatime - ext4 /dev/sda1 ro", false)] // mounted so
    [InlineData("ro,relatime - ext4 /dev/sda1 rw", false)] // a read-only bind mount
    [InlineData("rw,relatime - ext4 /dev/sda1 rw,emergency_ro", true)] // as kernels from 6.13 on tell it
    [InlineData("rw - squashfs /dev/loop3 ro", false)]
    public void Only_the_kernels_own_doing_counts_as_read_only(string rest, bool isBad)
    {
        _tree.Write("proc/1/mountinfo", $"30 1 8:1 / / {rest}\n");
        _tree.Look(FileSystemProbe.Definition);

        Assert.Equal(isBad, _tree.Standing("fs.readonly") is not null);
    }

    [Fact]
    public void A_full_file_system_is_named_with_the_kubelets_folder_that_it_holds()
    {
        using var tree = new ProbeTree { Limits = ImmutableDictionary<string, int>.Empty.Add("degradedPercent", 0).Add("fatalPercent", 0) };
        tree.Write("proc/1/mountinfo", "30 1 8:1 / / rw - ext4 /dev/sda1 rw\n31 1 8:2 / /var/lib/docker/overlay2/x/merged rw - ext4 /dev/sda2 rw\n");
        tree.Look(FileSystemProbe.Definition);

        var problem = tree.Standing("fs.full")!;
        Assert.Equal((new Subject(SubjectKind.Mount, "/"), Severity.Fatal), (problem.Subject, problem.Severity));
        Assert.Contains("/ (it holds /var/lib/kubelet)", problem.Evidence[0], StringComparison.Ordinal);
        Assert.Contains("GB are free", problem.Evidence[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_system_that_cannot_be_asked_is_unknown_and_no_problem()
    {
        _tree.Write("proc/1/mountinfo", "30 1 8:1 / /gone rw - xfs /dev/sda1 rw\n");
        var report = _tree.Look(FileSystemProbe.Definition);

        Assert.Contains(report.Results, result => result is { ProblemId: "fs.full", Answer: ProbeAnswer.Unknown } && result.Evidence.Contains("No such file", StringComparison.Ordinal));
        Assert.Empty(_tree.Health.Current.Value.Problems);
    }

    [Theory]
    [InlineData(700, null)]
    [InlineData(850, Severity.Degraded)]
    [InlineData(960, Severity.Fatal)]
    public void Process_ids_are_counted_against_the_smaller_limit(int used, Severity? expected)
    {
        _tree.Write("proc/loadavg", $"0.20 0.18 0.12 1/{used} 11206\n");
        _tree.Write("proc/sys/kernel/pid_max", "4194304\n");
        _tree.Write("proc/sys/kernel/threads-max", "1000\n");
        _tree.Look(LimitProbe.Definition);

        Assert.Equal(expected, _tree.Standing("kernel.pids")?.Severity);
    }

    [Fact]
    public void Files_connections_and_a_services_processes_are_counted_and_clear_when_they_fall()
    {
        _tree.Write("proc/sys/fs/file-nr", "9700\t0\t10000\n");
        _tree.Write("proc/sys/net/netfilter/nf_conntrack_count", "262000\n");
        _tree.Write("proc/sys/net/netfilter/nf_conntrack_max", "262144\n");
        _tree.Write("sys/fs/cgroup/system.slice/kubelet.service/pids.current", "90\n");
        _tree.Write("sys/fs/cgroup/system.slice/kubelet.service/pids.max", "100\n");
        _tree.Write("sys/fs/cgroup/system.slice/docker.service/pids.current", "90\n");
        _tree.Write("sys/fs/cgroup/system.slice/docker.service/pids.max", "max\n");
        _tree.Look(LimitProbe.Definition);

        Assert.Equal((Severity.Fatal, "9700 open files of 10000 allowed, 97 %"), (_tree.Standing("kernel.file-max")!.Severity, _tree.Standing("kernel.file-max")!.Evidence[0]));
        Assert.Equal(Severity.Degraded, _tree.Standing("net.conntrack-full")!.Severity);
        Assert.Equal(new Subject(SubjectKind.Unit, "kubelet.service"), _tree.Standing("kernel.pids")!.Subject);

        _tree.Write("proc/sys/fs/file-nr", "100\t0\t9223372036854775807\n");
        _tree.Write("proc/sys/net/netfilter/nf_conntrack_count", "5\n");
        _tree.Write("sys/fs/cgroup/system.slice/kubelet.service/pids.current", "3\n");
        _tree.Look(LimitProbe.Definition, 2);
        Assert.Empty(_tree.Health.Current.Value.Problems);
    }

    [Fact]
    public void Memory_is_short_when_all_programs_wait_for_it_or_almost_none_is_left()
    {
        _tree.Write("proc/meminfo", "MemTotal:       1000000 kB\nMemFree: 1 kB\nMemAvailable:    500000 kB\n");
        _tree.Write("proc/pressure/memory", "some avg10=80.00 avg60=70.00 avg300=1.00 total=1\nfull avg10=50.00 avg60=42.13 avg300=1.00 total=1\n");
        _tree.Look(MemoryProbe.Definition, 2);
        Assert.Contains("42.13 % of the last minute, 50 % of the memory is available", _tree.Standing("memory.pressure")!.Evidence[0], StringComparison.Ordinal);

        _tree.Write("proc/pressure/memory", "some avg10=80.00 avg60=70.00 avg300=1.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=1.00 total=1\n");
        _tree.Look(MemoryProbe.Definition, 4);
        Assert.Null(_tree.Standing("memory.pressure"));

        _tree.Write("proc/meminfo", "MemTotal:       1000000 kB\nMemAvailable:    10000 kB\n");
        _tree.Look(MemoryProbe.Definition, 2);
        Assert.NotNull(_tree.Standing("memory.pressure"));
    }

    [Fact]
    public void Memory_errors_count_from_the_first_look_on_and_name_the_module()
    {
        Counters("1000", "2");
        _tree.Look(EdacProbe.Definition, 3);
        Assert.Empty(_tree.Health.Current.Value.Problems);

        Counters("1101", "3");
        _tree.Look(EdacProbe.Definition);
        Assert.Equal((Severity.Fatal, ClearingKind.ByHand, "EDAC: 1 uncorrected on CPU0_DIMM_A1 (mc0/dimm3)"),
            (_tree.Standing("memory.ue")!.Severity, _tree.Standing("memory.ue")!.Clearing.Kind, _tree.Standing("memory.ue")!.Evidence[0]));
        Assert.Contains("CPU0_DIMM_A1 (mc0/dimm3) had 101 corrected errors", _tree.Standing("memory.ce")!.Message, StringComparison.Ordinal);

        Counters("0", "0"); // the driver was loaded anew
        _tree.Time.Advance(TimeSpan.FromHours(25));
        _tree.Look(EdacProbe.Definition, 3);
        Assert.Null(_tree.Standing("memory.ce"));
        Assert.NotNull(_tree.Standing("memory.ue"));

        void Counters(string corrected, string uncorrected)
        {
            _tree.Write("sys/devices/system/edac/mc/mc0/dimm3/dimm_label", "CPU0_DIMM_A1\n");
            _tree.Write("sys/devices/system/edac/mc/mc0/dimm3/dimm_ce_count", $"{corrected}\n");
            _tree.Write("sys/devices/system/edac/mc/mc0/dimm3/dimm_ue_count", $"{uncorrected}\n");
            _tree.Write("sys/devices/system/edac/mc/mc0/ce_noinfo_count", "0\n");
            _tree.Write("sys/devices/system/edac/mc/mc0/ue_noinfo_count", "0\n");
        }
    }

    [Fact]
    public void A_process_that_hangs_for_five_looks_is_told_with_where_it_waits()
    {
        Process(4242, "evil) D (name", 'D', 100, "rpc_wait_bit_killable");
        _tree.Write("proc/4242/stack", "[<0>] rpc_wait_bit_killable+0x1e/0xa0 [sunrpc]\n[<0>] nfs_file_fsync+0x2/0x3 [nfs]\n");
        _tree.Look(TaskProbe.Definition, 4);
        Assert.Null(_tree.Standing("kernel.hung-task"));
        _tree.Look(TaskProbe.Definition);

        Assert.Equal("evil) D (name (4242) waits in rpc_wait_bit_killable for 4 min (rpc_wait_bit_killable < nfs_file_fsync)", _tree.Standing("kernel.hung-task")!.Evidence[0]);

        Process(4242, "evil) D (name", 'S', 100, "0");
        _tree.Look(TaskProbe.Definition, 2);
        Assert.Null(_tree.Standing("kernel.hung-task"));
    }

    [Fact]
    public void Processes_that_take_turns_in_waiting_do_not_hang()
    {
        for (var look = 0; look < 12; look++)
        {
            Process(4242, "writer", 'D', 100 + look, "io_schedule"); // the same number, another process each time
            _tree.Look(TaskProbe.Definition);
        }

        Assert.Null(_tree.Standing("kernel.hung-task"));
    }

    [Fact]
    public void Defunct_processes_that_pile_up_are_told_by_their_parents()
    {
        Process(7, "parent", 'S', 1, "0");
        _tree.Write("proc/7/comm", "parent\n");
        for (var id = 100; id < 160; id++)
            Process(id, "child", 'Z', 5, "0", parent: 7);
        _tree.Look(TaskProbe.Definition, 5);

        Assert.Equal("60 defunct processes, by parent: 60 of parent (7)", _tree.Standing("kernel.zombies")!.Evidence[0]);
    }

    [Theory]
    [InlineData(true, 0.1, 20, null)]
    [InlineData(false, 0, 16_000, "Nothing keeps the node's clock in time.")]
    [InlineData(true, 700, 20, "The node's clock is off by more than half a second and is being corrected.")]
    [InlineData(true, -0.1, 1500, "The node's clock may be off by more than a second.")]
    public void The_clock_is_judged_by_what_the_kernel_says_of_it(bool isSynchronized, double offset, double error, string? expected)
    {
        var clock = new KernelClock(isSynchronized, TimeSpan.FromMilliseconds(offset), TimeSpan.FromMilliseconds(error));
        using var tree = new ProbeTree();
        tree.Write("run/chrony/chronyd.pid", "1");
        using var real = new ProbeTree { Parts = tree.Parts with { Host = new() { Root = "/", Run = Path.Combine(tree.Root, "run") } } };
        real.Look(ClockProbe.Definition, 5, parts => new ClockProbe(parts, () => clock));

        Assert.Equal(expected, real.Standing("time.unsynced")?.Message);
        if (expected is not null)
            Assert.EndsWith("; chronyd runs", real.Standing("time.unsynced")!.Evidence[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_boot_that_packages_ask_for_is_told_with_them_and_ends_with_the_file()
    {
        _tree.Write("run/reboot-required", "*** System restart required ***\n");
        _tree.Write("run/reboot-required.pkgs", "linux-image-6.8.0-50-generic\nlibc6\nlibc6\n");
        _tree.Look(RebootProbe.Definition);
        Assert.EndsWith("because of linux-image-6.8.0-50-generic, libc6", _tree.Standing("host.reboot-required")!.Evidence[0], StringComparison.Ordinal);

        _tree.Delete("run/reboot-required");
        _tree.Look(RebootProbe.Definition);
        Assert.Null(_tree.Standing("host.reboot-required"));
    }

    [Fact]
    public void A_running_kernel_whose_modules_were_removed_waits_for_a_boot()
    {
        _tree.Write("proc/sys/kernel/osrelease", "6.8.0-40-generic\n");
        _tree.Write("lib/modules/6.8.0-50-generic/modules.dep", "");
        _tree.Look(RebootProbe.Definition);
        Assert.Contains("the running kernel is 6.8.0-40-generic, and /lib/modules holds only 6.8.0-50-generic", _tree.Standing("host.reboot-required")!.Evidence[0], StringComparison.Ordinal);
    }

    [Fact]
    public void On_an_empty_host_no_probe_finds_anything_or_breaks()
    {
        foreach (var definition in HostProbes.All)
        {
            using var tree = new ProbeTree { Parts = _tree.Parts with { ToolFolders = [] } };
            tree.Look(definition, 6);
            Assert.Empty(tree.Health.Current.Value.Problems);
        }
    }

    [Fact]
    public void Files_full_of_nonsense_break_no_probe()
    {
        foreach (var file in (string[])["proc/loadavg", "proc/meminfo", "proc/pressure/memory", "proc/1/mountinfo", "proc/1/mountstats", "proc/sys/fs/file-nr", "proc/sys/kernel/pid_max", "proc/77/stat", "proc/78/stat",
            "sys/devices/system/edac/mc/mc0/dimm0/dimm_ce_count", "run/reboot-required.pkgs", "proc/sys/kernel/osrelease"])
            _tree.Write(file, "full ) ( - \\04 \t -99999999999999999999999 / avg60=x\n\0\n");
        foreach (var definition in HostProbes.All)
        {
            using var tree = new ProbeTree { Parts = _tree.Parts with { ToolFolders = [] } };
            tree.Look(definition, 6);
            Assert.Empty(tree.Health.Current.Value.Problems);
        }
    }

    private void Process(int id, string name, char state, long start, string place, int parent = 1)
    {
        _tree.Write($"proc/{id}/stat", $"{id} ({name}) {state} {parent} {id} {id} 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 {start} 1000 200 18446744073709551615\n");
        _tree.Write($"proc/{id}/wchan", place);
    }
}
