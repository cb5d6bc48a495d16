using System.Collections.Immutable;
using AIInfra.Agent.Configuration;
using AIInfra.Core.Configuration;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Core.VendorHost;
using AIInfra.Linux.KernelLog;
using AIInfra.Vendors;

namespace AIInfra.Agent.Diag;

/// <summary>The same without a daemon: the probes, and the kernel log of this boot. What vendors' libraries tell is not asked: they belong to the daemon.</summary>
internal sealed class LocalDiag(Config config, ImmutableArray<LogRule> userRules, TimeProvider time)
{
    private const int MostFindings = 64;

    public async Task RunAsync(DiagLevel level, Action<DiagCheck> tell, CancellationToken cancellationToken)
    {
        tell(await Task.Run(ReadKernelLog, cancellationToken));
        using var children = new ProbeChildren(new VendorHostLauncher("/proc/self/exe", []), time);
        using var system = new HostSystem(AgentConfig.HostPaths(config), time);
        var setup = new ProbeSetup(AgentProbes.All, ProbeKeys.Read(config), new ProbeParts
        {
            Host = AgentConfig.HostPaths(config),
            Time = time,
            Children = children,
            KubeletRoots = AgentConfig.Kubelet(config).Roots,
            Systemd = () => system.Units,
            WatchedUnits = config.Get(AgentKeys.WatchedUnits),
        });
        var runners = setup.CreateRunners();
        await DiagLooks.RunAsync(level, time, async (progress, token) => [.. await Task.WhenAll(runners.Where(runner => runner.Settings.IsEnabled).Select(async runner =>
        {
            var report = await runner.RunAsync(token);
            progress?.Report(report);
            return report;
        }))], tell, cancellationToken);
    }

    private DiagCheck ReadKernelLog()
    {
        const string name = "kernelLog";
        if (AgentConfig.KernelLogPath(config) is not { } path)
            return new DiagCheck(name, DiagOutcome.Skip, "health.kernelLog.path is empty.", 0, []);
        var (started, found, trust) = (time.GetTimestamp(), new Dictionary<(string, string), DiagFinding>(), config.Get(AgentKeys.KernelLogTrust));
        try
        {
            using var reader = KernelLogReader.Open(path);
            var matcher = new LogMatcher(VendorLogs.Decoders(), RulePack.Combine(VendorLogs.Rules, userRules), new SlowPatterns());
            var findings = new List<LogFinding>();
            while (reader.TryRead(out var record))
            {
                if (record.Facility != 0 && !trust)
                    continue;
                matcher.Match(new LogLine(record.Message, LogOrigin.Kernel, record.Sequence) { Microseconds = record.Microseconds }, findings);
                foreach (var finding in findings)
                    Take(finding, found);
                findings.Clear();
            }
            return DiagCheck.Of(name, $"{reader.Lines} records of this boot tell of nothing wrong.", time.GetElapsedTime(started).TotalSeconds, found.Values);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return new DiagCheck(name, DiagOutcome.Unknown, fault.Message, time.GetElapsedTime(started).TotalSeconds, []);
        }
    }

    private static void Take(LogFinding finding, Dictionary<(string, string), DiagFinding> found)
    {
        var verdict = finding.Verdict;
        var subject = (finding.Otherwise ?? (finding.PciAddress is { } address ? Subject.Device(address) : Subject.Node)).ToString();
        if (finding.IsClear)
            found.Remove((verdict.ProblemId, subject));
        else if (found.TryGetValue((verdict.ProblemId, subject), out var known))
            found[(verdict.ProblemId, subject)] = known with { Count = known.Count + 1, Evidence = finding.Evidence };
        else if (found.Count < MostFindings)
            found[(verdict.ProblemId, subject)] = new DiagFinding(verdict.ProblemId, subject, verdict.Severity, verdict.Message, finding.Evidence, 1);
    }
}
