using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace AIInfra.FunctionalTests.Fleet;

/// <summary>A network between clients and servers: each new connection goes to the first server that takes it. While it is cut nothing passes, and what was open is broken.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly EndPoint[] _servers;
    private readonly ConcurrentDictionary<Socket, bool> _open = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _accepting;
    private volatile bool _isCut;

    /// <param name="at">Where it listens.</param>
    /// <param name="servers">The first that takes a connection has it.</param>
    public Relay(EndPoint at, params EndPoint[] servers)
    {
        _servers = servers;
        _listener = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(at);
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public void Cut()
    {
        _isCut = true;
        foreach (var socket in _open.Keys)
            socket.Close(0); // as a cable that is pulled, but told at once
    }

    public void Mend() => _isCut = false;

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        Cut();
        _listener.Dispose();
        await _accepting.ContinueWith(_ => { }, TaskScheduler.Default);
        _ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        var pairs = new List<Task>();
        while (!_ended.IsCancellationRequested)
            pairs.Add(CarryAsync(await _listener.AcceptAsync(_ended.Token)));
        await Task.WhenAll(pairs);
    }

    private async Task CarryAsync(Socket client)
    {
        if (_isCut || await ConnectAsync() is not { } server)
        {
            client.Close(0);
            return;
        }
        (_open[client], _open[server]) = (true, true);
        if (_isCut)
            Cut();
        try
        {
            await using var one = new NetworkStream(client);
            await using var other = new NetworkStream(server);
            await Task.WhenAny(one.CopyToAsync(other, _ended.Token), other.CopyToAsync(one, _ended.Token));
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            // It was cut.
        }
        finally
        {
            _open.TryRemove(client, out _);
            _open.TryRemove(server, out _);
            client.Dispose();
            server.Dispose();
        }
    }

    private async Task<Socket?> ConnectAsync()
    {
        foreach (var to in _servers)
        {
            var socket = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(to, _ended.Token);
                return socket;
            }
            catch (SocketException)
            {
                socket.Dispose();
            }
        }
        return null;
    }
}
