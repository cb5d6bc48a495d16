using System.Globalization;
using System.Runtime.InteropServices;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Hosting;
using AIInfra.Core.VendorHost;
using AIInfra.Testing;
using AIInfra.Vendors;

namespace AIInfra.Bench;

/// <summary>What the probes cost, on a host in a folder with 2,000 processes, 500 mounts (4 of them remote), 16 memory modules and 10 disks.</summary>
internal static partial class ProbeCost
{
    private const int Warm = 20, Looks = 10, Processes = 2000, Mounts = 500, RemoteMounts = 4, Modules = 16, Disks = 10;

    public static async Task RunAsync(TextWriter output)
    {
        var program = RepositoryRoot.Combine("out", "publish", "aiinfra-agent");
        if (!File.Exists(program))
            throw new FileNotFoundException("The bench measures what is shipped: run `make publish` first.", program);
        var folder = Directory.CreateTempSubdirectory("aiinfra-probes-");
        try
        {
            MakeHost(folder.FullName);
            using var children = new ProbeChildren(new VendorHostLauncher(program, []), TimeProvider.System);
            var parts = new ProbeParts { Host = new HostPaths { Root = folder.FullName }, Time = TimeProvider.System, Children = children, ToolFolders = [Path.Combine(folder.FullName, "bin")] };
            output.Note($"probes: {Processes} processes, {Mounts} mounts ({RemoteMounts} remote, answering), {Modules} memory modules, {Disks} disks by a tool; with all children, at the probes' own intervals");
            var (total, allocated) = (0.0, 0.0);
            foreach (var runner in new ProbeSetup(ProbeCatalog.All, System.Collections.Immutable.ImmutableDictionary<string, ProbeSettings>.Empty, parts).CreateRunners())
            {
                using (runner)
                {
                    var (percent, bytes) = await MeasureAsync(runner);
                    output.Row($"probes: {runner.Definition.Name}, % of one core ({runner.Report.State.ToString().ToLowerInvariant()}, {runner.Report.Results.Length} results)", percent);
                    total += percent;
                    allocated += bytes / runner.Settings.Interval.TotalSeconds;
                }
            }
            output.Row("probes: all together, % of one core", total, null, "0.2");
            output.Row("probes: allocated by all together, KB/s", allocated / 1000);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<(double Percent, double Bytes)> MeasureAsync(ProbeRunner runner)
    {
        for (var look = 0; look < Warm; look++)
            await runner.RunAsync(CancellationToken.None);
        var (before, allocated) = (CpuTime(), GC.GetTotalAllocatedBytes(precise: true));
        for (var look = 0; look < Looks; look++)
        {
            if ((await runner.RunAsync(CancellationToken.None)).IsBroken)
                throw new InvalidOperationException($"{runner.Definition.Name}: {runner.Report.Detail}");
        }
        var spent = (CpuTime() - before) / Looks;
        return (spent * 100 / runner.Settings.Interval.TotalSeconds, (double)(GC.GetTotalAllocatedBytes(precise: true) - allocated) / Looks);
    }

    private static void MakeHost(string root)
    {
        for (var id = 1; id <= Processes; id++)
        {
            var stat = string.Create(CultureInfo.InvariantCulture, $"{id} (process {id}) S 1 {id} {id} 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 {1000 + id} 1000 200 18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 3 0 0 0 0 0\n");
            Write($"proc/{id}/stat", stat);
        }
        var remote = Enumerable.Range(0, RemoteMounts).Select(at => $"{900 + at} 1 0:{900 + at} / {Directory.CreateDirectory(Path.Combine(root, $"mnt/nas{at}")).FullName[root.Length..]} rw,relatime - nfs4 nas-{at}:/export rw,vers=4.2,addr=10.0.0.{at}");
        var pods = Enumerable.Range(0, Mounts - RemoteMounts - 1).Select(at => $"{1000 + at} 1 0:{1000 + at} / /var/lib/kubelet/pods/3f1a77b0-9c1d-4f0e-8f56-{at:d12}/volumes/kubernetes.io~projected/kube-api-access rw,relatime - tmpfs tmpfs rw,size=1048576k,inode64");
        Write("proc/1/mountinfo", string.Join('\n', ["30 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw", .. remote, .. pods]) + "\n");
        Write("proc/loadavg", "0.20 0.18 0.12 1/4000 11206\n");
        Write("proc/meminfo", "MemTotal:       1000000 kB\nMemFree: 1 kB\nMemAvailable:    500000 kB\n");
        Write("proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1\n");
        Write("proc/sys/fs/file-nr", "9700\t0\t1000000\n");
        Write("proc/sys/kernel/pid_max", "4194304\n");
        Write("proc/sys/kernel/threads-max", "1000000\n");
        Write("proc/sys/kernel/osrelease", "6.8.0\n");
        Write("lib/modules/6.8.0/modules.dep", "");
        for (var module = 0; module < Modules; module++)
        {
            Write($"sys/devices/system/edac/mc/mc0/dimm{module}/dimm_label", $"DIMM_{module}\n");
            Write($"sys/devices/system/edac/mc/mc0/dimm{module}/dimm_ce_count", "0\n");
            Write($"sys/devices/system/edac/mc/mc0/dimm{module}/dimm_ue_count", "0\n");
        }
        for (var disk = 0; disk < Disks; disk++)
            Directory.CreateDirectory(Path.Combine(root, $"sys/class/nvme/nvme{disk}"));
        Write("bin/nvme", "#!/bin/sh\necho '{\"critical_warning\":0,\"avail_spare\":100,\"spare_thresh\":10,\"percent_used\":3,\"media_errors\":0}'\n");
        File.SetUnixFileMode(Path.Combine(root, "bin/nvme"), UnixFileMode.UserRead | UnixFileMode.UserExecute);

        void Write(string path, string text)
        {
            var file = Path.Combine(root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text);
        }
    }

    /// <summary>Of this process and of all its children that have ended, in seconds.</summary>
    private static double CpuTime()
    {
        const int OfChildren = -1; // getrusage(2); the struct begins with the user's and the system's time, each seconds and microseconds
        Span<long> usage = stackalloc long[18];
        _ = GetUsage(OfChildren, usage);
        return Environment.CpuUsage.TotalTime.TotalSeconds + usage[0] + usage[2] + ((usage[1] + usage[3]) / 1e6);
    }

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static partial int GetUsage(int who, Span<long> usage);
}
