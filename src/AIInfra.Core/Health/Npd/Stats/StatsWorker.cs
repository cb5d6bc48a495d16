using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Hosting;
using AIInfra.Core.State;

namespace AIInfra.Core.Health.Npd.Stats;

/// <summary>Reads the figures of one system-stats-monitor at its interval, on a thread of its own: a file system may keep it waiting.</summary>
public sealed class StatsWorker : IWorker
{
    private readonly NpdStatsMonitor _monitor;
    private readonly StatsRows _rows;
    private readonly TimeProvider _time;
    private readonly ProcReader _proc;
    private readonly DiskReader _disks;

    public StatsWorker(NpdStatsMonitor monitor, StatsRows rows, HostPaths host, TimeProvider time)
    {
        (_monitor, _rows, _time, _proc) = (monitor, rows, time, new ProcReader(host));
        _disks = new DiskReader(host, _proc, time);
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_monitor.Interval, _time);
        do
            await DiskThread.RunAsync(ReadOnce, "npd stats").WaitAsync(cancellationToken);
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    internal void ReadOnce()
    {
        var sample = new StatsSample();
        _proc.ReadLoad(sample);
        _proc.ReadProcessors(sample);
        _proc.ReadMemory(sample);
        _proc.ReadUptime(sample);
        if (_monitor.Names.Keys.Any(id => id.StartsWith("disk/", StringComparison.Ordinal)))
            _disks.Read(sample, _monitor);
        if (_monitor.Names.Keys.Any(id => id.StartsWith("net/", StringComparison.Ordinal)))
            _proc.ReadInterfaces(sample, IsWanted);
        if (_monitor.Names.ContainsKey("system/os_feature"))
            _proc.ReadFeatures(sample, _monitor.KnownModules);
        _rows.Publish(_monitor, sample);
    }

    private bool IsWanted(string name)
    {
        try
        {
            return _monitor.WithoutInterfaces?.IsMatch(name) is not true;
        }
        catch (System.Text.RegularExpressions.RegexMatchTimeoutException)
        {
            return true;
        }
    }
}
