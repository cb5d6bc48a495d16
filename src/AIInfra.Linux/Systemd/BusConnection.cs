using System.Diagnostics;
using System.Runtime.InteropServices;

namespace AIInfra.Linux.Systemd;

/// <param name="Destination">The service: <c>org.freedesktop.systemd1</c>.</param>
internal readonly record struct BusMethod(string Destination, string Path, string Interface, string Member)
{
    public override string ToString() => $"{Interface}.{Member}";
}

internal delegate void BusArguments(BusWriter writer);

internal delegate T BusResult<out T>(BusReader reader);

/// <summary>One connection to a bus. Of one thread; every call is bounded in time.</summary>
internal sealed unsafe class BusConnection : IDisposable
{
    private const int TimedOut = 110, Reset = 104, NotConnected = 107, Stale = 116, BrokenPipe = 32, InputOutput = 5; // errno(3)

    private readonly BusLibrary _library;
    private nint _bus;

    private BusConnection(BusLibrary library, nint bus) => (_library, _bus) = (library, bus);

    /// <summary>False after the other side has gone.</summary>
    public bool IsOpen { get; private set; } = true;

    /// <param name="socket">Path of the bus's socket.</param>
    /// <exception cref="BusException">There is none, or it does not take us; says which. Never sent, of course.</exception>
    public static BusConnection Open(string socket, TimeSpan patience)
    {
        var library = BusLibrary.Instance ?? throw new BusException("libsystemd.so.0 is not there, so that systemd cannot be spoken to. Install libsystemd0.", BusFate.NotSent);
        if (!File.Exists(socket))
            throw new BusException($"There is no system bus at {socket}: this host does not run systemd with D-Bus, or its run folder is not mounted here.", BusFate.NotSent);
        nint bus;
        Check(library.New(&bus));
        var connection = new BusConnection(library, bus);
        try
        {
            fixed (byte* address = BusWriter.Zeroed("unix:path=" + Escape(socket)))
                Check(library.SetAddress(bus, address));
            Check(library.SetBusClient(bus, 1));
            Check(library.Start(bus));
            var started = Stopwatch.GetTimestamp();
            while (Check(library.IsReady(bus)) == 0)
            {
                var left = patience - Stopwatch.GetElapsedTime(started);
                if (left <= TimeSpan.Zero)
                    throw new BusException($"The system bus at {socket} did not answer within {patience.TotalSeconds:0.#} s.", BusFate.NotSent);
                if (Check(library.Process(bus, null)) == 0)
                    Check(library.Wait(bus, (ulong)left.TotalMicroseconds));
            }
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }

        int Check(int status) => status >= 0 ? status
            : throw new BusException($"The system bus at {socket} cannot be used: {Marshal.GetPInvokeErrorMessage(-status)}.", BusFate.NotSent);
    }

    /// <summary>Asks to be sent the signals that fit; they come out of <see cref="Next"/>.</summary>
    public void AddMatch(string rule)
    {
        fixed (byte* bytes = BusWriter.Zeroed(rule))
        {
            if (_library.AddMatch(_bus, null, bytes, 0, 0) is < 0 and var status)
                throw Failure($"The bus takes no match {rule}", status, BusFate.NotSent);
        }
    }

    /// <exception cref="BusException">It was refused, could not be sent, or no answer came in time.</exception>
    public T Call<T>(BusMethod method, BusArguments? arguments, BusResult<T> result, TimeSpan timeout)
    {
        nint call, reply = 0;
        fixed (byte* destination = BusWriter.Zeroed(method.Destination), path = BusWriter.Zeroed(method.Path), face = BusWriter.Zeroed(method.Interface), member = BusWriter.Zeroed(method.Member))
        {
            if (_library.NewCall(_bus, &call, destination, path, face, member) is < 0 and var status)
                throw Failure($"{method} cannot be called", status, BusFate.NotSent);
        }
        BusError error = default;
        try
        {
            arguments?.Invoke(new BusWriter(_library, call));
            if (_library.Call(_bus, call, (ulong)Math.Max(1, timeout.TotalMicroseconds), &error, &reply) is < 0 and var status)
                throw Explain(method, status, error, timeout);
            return result(new BusReader(_library, reply));
        }
        finally
        {
            _library.FreeError(&error);
            _library.Unref(call);
            if (reply != 0)
                _library.Unref(reply);
        }
    }

    /// <summary>Handles what has come. False when there is nothing more now.</summary>
    public bool Next(IReadOnlyList<BusSignal> signals)
    {
        nint message = 0;
        var status = _library.Process(_bus, &message);
        if (status < 0)
            throw Failure("The bus went away", status, BusFate.Unknown);
        if (message != 0)
        {
            try
            {
                foreach (var signal in signals)
                {
                    if (Is(message, signal))
                        signal.Heard(new BusReader(_library, message));
                }
            }
            finally
            {
                _library.Unref(message);
            }
        }
        return status > 0;
    }

    public (int Descriptor, short Events, TimeSpan? Timeout) Poll()
    {
        ulong until; // microseconds of CLOCK_MONOTONIC
        var timeout = _library.GetTimeout(_bus, &until) > 0 && until != ulong.MaxValue
            ? TimeSpan.FromMicroseconds(Math.Max(0, until - (Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000.0)))) : (TimeSpan?)null;
        return (_library.GetFd(_bus), (short)_library.GetEvents(_bus), timeout);
    }

    public void Dispose()
    {
        if (_bus != 0)
        {
            _library.CloseBus(_bus); // not flushed: every call was awaited, and flushing would wait for a bus that hangs
            _library.UnrefBus(_bus);
        }
        (_bus, IsOpen) = (0, false);
    }

    private bool Is(nint message, BusSignal signal)
    {
        fixed (byte* face = BusWriter.Zeroed(signal.Interface), member = BusWriter.Zeroed(signal.Member))
            return _library.IsSignal(message, face, member) > 0;
    }

    private BusException Explain(BusMethod method, int status, BusError error, TimeSpan timeout)
    {
        var name = Marshal.PtrToStringUTF8((nint)error.Name);
        var text = Marshal.PtrToStringUTF8((nint)error.Message);
        if (-status == TimedOut || name is "org.freedesktop.DBus.Error.NoReply" or "org.freedesktop.DBus.Error.Timeout" or "org.freedesktop.DBus.Error.TimedOut")
            return new BusException($"{method} was not answered within {timeout.TotalSeconds:0.#} s.", BusFate.Unknown, name);
        return -status is Reset or NotConnected or Stale or BrokenPipe or InputOutput || name is "org.freedesktop.DBus.Error.Disconnected"
            ? Failure($"{method}: the bus went away", status, BusFate.Unknown)
            : new BusException($"{method} was refused: {(string.IsNullOrEmpty(text) ? Marshal.GetPInvokeErrorMessage(-status) : text)} ({name})", BusFate.Refused, name);
    }

    private BusException Failure(string what, int status, BusFate fate)
    {
        IsOpen = false;
        return new BusException($"{what}: {Marshal.GetPInvokeErrorMessage(-status)}.", fate);
    }

    /// <summary>As the D-Bus specification wants paths in addresses.</summary>
    private static string Escape(string path) =>
        string.Concat(path.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '/' or '.' or '\\' or '*' ? $"{letter}" : string.Concat(System.Text.Encoding.UTF8.GetBytes($"{letter}").Select(one => $"%{one:x2}"))));
}
