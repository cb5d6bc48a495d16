using System.Collections.Immutable;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Linux.KernelLog;

namespace AIInfra.Core.Health.Npd.Logs;

/// <summary>The kmsg monitors: they get their records from the one reader of the kernel log.</summary>
public sealed class NpdKernelLog(ImmutableArray<NpdLogMonitor> monitors, NpdBoard board, BootClock clock, SlowPatterns slow) : IKernelLogListener
{
    private LineMatcher? _matcher;

    public void Begin(bool isResumed) =>
        _matcher = new LineMatcher(monitors.Select(monitor => (monitor, clock.StartOf(monitor, isResumed))), board, slow);

    public void Read(in KernelLogRecord record, DateTimeOffset at) => _matcher?.Match(new NpdLine(Ascii.Trim(record.Message), at, Ascii.Trim(record.Dictionary, keepLeft: true)));
}
