using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AIInfra.FunctionalTests.Probes;

/// <summary>A real FUSE file system, empty, whose server (a thread of this process, speaking fuse(4)) can stop answering and go on.</summary>
internal sealed partial class FuseMount : IDisposable
{
    private const uint Init = 26, StatFs = 17, Forget = 2, BatchForget = 42, Interrupt = 36;
    private const int NotImplemented = -38, HeaderBytes = 40, Detach = 2;

    private readonly SafeFileHandle _device;
    private readonly Lock _gate = new();
    private readonly List<ulong> _held = [];
    private bool _isSilent;

    private FuseMount(string point, SafeFileHandle device)
    {
        (Point, _device) = (point, device);
        new Thread(Serve) { IsBackground = true, Name = "fuse server" }.Start();
    }

    public string Point { get; }

    /// <summary>Requests that were taken and not answered.</summary>
    public int Held
    {
        get
        {
            lock (_gate)
                return _held.Count;
        }
    }

    /// <summary>Null where this process may not mount.</summary>
    public static FuseMount? TryMount(string point)
    {
        Directory.CreateDirectory(point);
        SafeFileHandle device;
        try
        {
            device = File.OpenHandle("/dev/fuse", FileMode.Open, FileAccess.ReadWrite);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        if (Mount("jfs:vol", point, "fuse.juicefs", 0, $"fd={device.DangerousGetHandle()},rootmode=40000,user_id=0,group_id=0") == 0)
            return new FuseMount(point, device);
        device.Dispose();
        return null;
    }

    /// <summary>From now on requests are taken and not answered.</summary>
    public void FallSilent()
    {
        lock (_gate)
            _isSilent = true;
    }

    /// <summary>Answers what waits, and whatever comes.</summary>
    public void Answer()
    {
        lock (_gate)
        {
            _isSilent = false;
            _held.ForEach(AnswerStatFs);
            _held.Clear();
        }
    }

    /// <summary>The server is gone; the mount stays.</summary>
    public void Die() => _device.Dispose();

    public void Dispose()
    {
        Answer();
        _ = Unmount(Point, Detach);
        _device.Dispose();
    }

    private void Serve()
    {
        var request = new byte[256 * 1024];
        try
        {
            while (!_device.IsClosed)
            {
                var entry = new PollEntry { Descriptor = (int)_device.DangerousGetHandle(), Events = 1 };
                if (Poll(ref entry, 1, 20) <= 0)
                    continue; // never long in a read: the device is closed only when nobody reads it
                if (ReadAll(_device, request, request.Length) < HeaderBytes)
                    return;
                Take(BinaryPrimitives.ReadUInt32LittleEndian(request.AsSpan(4)), BinaryPrimitives.ReadUInt64LittleEndian(request.AsSpan(8)));
            }
        }
        catch (ObjectDisposedException)
        {
            // The test has ended.
        }
    }

    private void Take(uint operation, ulong number)
    {
        switch (operation)
        {
            case Init:
                Span<byte> init = stackalloc byte[64];
                init.Clear();
                BinaryPrimitives.WriteUInt32LittleEndian(init, 7);
                BinaryPrimitives.WriteUInt32LittleEndian(init[4..], 31); // a protocol that every kernel of the last years speaks
                BinaryPrimitives.WriteUInt32LittleEndian(init[20..], 4096);
                Reply(number, 0, init);
                break;
            case StatFs:
                lock (_gate)
                {
                    if (_isSilent)
                        _held.Add(number);
                    else
                        AnswerStatFs(number);
                }
                break;
            case Forget or BatchForget or Interrupt:
                break;
            default:
                Reply(number, NotImplemented, []);
                break;
        }
    }

    private void AnswerStatFs(ulong number)
    {
        Span<byte> answer = stackalloc byte[80];
        answer.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(answer, 1000);
        BinaryPrimitives.WriteUInt32LittleEndian(answer[40..], 4096);
        BinaryPrimitives.WriteUInt32LittleEndian(answer[48..], 4096);
        Reply(number, 0, answer);
    }

    private void Reply(ulong number, int error, ReadOnlySpan<byte> payload)
    {
        Span<byte> reply = stackalloc byte[16 + payload.Length];
        BinaryPrimitives.WriteInt32LittleEndian(reply, reply.Length);
        BinaryPrimitives.WriteInt32LittleEndian(reply[4..], error);
        BinaryPrimitives.WriteUInt64LittleEndian(reply[8..], number);
        payload.CopyTo(reply[16..]);
        if (!_device.IsClosed)
            _ = WriteAll(_device, reply, reply.Length);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(ref PollEntry entry, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "mount", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string point, string type, nuint flags, string options);

    [LibraryImport("libc", EntryPoint = "umount2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string point, int flags);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint ReadAll(SafeFileHandle file, Span<byte> buffer, nint length);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint WriteAll(SafeFileHandle file, ReadOnlySpan<byte> buffer, nint length);
}
