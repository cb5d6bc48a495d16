using System.Globalization;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.Health.Npd.Logs;

/// <summary>When the host booted, and from when on the lines of a monitor count.</summary>
public sealed class BootClock(HostPaths host, TimeProvider time)
{
    /// <summary>The kernel's id of this boot; empty when unknown.</summary>
    public string BootId { get; } = host.ReadBootId();

    /// <summary>By /proc/uptime; where that cannot be read, by this process's own clock, which the kernel starts with the boot.</summary>
    public DateTimeOffset Booted()
    {
        try
        {
            var text = File.ReadAllText(Path.Combine(host.Proc, "uptime"));
            if (double.TryParse(text.AsSpan(0, Math.Max(0, text.IndexOf(' '))), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds))
                return time.GetUtcNow() - TimeSpan.FromSeconds(seconds);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // The other clock, then.
        }
        return time.GetUtcNow() - TimeSpan.FromSeconds((double)time.GetTimestamp() / time.TimestampFrequency);
    }

    /// <summary>Lines before it do not count: those before the boot and the monitor's delay, and those older than its lookback.</summary>
    /// <param name="isResumed">Reading goes on where it stopped: what was written meanwhile counts however old it is.</param>
    public DateTimeOffset StartOf(NpdLogMonitor monitor, bool isResumed)
    {
        var (boot, back) = (Booted() + monitor.Delay, time.GetUtcNow() - monitor.Lookback);
        return isResumed || boot > back ? boot : back;
    }
}
