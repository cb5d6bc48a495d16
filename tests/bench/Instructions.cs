using System.Runtime.InteropServices;

namespace AIInfra.Bench;

/// <summary>Instructions that this thread has executed in user space, by perf_event_open(2): a figure that a busy machine does not change. Not given by most virtual machines.</summary>
internal static partial class Instructions
{
    private const int Hardware = 0, CountOfInstructions = 1;
    private const ulong ExcludeKernelAndHypervisor = (1 << 5) | (1 << 6);

    [StructLayout(LayoutKind.Sequential, Size = 128)]
    private struct Attributes // struct perf_event_attr of linux/perf_event.h, as far as it is filled in; the rest is zero
    {
        public uint Type;
        public uint Size;
        public ulong Config;
        public ulong SamplePeriod;
        public ulong SampleType;
        public ulong ReadFormat;
        public ulong Flags;
    }

    /// <summary>Counts what one run of an action executes, the mean of several.</summary>
    /// <returns>Null where it cannot be counted.</returns>
    public static double? Of(int runs, Action action)
    {
        var attributes = new Attributes { Type = Hardware, Size = 128, Config = CountOfInstructions, Flags = ExcludeKernelAndHypervisor };
        var counter = PerfEventOpen(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 241 : 298, ref attributes, 0, -1, -1, 0);
        if (counter < 0)
            return null;
        using var file = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle((nint)counter, ownsHandle: true), FileAccess.Read, bufferSize: 0);
        var before = Read(file);
        for (var run = 0; run < runs; run++)
            action();
        return (Read(file) - before) / (double)runs;
    }

    /// <summary>Whether this machine gives the figure, for the note of a run.</summary>
    public static string Availability => Of(1, () => { }) is null
        ? $"instructions: not counted, perf_event_open says {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}"
        : "instructions: counted in user space, of the thread that works";

    private static ulong Read(FileStream counter)
    {
        Span<byte> value = stackalloc byte[8];
        counter.ReadExactly(value);
        return BitConverter.ToUInt64(value);
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long PerfEventOpen(long number, ref Attributes attributes, int process, int processor, int group, ulong flags);
}
