using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AIInfra.FunctionalTests.Probes;

/// <summary>Real peers of the service probes: one that answers HTTP with a status, one that takes connections and says nothing.</summary>
internal sealed class HttpPeer : IDisposable
{
    private readonly Socket _listener;
    private readonly List<Socket> _held = [];

    /// <param name="status">Null: it hangs.</param>
    private HttpPeer(Socket listener, int? status)
    {
        (_listener, Status) = (listener, status);
        listener.Listen(16);
        _ = ServeAsync();
    }

    /// <summary>May be changed while it serves.</summary>
    public int? Status { get; set; }
    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>The first line of each request.</summary>
    public List<string> Asked { get; } = [];

    public static HttpPeer OnTcp(int? status)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return new HttpPeer(listener, status);
    }

    public static HttpPeer OnUnixSocket(string path, int? status)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        return new HttpPeer(listener, status);
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync();
                if (Status is not { } status)
                {
                    _held.Add(socket); // never answered
                    continue;
                }
                var buffer = new byte[4096];
                var length = await socket.ReceiveAsync(buffer);
                Asked.Add(Encoding.ASCII.GetString(buffer, 0, length).Split("\r\n")[0]);
                await socket.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status} X\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"));
                socket.Shutdown(SocketShutdown.Both);
                socket.Dispose();
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        _held.ForEach(socket => socket.Dispose());
    }
}

/// <summary>A name server that answers each question with one code, or not at all.</summary>
internal sealed class DnsPeer : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

    public DnsPeer(int? code)
    {
        Code = code;
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _ = ServeAsync();
    }

    public int? Code { get; set; }
    public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;
    public List<string> Asked { get; } = [];

    private async Task ServeAsync()
    {
        try
        {
            var buffer = new byte[512];
            while (true)
            {
                var question = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                Asked.Add(Encoding.ASCII.GetString(buffer, 12, question.ReceivedBytes - 16));
                if (Code is not { } code)
                    continue;
                var answer = buffer[..question.ReceivedBytes];
                (answer[2], answer[3]) = (0x80, (byte)code);
                answer[0] ^= 0xff;
                await _socket.SendToAsync(answer, question.RemoteEndPoint); // of another question: passed over
                answer[0] ^= 0xff;
                await _socket.SendToAsync(answer, question.RemoteEndPoint);
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    public void Dispose() => _socket.Dispose();
}
