using System.Runtime.InteropServices;

namespace AIInfra.Linux.Processes;

/// <summary>Processor time of threads, clock_gettime(2).</summary>
public static partial class ThreadClock
{
    private const int OfThisThread = 3;

    /// <summary>What the calling thread has used since it was started.</summary>
    public static TimeSpan CpuTime() => GetTime(OfThisThread, out var time) == 0 ? new TimeSpan((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / 100)) : default;

    [StructLayout(LayoutKind.Sequential)]
    private struct Time
    {
        public nint Seconds;
        public nint Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out Time time);
}
