using AIInfra.Linux.KernelLog;

namespace AIInfra.Core.Health.Logs;

/// <summary>Gets every record of the kernel log that is believed, once and in order, on the reader's own thread.</summary>
public interface IKernelLogListener
{
    /// <summary>A reader begins, at the oldest record that the kernel has or after the last one of this boot that was read before.</summary>
    void Begin(bool isResumed);

    /// <summary>Never throws, and must be quick: the kernel's ring is the only buffer.</summary>
    void Read(in KernelLogRecord record, DateTimeOffset at);
}
