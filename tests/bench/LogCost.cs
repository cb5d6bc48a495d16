using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using AIInfra.Core.Health.Logs;
using AIInfra.Linux.KernelLog;
using AIInfra.Vendors;

namespace AIInfra.Bench;

/// <summary>What matching the lines of a log costs against all rules, and what 300 rules of a user's add.</summary>
internal static class LogCost
{
    private const int Lines = 1_000_000, Distinct = 50_000, Every = 1_000, UserRules = 300, BaselineLines = 20_000;

    private static readonly string[] Ordinary =
    [
        "usb 1-1: new high-speed USB device number {0} using xhci_hcd", "mlx5_core 0000:5d:00.0: Rate limit: {0} rates are supported, range: 0Mbps to 195312Mbps",
        "audit: type=1326 audit(1700012{0}.123:45): auid=4294967295 uid=0 gid=0 ses=4294967295 pid={0} comm=\"runc\" exe=\"/usr/bin/runc\" sig=0 arch=c000003e syscall=435",
        "EXT4-fs (nvme{0}n1p1): mounted filesystem 3f1a77b0-9c1d-4f0e-8f56-2f0f5a9b1c77 r/w with ordered data mode. Quota mode: none.", "NVRM: GPU Board Serial Number: 16501230{0}",
        "nvidia-nvlink: Nvlink Core is being initialized, major device number {0}", "cni0: port {0}(veth12ab34cd) entered blocking state", "systemd[1]: Started session-{0}.scope - Session {0} of User root.",
        "memory: usage 1048576kB, limit 1048576kB, failcnt {0}", "amdgpu 0000:c1:00.0: amdgpu: ring comp_1.{0}.1 uses VM inv eng 5 on hub 0",
    ];

    public static void Run(TextWriter report)
    {
        var lines = OrdinaryLines();
        var fault = Encoding.UTF8.GetBytes("NVRM: Xid (PCI:0000:3b:00): 31, pid=90122, name=torchrun, Ch 0000000a, intr 00000000. MMU Fault: ENGINE GRAPHICS GPCCLIENT_T1_2 faulted @ 0x7e31_4c000000.");
        report.Note($"log lines, {lines.Average(line => line.Length):f0} bytes each, one in {Every} a fault; baseline: each pattern of the user's rules tried on each line, same run");

        var clean = GC.GetTotalMemory(forceFullCollection: true);
        var begun = ThreadCpuSeconds();
        var count = VendorLogs.Rules.Length;
        var builtIn = Build([]);
        var packStart = ThreadCpuSeconds() - begun;
        var packMemory = GC.GetTotalMemory(forceFullCollection: true) - clean;
        var (alone, allocated) = Measure(builtIn, lines, fault);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var started = ThreadCpuSeconds();
        var (rules, errors) = ReadPack();
        var withUsers = Build(rules);
        var start = ThreadCpuSeconds() - started;
        var memory = GC.GetTotalMemory(forceFullCollection: true) - before;
        var (users, usersAllocated) = Measure(withUsers, lines, fault);
        var plain = MeasurePlainly(rules, lines);

        report.Row("log: lines/s, built-in rules", alone, plain, "1000000", instructions: InstructionsOfALine(builtIn, lines));
        report.Row($"log: lines/s, {UserRules} user rules more", users, plain, "1000000");
        report.Row("log: allocated for a line without a fault, bytes", allocated + usersAllocated, null, "0");
        report.Row($"log: {count} built-in rules: memory, KB", packMemory / 1024.0, id: "built-in-rules-memory-kb");
        report.Row($"log: {count} built-in rules: reading and building (cold), ms", packStart * 1000, id: "built-in-rules-building-ms");
        report.Row($"log: {UserRules} user rules: memory, KB ({errors} errors)", memory / 1024.0, null, "3072");
        report.Row($"log: {UserRules} user rules: reading, checking, building, ms", start * 1000, null, "50");
        GC.KeepAlive(withUsers);
    }

    /// <summary>Lines of an ordinary node, each another.</summary>
    internal static byte[][] OrdinaryLines() =>
        [.. Enumerable.Range(0, Distinct).Select(at => Encoding.UTF8.GetBytes(string.Format(CultureInfo.InvariantCulture, Ordinary[at % Ordinary.Length], at)))];

