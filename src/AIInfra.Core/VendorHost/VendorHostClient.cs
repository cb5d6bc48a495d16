using System.ComponentModel;
using System.Net.Sockets;
using System.Threading.Channels;
using AIInfra.Core.Sampling;
using AIInfra.Linux.Processes;

namespace AIInfra.Core.VendorHost;

/// <summary>What a child answers when it has opened the library.</summary>
/// <param name="MappedFile">The library's file as the child has it mapped; null when it did not find it.</param>
internal sealed record OpenedLibrary(LibraryInfo Info, string? MappedFile);

/// <summary>The daemon's end of one child: asks it, one call at a time, and hears its events. No thread is ever blocked on the child.</summary>
/// <remarks>After a call ran out of time the child can only be listened to: <see cref="LateAnswer"/> tells when the stuck call returned after all.</remarks>
internal sealed class VendorHostClient : IDisposable
{
    private const int EventCapacity = 256;
    private static readonly TimeSpan ReapWait = TimeSpan.FromSeconds(5);

    private readonly ChildProcess _child;
    private readonly TimeProvider _time;
    private readonly FrameWriter _request = new();
    private readonly CancellationTokenSource _closing = new();
    /// <summary>Full means that the reader waits, and in the end the driver: no event is dropped here.</summary>
    private readonly Channel<VendorEvent> _events = Channel.CreateBounded<VendorEvent>(
        new BoundedChannelOptions(EventCapacity) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true, SingleWriter = true });
    private readonly PendingCall<(ushort Protocol, string Version)> _hello =
        new(FrameKind.Hello, 0, static (ref reader) => (reader.Int16(), reader.Text()));
    private volatile PendingCall? _pending;
    private volatile string? _howItEnded;
    private uint _requests;

    private VendorHostClient(ChildProcess child, TimeProvider time)
    {
        (_child, _time, _pending) = (child, time, _hello);
        Ended = ReadAsync();
    }

    internal int ProcessId => _child.Id;
    /// <summary>Completes when the child has ended or was closed: how, in words.</summary>
    internal Task<string> Ended { get; }
    /// <summary>Completes when the process is no more, which may be never: it may be stuck in the kernel.</summary>
    internal Task Exited => _child.Exited;
    /// <summary>In the order they happened; complete when the child has ended.</summary>
    internal ChannelReader<VendorEvent> Events => _events.Reader;
    /// <summary>After a call ran out of time: completes when that call returns at last, or the child ends.</summary>
    internal Task LateAnswer => _pending?.Over ?? Task.CompletedTask;

    /// <exception cref="VendorHostException">It cannot be started, ends at once, is silent, or is of another version.</exception>
    internal static async Task<VendorHostClient> StartAsync(
        VendorHostLauncher launcher, string vendor, TimeSpan deadline, TimeProvider time, CancellationToken cancellationToken)
    {
        VendorHostClient client;
        try
        {
            client = new VendorHostClient(launcher.Start(vendor), time);
        }
        catch (Win32Exception fault)
        {
            throw new VendorHostException(HostFault.CannotStart,
                $"The vendor host cannot be started ({fault.Message}). Is {launcher.Program} still there and executable? Then restart the agent.", fault);
        }
        var isGood = false;
        try
        {
            var (protocol, version) = await client.WaitAsync(client._hello, null, "its first message", deadline, cancellationToken);
            if (protocol != Frame.Protocol || version != VendorHostProcess.Version)
            {
                throw new VendorHostException(HostFault.OtherVersion,
                    $"The program on disk is version {version} (protocol {protocol}), this agent runs {VendorHostProcess.Version} (protocol {Frame.Protocol}): restart the agent.");
            }
            isGood = true;
            return client;
        }
        catch (VendorHostException fault) when (fault.Fault == HostFault.Hung)
        {
            throw new VendorHostException(HostFault.CannotStart, $"The vendor host was started, but {fault.Message}.", fault);
        }
        finally
        {
            if (!isGood)
                client.Dispose(); // a child without a library call in it always hears this
        }
    }

    internal Task<OpenedLibrary> OpenAsync(string library, TimeSpan deadline, CancellationToken cancellationToken) =>
        CallAsync(FrameKind.Open, null, $"opening {library}", _request.Text(library), deadline,
            static (ref reader) => new OpenedLibrary(reader.ReadInfo(), reader.TextOrNull()), cancellationToken);

    internal Task<DescribedBoard> DescribeAsync(int index, TimeSpan deadline, CancellationToken cancellationToken) =>
        CallAsync(FrameKind.Describe, index, "describing board", _request.Int32(index), deadline,
            static (ref reader) => reader.ReadBoard(), cancellationToken);

    /// <param name="readings">Filled when the task completes without a fault; not to be read otherwise.</param>
    internal Task<SampledBoard> SampleAsync(int index, Reading[] readings, TimeSpan deadline, CancellationToken cancellationToken) =>
        CallAsync(FrameKind.Sample, index, "reading board", _request.Int32(index), deadline,
            (ref reader) => reader.ReadSample(readings), cancellationToken);

    /// <summary>From here on the child tells events.</summary>
    internal Task ListenAsync(TimeSpan deadline, CancellationToken cancellationToken) =>
        CallAsync(FrameKind.Listen, null, "listening for events", _request, deadline, static (ref _) => true, cancellationToken);

    /// <summary>Null when the library cannot tell.</summary>
    internal Task<int?> CountAsync(TimeSpan deadline, CancellationToken cancellationToken) =>
        CallAsync(FrameKind.Count, null, "counting the boards", _request, deadline,
            static (ref reader) => reader.Int32() is var count and >= 0 ? count : (int?)null, cancellationToken);

    /// <exception cref="VendorHostException">The child has ended.</exception>
    internal void ThrowIfEnded()
    {
        if (_howItEnded is { } how)
            throw new VendorHostException(HostFault.Ended, how);
    }

    /// <summary>Closes the socket: the child ends itself, now or when the kernel lets go of it.</summary>
    public void Dispose()
    {
        _closing.Cancel();
        _child.Socket.Dispose();
    }

    /// <exception cref="VendorException">The library refused.</exception>
    /// <exception cref="VendorHostException">The child has ended or hangs.</exception>
    private async Task<T> CallAsync<T>(
        FrameKind kind, int? board, string what, FrameWriter request, TimeSpan deadline, ReadAnswer<T> read, CancellationToken cancellationToken)
    {
        ThrowIfEnded();
        var call = new PendingCall<T>(kind, ++_requests, read);
        if (Interlocked.CompareExchange(ref _pending, call, null) is { } other)
            throw new InvalidOperationException($"A {kind} call came while a {other.Kind} call is in flight.");
        try
        {
            _child.Socket.Send(request.Seal(kind, call.Request)); // the buffer of the socket holds hundreds: this does not wait
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // The reader sees the end of the child as well, and says how it ended.
        }
        if (_howItEnded is { } how)
            call.Fail(new VendorHostException(HostFault.Ended, how));
        return await WaitAsync(call, board, what, deadline, cancellationToken);
    }

    private async Task<T> WaitAsync<T>(PendingCall<T> call, int? board, string what, TimeSpan deadline, CancellationToken cancellationToken)
    {
        try
        {
            return await call.Result.WaitAsync(deadline, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new VendorHostException(HostFault.Hung, $"{what}{(board is { } index ? $" {index}" : "")} has not returned for {deadline.TotalSeconds:0.#} s (process {ProcessId})") { Board = board };
        }
    }

    private async Task<string> ReadAsync()
    {
        await Task.Yield(); // the constructor has not finished yet
        var how = await ReadFramesAsync();
        _howItEnded = how; // before the look at the pending call: a call that comes later looks here itself
        _events.Writer.TryComplete();
        _child.Socket.Dispose();
        Interlocked.Exchange(ref _pending, null)?.Fail(new VendorHostException(HostFault.Ended, how));
        return how;
    }

    private async Task<string> ReadFramesAsync()
    {
        var buffer = new byte[4096];
        var filled = 0;
        try
        {
            while (true)
            {
                var used = 0;
                while (filled - used >= Frame.HeaderBytes)
                {
                    var length = Frame.HeaderBytes + Frame.ReadHeader(buffer.AsSpan(used), out var kind, out var request);
                    if (filled - used < length)
                    {
                        if (buffer.Length < length)
                            Array.Resize(ref buffer, length);
                        break;
                    }
                    if (Take(kind, request, buffer.AsSpan(used + Frame.HeaderBytes, length - Frame.HeaderBytes)) is { } happened)
                        await _events.Writer.WriteAsync(happened, _closing.Token);
                    used += length;
                }
                buffer.AsSpan(used, filled - used).CopyTo(buffer);
                filled -= used;
                var count = await _child.Socket.ReceiveAsync(buffer.AsMemory(filled), SocketFlags.None, _closing.Token);
                if (count == 0)
                    return await HowItEndedAsync();
                filled += count;
            }
        }
        catch (FormatException fault)
        {
            return $"it sent what is not the vendor host's protocol: {fault.Message}";
        }
        catch (SocketException)
        {
            return _closing.IsCancellationRequested ? "it was closed" : await HowItEndedAsync();
        }
        catch (Exception fault) when (fault is OperationCanceledException or ObjectDisposedException)
        {
            return "it was closed";
        }
    }

    /// <summary>Completes the call that this frame answers; an event is handed back.</summary>
    private VendorEvent? Take(FrameKind kind, uint request, ReadOnlySpan<byte> payload)
    {
        var reader = new FrameReader(payload);
        if (kind == FrameKind.Event)
            return reader.ReadEvent();
        if (_pending is not { } call || call.Request != request || (kind != call.Kind && kind != FrameKind.Fault))
            throw new FormatException($"a {kind} frame for request {request}, which was not asked");
        var answeredFault = kind == FrameKind.Fault ? reader.ReadFault() : null;
        _pending = null; // before the caller goes on: its next call may come at once
        if (answeredFault is not null)
            call.Fail(answeredFault);
        else
            AnswerOrFail(call, reader);
        return null;
    }

    private static void AnswerOrFail(PendingCall call, FrameReader reader)
    {
        try
        {
            call.Answer(reader);
        }
        catch (FormatException fault)
        {
            call.Fail(new VendorHostException(HostFault.Ended, $"it answered a {call.Kind} call with what is not the protocol: {fault.Message}", fault));
            throw;
        }
    }

    private async Task<string> HowItEndedAsync()
    {
        try
        {
            return $"it ended by {await _child.Exited.WaitAsync(ReapWait, _time, _closing.Token)}";
        }
        catch (Exception fault) when (fault is TimeoutException or OperationCanceledException)
        {
            return "it closed its socket";
        }
    }
}
