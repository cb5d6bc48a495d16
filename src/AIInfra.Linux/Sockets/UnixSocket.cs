using System.Net.Sockets;

namespace AIInfra.Linux.Sockets;

/// <summary>Connects without ever blocking a thread.</summary>
public static class UnixSocket
{
    /// <summary>unix(7): sun_path has 108 bytes, one of them for the NUL.</summary>
    private const int LongestPath = 107;

    /// <exception cref="IOException">The path is too long for a socket.</exception>
    /// <exception cref="SocketException">Nobody listens there, or this process may not connect.</exception>
    public static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        if (path.Length > LongestPath)
            throw new IOException($"{path} is too long for a unix socket");
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
