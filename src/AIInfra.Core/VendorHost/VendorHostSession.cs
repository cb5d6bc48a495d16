using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;
using AIInfra.Linux.Processes;

namespace AIInfra.Core.VendorHost;

/// <summary>Inside the child: answers one request after the other on the calling thread, and tells events from a second thread.</summary>
internal sealed class VendorHostSession(string vendor, IVendorLibrary library)
{
    /// <summary>How long one wait for an event lasts at most: it bounds nothing but how often an idle child wakes up.</summary>
    private static readonly TimeSpan EventWait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan PauseAfterFault = TimeSpan.FromSeconds(10);

    private readonly Lock _sending = new();
    private readonly FrameWriter _answer = new();
    private readonly Reading[] _readings = new Reading[library.Fields.Count];
    private readonly Dictionary<int, ImmutableArray<Device>> _described = [];
    private byte[] _payload = new byte[512];
    private Thread? _events;

    /// <summary>Returns when the parent has closed the socket, or has sent what is not a frame.</summary>
    internal void Serve()
    {
        Send(_answer.Int16(Frame.Protocol).Text(VendorHostProcess.Version).Seal(FrameKind.Hello, 0));
        try
        {
            Span<byte> header = stackalloc byte[Frame.HeaderBytes];
            while (ParentSocket.Receive(header))
            {
                var length = Frame.ReadHeader(header, out var kind, out var request);
                if (_payload.Length < length)
                    _payload = new byte[length];
                var payload = _payload.AsSpan(0, length);
                if (!ParentSocket.Receive(payload))
                    return;
                Send(Answer(kind, request, payload));
            }
        }
        catch (FormatException fault)
        {
            Say($"the agent sent what this program does not understand: {fault.Message}");
        }
    }

    private ReadOnlySpan<byte> Answer(FrameKind kind, uint request, ReadOnlySpan<byte> payload)
    {
        try
        {
            Ask(kind, new FrameReader(payload));
            return _answer.Seal(kind, request);
        }
        catch (VendorException fault)
        {
            _answer.Clear();
            _answer.WriteFault(fault);
            return _answer.Seal(FrameKind.Fault, request);
        }
    }

    private void Ask(FrameKind kind, FrameReader request)
    {
        switch (kind)
        {
            case FrameKind.Open:
                var path = request.Text();
                _answer.WriteInfo(library.Open(path));
                _described.Clear();
                _answer.Text(LibraryFile.FindMapped(path));
                break;
            case FrameKind.Describe:
                Describe(request.Int32());
                break;
            case FrameKind.Sample:
                Sample(request.Int32());
                break;
            case FrameKind.Count:
                _answer.Int32(library.CountDevices() ?? -1);
                break;
            case FrameKind.Listen:
                if (_events is null)
                    (_events = new Thread(TellEvents) { IsBackground = true, Name = "events" }).Start();
                break;
            case FrameKind.Reset when library is IResettingLibrary resetting:
                resetting.Reset(request.Text());
                break;
            default:
                throw new FormatException($"A {kind} frame is no request.");
        }
    }

    private void Describe(int index)
    {
        var device = library.Describe(index);
        var partitions = PartitionsOf(index);
        _described[index] = partitions ?? _described.GetValueOrDefault(index, []);
        _answer.WriteBoard(device, partitions);
    }

    private void Sample(int index)
    {
        Array.Clear(_readings);
        library.Sample(index, _readings);
        _answer.WriteReadings(_readings);
        _answer.WriteProcesses(library.Processes(index, null));
        var described = _described.GetValueOrDefault(index, []);
        var partitions = PartitionsOf(index);
        _answer.Flag(partitions is { } now && !AreSame(now, described)).Int32(partitions?.Length ?? 0);
        foreach (var partition in partitions ?? [])
            SamplePartition(index, partition);
    }

    private void SamplePartition(int index, Device partition)
    {
        Array.Clear(_readings);
        ImmutableArray<DeviceProcess>? processes = null;
        try
        {
            library.SamplePartition(index, partition, _readings);
            processes = library.Processes(index, partition);
        }
        catch (VendorException)
        {
            // Its last readings stand in, and then it has none.
        }
        _answer.WritePartition(partition.Id, _readings, processes);
    }

    private static bool AreSame(ImmutableArray<Device> now, ImmutableArray<Device> described)
    {
        if (now.Length != described.Length)
            return false;
        for (var i = 0; i < now.Length; i++)
        {
            if (!now[i].IsSameAs(described[i]))
                return false;
        }
        return true;
    }

    /// <summary>Null when the board does not say. A board that is lost by now tells so itself when it is asked the next time.</summary>
    private ImmutableArray<Device>? PartitionsOf(int index)
    {
        try
        {
            return library.Partitions(index);
        }
        catch (VendorException)
        {
            return null;
        }
    }

    private void TellEvents()
    {
        var writer = new FrameWriter();
        string? said = null;
        while (true)
        {
            try
            {
                if (!library.WaitEvent(EventWait, out var happened))
                    continue;
                writer.WriteEvent(happened);
                Send(writer.Seal(FrameKind.Event, 0));
            }
            catch (VendorException fault)
            {
                if (fault.Message != said)
                    Say($"no device events for {PauseAfterFault.TotalSeconds} s at a time: {said = fault.Message}");
                Thread.Sleep(PauseAfterFault);
            }
        }
    }

    /// <summary>A parent that is gone is not an error here: whoever waits for its end ends the process.</summary>
    private void Send(ReadOnlySpan<byte> frame)
    {
        lock (_sending)
            ParentSocket.Send(frame);
    }

    private void Say(string message) => Console.Error.WriteLine($"vendor-host {vendor}: {message}");
}
