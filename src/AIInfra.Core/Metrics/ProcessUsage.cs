using System.Buffers.Text;
using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace AIInfra.Core.Metrics;

/// <summary>What this process uses. Reads without allocating.</summary>
internal sealed class ProcessUsage : IDisposable
{
    // Its own process in its own namespace, so never under host.proc. Null where /proc is not mounted: then there is no such metric.
    private readonly SafeFileHandle? _statm = TryOpen("/proc/self/statm");

    /// <summary>Unix time in seconds.</summary>
    public double StartTimeSeconds { get; } = new DateTimeOffset(Process.GetCurrentProcess().StartTime).ToUnixTimeMilliseconds() / 1000.0;

    /// <summary>User and system time.</summary>
    public static double CpuSeconds => Environment.CpuUsage.TotalTime.TotalSeconds;

    /// <summary>Null when the kernel does not tell. Source: proc(5), statm: the second number counts resident pages.</summary>
    public long? ReadResidentBytes()
    {
        Span<byte> text = stackalloc byte[128];
        if (_statm is null)
            return null;
        text = text[..RandomAccess.Read(_statm, text, 0)];
        var second = text[(text.IndexOf((byte)' ') + 1)..];
        return Utf8Parser.TryParse(second, out long pages, out _) ? pages * Environment.SystemPageSize : null;
    }

    public void Dispose() => _statm?.Dispose();

    private static SafeFileHandle? TryOpen(string path)
    {
        try
        {
            return File.OpenHandle(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
