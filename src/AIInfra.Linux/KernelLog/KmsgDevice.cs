using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AIInfra.Linux.KernelLog;

/// <summary><c>/dev/kmsg</c>: each read gives one whole record. The kernel's ring is the buffer.</summary>
internal sealed class KmsgDevice : KernelLogReader
{
    /// <summary>Longest record with its dictionary (PRINTK_MESSAGE_MAX is 2 KiB, 8 KiB in older kernels), with room to spare.</summary>
    private const int LongestRecord = 16 * 1024;

    private readonly byte[] _buffer = new byte[LongestRecord];
    private readonly SafeFileHandle _device;
    private readonly string _path;

    public KmsgDevice(string path, long? after) : base(after)
    {
        _path = path;
        _device = Native.Open(path, Native.ReadOnly | Native.NonBlocking | Native.CloseOnExec, 0);
        if (!_device.IsInvalid)
            return;
        var failure = Failure($"The kernel log {path} cannot be opened", Marshal.GetLastPInvokeError());
        Dispose();
        throw failure;
    }

    public override bool HasBootClock => true;

    protected override bool TryReadNext(out Span<byte> bytes)
    {
        while (true)
        {
            var count = Native.Read(_device, _buffer, _buffer.Length);
            if (count > 0)
            {
                bytes = _buffer.AsSpan(0, (int)count);
                return true;
            }
            if (count == 0)
                throw new IOException($"{_path} is no kernel log: it has come to an end.");
            switch (Marshal.GetLastPInvokeError())
            {
                case Native.BrokenPipe:
                    CountOverrun(); // the next read goes on at the oldest record that is left
                    break;
                case Native.Invalid:
                    CountMalformed(); // longer than the buffer: the kernel has passed over it
                    break;
                case Native.Interrupted:
                    break;
                case Native.Again:
                    bytes = default;
                    return false;
                case var error:
                    throw Failure($"The kernel log {_path} cannot be read", error);
            }
        }
    }

    protected override void WaitForMore(SafeFileHandle stopped) => Native.WaitReadable(stopped, _device, Timeout.Infinite);

    protected override void Close() => _device.Dispose();
}
