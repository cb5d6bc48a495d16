using System.Collections.Concurrent;
using System.Diagnostics;
using AIInfra.Linux.Processes;
using Microsoft.Win32.SafeHandles;

namespace AIInfra.Linux.Systemd;

/// <summary>A signal that is listened for, over all reconnections.</summary>
/// <param name="Rule">The match rule, as the D-Bus specification writes it.</param>
/// <param name="Heard">On the bus's thread.</param>
/// <param name="Lost">The connection was lost: signals may have been missed. On the bus's thread.</param>
internal sealed record BusSignal(string Rule, string Interface, string Member, Action<BusReader> Heard, Action<string> Lost);

/// <summary>The system's D-Bus, spoken to on a thread of its own, which is started with the first call. Each call has a deadline; a connection that is lost is
/// made again with the next call.</summary>
/// <remarks>Calls are made one after the other. What waits too long behind a slow one is given up unsent.</remarks>
public sealed class SystemBus : IDisposable
{
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(5), Retry = TimeSpan.FromSeconds(5), AtOnce = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly string _socket;
    private readonly ConcurrentQueue<IRequest> _requests = new();
    private readonly List<BusSignal> _signals = [];
    private readonly SafeFileHandle _wake = KernelLog.Native.EventFd(0, KernelLog.Native.NonBlocking | KernelLog.Native.CloseOnExec);
    private Thread? _thread;
    private volatile bool _isOver;

    // Of the thread alone.
    private BusConnection? _connection;
    private (long At, BusException Reason)? _refusal; // of the last try to connect

    /// <param name="socket">Path of its socket, on hosts <c>/run/dbus/system_bus_socket</c>.</param>
    public SystemBus(string socket) => _socket = socket;

    private interface IRequest
    {
        bool IsOver { get; }
        void Run(BusConnection connection);
        void Fail(BusException reason);
    }

    private sealed class Request<T>(BusMethod method, BusArguments? arguments, BusResult<T> result, TimeSpan timeout, CancellationToken cancellationToken) : IRequest
    {
        private readonly long _asked = Stopwatch.GetTimestamp();

        public TaskCompletionSource<T> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public bool IsOver => cancellationToken.IsCancellationRequested;

        public void Run(BusConnection connection)
        {
            var left = timeout - Stopwatch.GetElapsedTime(_asked);
            if (left <= TimeSpan.Zero)
                throw new BusException($"{method} was not sent: calls before it took all of its {timeout.TotalSeconds:0.#} s.", BusFate.NotSent);
            Answer.TrySetResult(connection.Call(method, arguments, result, left));
        }

        public void Fail(BusException reason) => Answer.TrySetException(reason);
    }

    /// <exception cref="BusException">See <see cref="BusFate"/> for what is then known.</exception>
    /// <exception cref="OperationCanceledException">What was sent already is not taken back.</exception>
    internal Task<T> CallAsync<T>(BusMethod method, BusArguments? arguments, BusResult<T> result, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var request = new Request<T>(method, arguments, result, timeout, cancellationToken);
        Enqueue(request);
        return request.Answer.Task.WaitAsync(cancellationToken);
    }

    /// <summary>From now on, until the bus is disposed.</summary>
    internal void Listen(BusSignal signal)
    {
        lock (_gate)
            _signals.Add(signal);
        Enqueue(new Request<bool>(default, null, _ => true, TimeSpan.Zero, new CancellationToken(true))); // wakes the thread, which connects
    }

    public void Dispose()
    {
        Thread? thread;
        lock (_gate)
            (thread, _isOver) = (_thread, true);
        Wake();
        if (thread is null)
            _wake.Dispose();
    }

    private void Enqueue(IRequest request)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isOver, this);
            _requests.Enqueue(request);
            if (_thread is null)
            {
                _thread = new Thread(Loop) { IsBackground = true, Name = "system bus" };
                _thread.Start();
            }
        }
        Wake();
    }

    private void Wake() => _ = KernelLog.Native.Write(_wake, [1, 0, 0, 0, 0, 0, 0, 0], 8);

    private void Loop()
    {
        Span<byte> count = stackalloc byte[8];
        while (!_isOver)
        {
            Turn();
            Wait();
            _ = KernelLog.Native.Read(_wake, count, 8);
        }
        _connection?.Dispose();
        while (_requests.TryDequeue(out var late))
            late.Fail(new BusException("The agent ends.", BusFate.NotSent));
        lock (_gate)
            _wake.Dispose();
    }

    private void Turn()
    {
        var hasAsked = false;
        while (!_isOver && _requests.TryDequeue(out var request))
        {
            if (request.IsOver)
                continue;
            hasAsked = true;
            Serve(request);
            Hear();
        }
        if (!hasAsked && _connection is null && Signals().Length > 0 && !(_refusal is { } last && Stopwatch.GetElapsedTime(last.At) < Retry))
            TryConnect();
        Hear();
    }

    private void Serve(IRequest request)
    {
        try
        {
            if (_connection is null && _refusal is { } last && Stopwatch.GetElapsedTime(last.At) < AtOnce)
                throw last.Reason; // those that waited behind a call do not each pay for the same
            if (_connection is null)
                Connect();
            request.Run(_connection!);
        }
        catch (BusException reason)
        {
            request.Fail(reason);
            if (_connection is { IsOpen: false })
                Lose(reason.Message);
        }
    }

    private void TryConnect()
    {
        try
        {
            Connect();
        }
        catch (BusException)
        {
            // The next call says why; meanwhile it is tried again.
        }
    }

    private void Connect()
    {
        BusConnection? connection = null;
        try
        {
            connection = BusConnection.Open(_socket, ConnectPatience);
            foreach (var signal in Signals())
                connection.AddMatch(signal.Rule);
            if (Signals().Any(signal => signal.Interface == SystemdUnits.Manager))
                connection.Call(SystemdUnits.Method("Subscribe"), null, _ => true, ConnectPatience); // without it systemd sends none
        }
        catch (BusException reason)
        {
            connection?.Dispose();
            var refusal = new BusException(reason.Message, BusFate.NotSent, reason.Error);
            _refusal = (Stopwatch.GetTimestamp(), refusal);
            throw refusal;
        }
        (_connection, _refusal) = (connection, null);
    }

    private void Hear()
    {
        if (_connection is null)
            return;
        try
        {
            var signals = Signals();
            while (_connection.Next(signals))
            {
                // One more.
            }
        }
        catch (BusException reason)
        {
            if (!_connection.IsOpen)
                Lose(reason.Message);
        }
    }

    private void Lose(string reason)
    {
        _connection?.Dispose();
        _connection = null;
        foreach (var signal in Signals())
            signal.Lost(reason);
    }

    private BusSignal[] Signals()
    {
        lock (_gate)
            return [.. _signals];
    }

    private void Wait()
    {
        var entries = new Libc.PollEntry[2];
        entries[0] = new Libc.PollEntry { Descriptor = (int)_wake.DangerousGetHandle(), Events = 1 };
        var milliseconds = -1;
        if (_connection is not null)
        {
            var (descriptor, events, timeout) = _connection.Poll();
            entries[1] = new Libc.PollEntry { Descriptor = descriptor, Events = events };
            if (timeout is { } left)
                milliseconds = (int)Math.Clamp(Math.Ceiling(left.TotalMilliseconds), 0, int.MaxValue);
        }
        else if (Signals().Length > 0)
        {
            milliseconds = (int)Retry.TotalMilliseconds;
        }
        _ = Libc.Poll(ref entries[0], _connection is null ? 1u : 2u, milliseconds);
    }
}
