using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace AIInfra.Linux.Systemd;

/// <summary>Tells the service manager how the service is, see sd_notify(3). Quiet where nobody listens.</summary>
public sealed class ServiceNotifier : IDisposable
{
    private readonly Socket? _socket;

    private ServiceNotifier(Socket? socket, TimeSpan? watchdog) => (_socket, Watchdog) = (socket, watchdog);

    /// <summary>A service manager listens.</summary>
    public bool IsHeard => _socket is not null;

    /// <summary>It wants to be told this often that the service is alive, or it ends it; null: it does not ask.</summary>
    public TimeSpan? Watchdog { get; }

    /// <param name="variable">Reads a variable of the environment: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID.</param>
    public static ServiceNotifier Open(Func<string, string?> variable)
    {
        var address = variable("NOTIFY_SOCKET");
        if (string.IsNullOrEmpty(address) || address[0] is not ('/' or '@'))
            return new ServiceNotifier(null, null); // vsock: of a virtual machine's manager, which no service is given
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(address[0] == '@' ? '\0' + address[1..] : address));
        }
        catch (SocketException)
        {
            socket.Dispose();
            return new ServiceNotifier(null, null);
        }
        var isOurs = variable("WATCHDOG_PID") is not { Length: > 0 } process || process == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        var watchdog = isOurs && long.TryParse(variable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds) && microseconds > 0
            ? TimeSpan.FromMicroseconds(microseconds) : (TimeSpan?)null;
        return new ServiceNotifier(socket, watchdog);
    }

    public void Ready(string status) => Send($"READY=1\nSTATUS={OneLine(status)}");

    public void Status(string status) => Send($"STATUS={OneLine(status)}");

    public void Stopping() => Send("STOPPING=1\nSTATUS=Stopping");

    /// <summary>It begins anew; <see cref="Ready"/> ends that.</summary>
    public void Reloading() => Send(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000)}\nSTATUS=Reloading"));

    public void Alive() => Send("WATCHDOG=1");

    public void Dispose() => _socket?.Dispose();

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");

    private void Send(string message)
    {
        try
        {
            _socket?.Send(Encoding.UTF8.GetBytes(message));
        }
        catch (SocketException)
        {
            // The manager restarts, or its queue is full: the next message tells it.
        }
    }
}