    /// <summary>Floods this host's real /dev/kmsg with 20,000 lines a second for 30 s and follows it. Needs root; restores the kernel's setting.</summary>
    public static async Task FloodAsync(TextWriter report)
    {
        const int PerSecond = 20_000, Seconds = 30, PerBatch = 100;
        const string Setting = "/proc/sys/kernel/printk_devkmsg", Device = "/dev/kmsg";
        if (!Environment.IsPrivilegedProcess)
        {
            report.Note("flood of the real kernel log: left out, it needs root");
            return;
        }
        var setting = await File.ReadAllTextAsync(Setting);
        await File.WriteAllTextAsync(Setting, "on\n");
        try
        {
            using var reader = KernelLogReader.Open(Device);
            while (reader.TryRead(out _))
            {
                // what was there before
            }
            var (cpu, faults) = (0.0, 0L);
            var (old, oldOverruns, oldLost) = (reader.Lines, reader.Overruns, reader.Lost);
            var matcher = Build([]); // as in the daemon, before the reading begins
            var thread = new Thread(() => (cpu, faults) = Follow(reader, matcher)) { Name = "flood reader" };
            thread.Start();
            await Task.Factory.StartNew(() => Write(Device, PerSecond, Seconds, PerBatch), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            thread.Join();
            report.Note($"flood of the real kernel log, {PerSecond} lines/s for {Seconds} s");
            report.Row("log: lines written", ((double)PerSecond * Seconds) + 1);
            report.Row("log: lines read", reader.Lines - old);
            report.Row("log: overruns", reader.Overruns - oldOverruns);
            report.Row("log: lines lost to them", reader.Lost - oldLost, null, "0");
            report.Row("log: faults found (one line in 1000)", faults);
            report.Row("log: CPU of the reading thread, % of one core", cpu * 100 / Seconds, null, "10");
        }
        finally
        {
            await File.WriteAllTextAsync(Setting, setting);
        }
    }

    private static (double CpuSeconds, long Faults) Follow(KernelLogReader reader, LogMatcher matcher)
    {
        KernelLogReader.PreferThisThread(); // as the daemon does
        var findings = new List<LogFinding>();
        var before = ThreadCpuSeconds();
        for (var isOver = false; !isOver && reader.Wait();)
        {
            while (!isOver && reader.TryRead(out var record))
            {
                matcher.Match(new LogLine(record.Message, LogOrigin.Kernel, record.Sequence), findings);
                isOver = record.Message.IndexOf(End) >= 0;
            }
        }
        return (ThreadCpuSeconds() - before, findings.Count);
    }

    private static ReadOnlySpan<byte> End => "aiinfra-agent bench: the flood ends"u8;

    private static void Write(string device, int perSecond, int seconds, int perBatch)
    {
        using var log = new FileStream(device, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        var ordinary = "<15>aiinfra-agent bench: an ordinary line of about the length that lines of a kernel log have, number 0"u8.ToArray();
        var fault = "<15>NVRM: Xid (PCI:0000:3b:00): 31, pid=90122, name=bench, Ch 0000000a"u8.ToArray();
        var clock = Stopwatch.StartNew();
        for (var line = 0; line < perSecond * seconds; line++)
        {
            log.Write(line % Every == 0 ? fault : ordinary);
            if (line % perBatch == 0 && TimeSpan.FromSeconds((double)line / perSecond) - clock.Elapsed is { Ticks: > 0 } early)
                Thread.Sleep(early);
        }
        log.Write([.. "<15>"u8, .. End, (byte)'\n']); // without it the kernel shows the line only with the next one
    }

    /// <summary>User and system time of this thread, in whole hundredths.</summary>
    internal static double ThreadCpuSeconds()
    {
        var fields = File.ReadAllText("/proc/thread-self/stat").Split(") ")[^1].Split(' ');
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / 100;
    }

    private static LogMatcher Build(IReadOnlyList<LogRule> rules) => new(VendorLogs.Decoders(), [.. VendorLogs.Rules, .. rules], new SlowPatterns());

    private static (IReadOnlyList<LogRule> Rules, int Errors) ReadPack()
    {
        var folder = Directory.CreateTempSubdirectory("aiinfra-rules-");
        try
        {
            var pack = new StringBuilder("rules:\n");
            for (var at = 0; at < UserRules; at++)
            {
                pack.Append(CultureInfo.InvariantCulture, $"""
                      - id: user.rule-{at}
                        literals: ["driver{at}: fault of part {at}"]
                        pattern: '^driver{at}: fault of part {at} at (?<pci>[0-9a-f:.]+), code (?<code>[0-9]+)'
                        severity: degraded
                        cause: hardware
                        action: observe
                        clearing: quiet-1h
                        message: A part failed.

                    """);
            }
            File.WriteAllText(Path.Combine(folder.FullName, "user.yaml"), pack.ToString());
            var (rules, errors) = RulePack.ReadFolders([folder.FullName]);
            return (rules, errors.Length);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static (double PerSecond, double Allocated) Measure(LogMatcher matcher, byte[][] lines, byte[] fault)
    {
        var findings = new List<LogFinding>(Lines / Every);
        for (var at = 0; at < Distinct; at++)
            matcher.Match(new LogLine(at % Every == 0 ? fault : lines[at], LogOrigin.Kernel, at), findings);
        findings.Clear();
        var started = ThreadCpuSeconds(); // of this core, also when others want it
        for (var at = 0; at < Lines; at++)
            matcher.Match(new LogLine(at % Every == 0 ? fault : lines[at % Distinct], LogOrigin.Kernel, at), findings);
        var took = ThreadCpuSeconds() - started;
        if (findings.Count != Lines / Every)
            throw new InvalidOperationException($"{findings.Count} faults were found instead of {Lines / Every}");
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var line in lines)
            matcher.Match(new LogLine(line, LogOrigin.Kernel, 0), findings);
        return (Lines / took, (double)(GC.GetAllocatedBytesForCurrentThread() - before) / lines.Length);
    }

    private static double? InstructionsOfALine(LogMatcher matcher, byte[][] lines)
    {
        var findings = new List<LogFinding>();
        return Instructions.Of(1, () =>
        {
            foreach (var line in lines)
                matcher.Match(new LogLine(line, LogOrigin.Kernel, 0), findings);
        }) / lines.Length;
    }

    private static double MeasurePlainly(IReadOnlyList<LogRule> rules, byte[][] lines)
    {
        var patterns = rules.Select(rule => new Regex(rule.Pattern!, RegexOptions.CultureInvariant)).ToArray();
        var texts = lines.Take(BaselineLines).Select(Encoding.UTF8.GetString).ToArray();
        var started = ThreadCpuSeconds();
        var found = texts.Count(text => patterns.Any(pattern => pattern.IsMatch(text)));
        return (texts.Length + found) / (ThreadCpuSeconds() - started);
    }
}
