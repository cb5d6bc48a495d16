using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using AIInfra.Grpc;
using Microsoft.Extensions.Logging;

namespace AIInfra.FunctionalTests.Grpc;

/// <summary>Our server with the probe on it, on a socket in a folder of its own. Errors in its log fail the test unless announced.</summary>
internal sealed class ProbeHost : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("grpc");
    private readonly Channel<string> _cancelled = Channel.CreateUnbounded<string>();
    private readonly ErrorLog _log = new();

    private ProbeHost() { }

    public GrpcServer Server { get; private set; } = null!;
    public string SocketPath => Path.Combine(_folder.FullName, "probe.sock");
    public ConcurrentQueue<string> Errors => _log.Errors;
    public bool ErrorsAreExpected { get; init; }

    /// <summary>As the peers write it.</summary>
    public string Address => Server.EndPoint is { } tcp ? $"localhost:{tcp.Port}" : $"unix:{SocketPath}";

    public static async Task<ProbeHost> StartAsync(Func<GrpcServerOptions, GrpcServerOptions>? with = null, bool tcp = false, bool errorsAreExpected = false)
    {
        var host = new ProbeHost { ErrorsAreExpected = errorsAreExpected };
        var options = tcp ? new GrpcServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) } : new GrpcServerOptions { SocketPath = host.SocketPath };
        host.Server = await GrpcServer.StartAsync(
            with?.Invoke(options) ?? options, ProbeService.Table(method => host._cancelled.Writer.TryWrite(method)), TimeProvider.System, host._log, Patience.Token);
        return host;
    }

    /// <summary>The next method whose handler ended with its token cancelled.</summary>
    public Task<string> NextCancelledAsync() => _cancelled.Reader.ReadAsync(Patience.Token).AsTask().Soon();

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _folder.Delete(recursive: true);
        if (!ErrorsAreExpected)
            Assert.Empty(_log.Errors);
    }

    private sealed class ErrorLog : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<string> Errors { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;
        public void AddProvider(ILoggerProvider provider) { }
        public void Dispose() { }
        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                Errors.Enqueue($"{formatter(state, exception)} {exception}");
        }
    }
}
