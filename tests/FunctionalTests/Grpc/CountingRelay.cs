using System.Net.Sockets;

namespace AIInfra.FunctionalTests.Grpc;

/// <summary>Stands between two unix sockets and counts what passes: the outside proof that something was sent compressed.</summary>
internal sealed class CountingRelay : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly string _to;
    private readonly Task _accepting;
    private long _forth, _back;

    public CountingRelay(string to)
    {
        _to = to;
        _listener.Bind(new UnixDomainSocketEndPoint(Path));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), System.IO.Path.GetRandomFileName());
    public long Forth => Volatile.Read(ref _forth);
    public long Back => Volatile.Read(ref _back);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using var caller = await _listener.AcceptAsync(_stop.Token);
                using var callee = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await callee.ConnectAsync(new UnixDomainSocketEndPoint(_to), _stop.Token);
                await Task.WhenAny(PumpAsync(caller, callee, count => Interlocked.Add(ref _forth, count)), PumpAsync(callee, caller, count => Interlocked.Add(ref _back, count)));
            }
        }
        catch (OperationCanceledException)
        {
            // disposed
        }
    }

    private async Task PumpAsync(Socket from, Socket to, Action<int> count)
    {
        var buffer = new byte[64 << 10];
        try
        {
            while (await from.ReceiveAsync(buffer, _stop.Token) is var bytes and > 0)
            {
                count(bytes);
                await to.SendAsync(buffer.AsMemory(0, bytes), _stop.Token);
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // either end is gone
        }
    }
}
