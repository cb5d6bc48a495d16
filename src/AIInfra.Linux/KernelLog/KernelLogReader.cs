using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AIInfra.Linux.KernelLog;

/// <summary>Reads a kernel log, record by record, from its oldest one on, and then as records come.</summary>
/// <remarks>One thread reads; <see cref="Stop"/> and the counters may be used from any other.</remarks>
public abstract class KernelLogReader : IDisposable
{
    private const int PreferredNice = -10;

    private readonly SafeFileHandle _stop = Native.EventFd(0, Native.NonBlocking | Native.CloseOnExec);
    private readonly long? _after;
    private bool _isSkipping, _wasOverwritten;
    private long _previous = -1;
    private long _lines, _overruns, _malformed, _lost;

    /// <param name="after">The sequence up to which the records of this boot were read before; null: none was.</param>
    protected KernelLogReader(long? after) => (_after, _isSkipping) = (after, after is not null);

    /// <summary>Opens <c>/dev/kmsg</c>, or a file of such records that stands in for it.</summary>
    /// <param name="path">The device, or a regular file: that is read to its end and then followed.</param>
    /// <param name="after">The sequence up to which the records of this boot were read before; they are passed over.</param>
    /// <exception cref="UnauthorizedAccessException">No permission; the message says what is needed.</exception>
    /// <exception cref="IOException">It is not there, or nothing that can be read; the message says so.</exception>
    public static KernelLogReader Open(string path, long? after = null)
    {
        return Native.IsRegular(path) ? new RecordFile(path, after) : new KmsgDevice(path, after);
    }

    /// <summary>Lets the calling thread run before others of this host, where the process may (CAP_SYS_NICE): on a loaded machine the kernel's
    /// ring turns over while a reader waits for its turn.</summary>
    /// <returns>False when it may not; nothing is changed then.</returns>
    public static bool PreferThisThread() => Native.SetPriority(0, 0, PreferredNice) == 0;

    /// <summary>Records that were handed out.</summary>
    public long Lines => Volatile.Read(ref _lines);
    /// <summary>Times that the kernel had overwritten records before they were read.</summary>
    public long Overruns => Volatile.Read(ref _overruns);
    /// <summary>Records that were overwritten before they were read, by the gaps in their numbers.</summary>
    public long Lost => Volatile.Read(ref _lost);
    /// <summary>Records that could not be understood and were passed over.</summary>
    public long Malformed => Volatile.Read(ref _malformed);
    /// <summary>True when records carry the time since this host's boot.</summary>
    public abstract bool HasBootClock { get; }
    /// <summary>True once everything that was there at the start has been read: what comes now happens now.</summary>
    public bool IsLive { get; private set; }

    /// <summary>The next record that is there. False when there is none now: <see cref="Wait"/> for it.</summary>
    /// <remarks>The record is valid until the next call.</remarks>
    /// <exception cref="IOException">The log cannot be read any more.</exception>
    public bool TryRead(out KernelLogRecord record)
    {
        while (TryReadNext(out var bytes))
        {
            if (!KernelLogRecord.TryParse(bytes, out record))
            {
                Interlocked.Increment(ref _malformed);
                continue;
            }
            if (WasReadBefore(record.Sequence))
                continue;
            Interlocked.Increment(ref _lines);
            return true;
        }
        IsLive = true;
        _isSkipping = false;
        record = default;
        return false;
    }

    /// <summary>Blocks until there may be a record. False when <see cref="Stop"/> was called.</summary>
    public bool Wait()
    {
        WaitForMore(_stop);
        return !IsStopped;
    }

    /// <summary>True after <see cref="Stop"/>: a thread that finds one record after the other asks now and then.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Ends a <see cref="Wait"/>, also a later one.</summary>
    public void Stop()
    {
        IsStopped = true;
        Native.Write(_stop, [1, 0, 0, 0, 0, 0, 0, 0], 8);
    }

    public void Dispose()
    {
        Close();
        _stop.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The bytes of the next record, without its last line feed; false when there is none now.</summary>
    protected abstract bool TryReadNext(out Span<byte> bytes);

    protected abstract void WaitForMore(SafeFileHandle stopped);

    protected abstract void Close();

    /// <summary>The kernel has overwritten the place of the reader. The next record's number tells whether anything unread went with it.</summary>
    protected void NoteOverwritten() => _wasOverwritten = true;

    protected void CountMalformed() => Interlocked.Increment(ref _malformed);

    protected static Exception Failure(string what, int error) => error switch
    {
        Native.NotPermitted or Native.AccessDenied => new UnauthorizedAccessException($"{what}: no permission. Run as root, or grant CAP_SYSLOG and the right to read the file."),
        Native.NotThere => new FileNotFoundException($"{what}: there is no such file."),
        _ => new IOException($"{what}: {Marshal.GetPInvokeErrorMessage(error)}."),
    };

    private void CountLost(long previous, long sequence)
    {
        var read = _isSkipping ? Math.Max(previous, _after!.Value) : previous;
        if (previous >= 0 && sequence > read + 1)
        {
            Interlocked.Add(ref _lost, sequence - read - 1);
            if (_wasOverwritten)
                Interlocked.Increment(ref _overruns);
        }
        _wasOverwritten = false;
    }

    private bool WasReadBefore(long sequence)
    {
        var previous = _previous;
        _previous = sequence;
        CountLost(previous, sequence);
        if (!_isSkipping)
            return false;
        if (sequence <= _after && sequence > previous)
            return true;
        _isSkipping = false; // past it; or the numbers jumped back: this is not the log that was read
        return false;
    }
}
