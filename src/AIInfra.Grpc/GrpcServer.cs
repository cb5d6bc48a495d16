using System.Net;
using System.Net.Sockets;
using AIInfra.Grpc.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AIInfra.Grpc;

/// <summary>One listening server. Servers come and go at run time; each is a bare Kestrel, not a web application.</summary>
/// <remarks>A unix socket's file gets mode 0600 right after the bind, and is removed at stop. Between bind and chmod it has what the umask leaves;
/// connecting takes the right to write, which the usual 022 grants to nobody else.</remarks>
public sealed class GrpcServer : IAsyncDisposable
{
    private readonly KestrelServer _kestrel;
    private readonly ListenOptions _listen;
    private readonly CancellationTokenSource _stopping;
    private readonly TimeProvider _time;
    private Task? _stopped;

    private GrpcServer(KestrelServer kestrel, ListenOptions listen, CancellationTokenSource stopping, TimeProvider time) =>
        (_kestrel, _listen, _stopping, _time) = (kestrel, listen, stopping, time);

    /// <summary>The bound TCP address; null on a unix socket.</summary>
    public IPEndPoint? EndPoint => _listen.IPEndPoint;

    /// <summary>Binds and accepts; returns when callers can connect.</summary>
    /// <exception cref="IOException">The address is in use or cannot be bound.</exception>
    public static async Task<GrpcServer> StartAsync(
        GrpcServerOptions options, GrpcServiceTable services, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var (kestrelOptions, listen) = Listener.Configure(options, loggers);
        var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions { IOQueueCount = 1 }), loggers);
        var stopping = new CancellationTokenSource();
        var server = new GrpcServer(new KestrelServer(Options.Create(kestrelOptions), transport, loggers), listen, stopping, time);
        try
        {
            var application = new ServerApplication(options, services, time, loggers.CreateLogger<GrpcServer>(), stopping.Token);
            await server._kestrel.StartAsync(application, cancellationToken);
            if (options.SocketPath is { } path && !OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            return server;
        }
        catch (SocketException fault)
        {
            await server.DisposeAsync();
            throw new IOException($"Cannot listen on {options.SocketPath ?? options.EndPoint?.ToString()}: {fault.Message}", fault);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Refuses new calls, cancels the token of the running ones, waits up to <paramref name="grace"/> for them, then closes their connections.</summary>
    public Task StopAsync(TimeSpan grace)
    {
        lock (_stopping)
            return _stopped ??= StopOnceAsync(grace);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        _kestrel.Dispose();
        _stopping.Dispose();
    }

    private async Task StopOnceAsync(TimeSpan grace)
    {
        await _stopping.CancelAsync();
        using var patience = new CancellationTokenSource(grace, _time);
        await _kestrel.StopAsync(patience.Token);
    }
}
