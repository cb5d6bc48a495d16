using System.Net.Sockets;

namespace AIInfra.Core.Hosting.Logging;

/// <summary>journald's socket for records with fields. A record that it does not take goes to standard error as a line with its priority.</summary>
/// <remarks>Source: systemd.io/JOURNAL_NATIVE_PROTOCOL.</remarks>
internal sealed class JournalSocket : IDisposable
{
    public const string Path = "/run/systemd/journal/socket";

    private readonly Socket _socket;

    private JournalSocket(Socket socket, string identifier) => (_socket, Identifier) = (socket, identifier);

    public string Identifier { get; }

    /// <summary>Null where no journald listens.</summary>
    public static JournalSocket? Open(string identifier, string path = Path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { SendTimeout = 200 }; // a journald that is stuck must not make the agent so
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return new JournalSocket(socket, identifier);
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>Sends one record.</summary>
    /// <returns>False: it was not taken (too long, or journald is away).</returns>
    public bool TrySend(ReadOnlySpan<byte> record)
    {
        try
        {
            return _socket.Send(record) == record.Length;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    public void Dispose() => _socket.Dispose();
}
