using System.Collections.Concurrent;
using System.Threading.Channels;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using AIInfra.Kubernetes.DevicePlugin;
using AIInfra.Testing;
using Microsoft.Extensions.Logging;

namespace AIInfra.FunctionalTests.Kubernetes;

/// <summary>The real device-plugin worker on real boards, in a folder of its own. An Error in its log fails the test unless it is announced.</summary>
internal sealed class KubeletRig : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _ended = new();
    private readonly LoggerFactory _loggers;
    private Task _running = Task.CompletedTask;

    private readonly bool _ownsRoot;

    /// <param name="root">The kubelet's folder; null: one of its own.</param>
    public KubeletRig(string? root = null)
    {
        _loggers = new LoggerFactory([Log]);
        _ownsRoot = root is null;
        Root = root ?? Directory.CreateTempSubdirectory("aik-").FullName;
    }

    public string Root { get; }
    public ShiftedTime Time { get; } = new();
    public string Folder => Path.Combine(Root, "device-plugins");
    public InventoryBoard Inventory { get; } = new();
    public HealthBoard Health { get; } = new(TimeProvider.System, "boot-1", []);
    public WorkerBoard Board { get; } = new();
    public PodResourcesBoard Pods { get; } = new();
    public LogLines Log { get; } = new();
    /// <summary>Null: one kubelet at <see cref="Root"/>.</summary>
    public KubeletOptions? Options { get; set; }
    /// <summary>The host's device nodes.</summary>
    public string Dev => Path.Combine(Root, "dev");
    public bool ExpectsErrors { get; set; }

    /// <summary>Names of our sockets in the kubelet's folder.</summary>
    public string[] Sockets => [.. Directory.EnumerateFiles(Folder, "aiinfra-*").Select(path => Path.GetFileName(path))];

    public void Start()
    {
        var offers = new OfferBoard(Inventory, [], _loggers.CreateLogger<OfferBoard>());
        var boards = new KubeletBoards(offers, Health, Pods, Board, [new TestAllocator()], new NicBoard(), new HostPaths { Dev = Dev });
        var worker = new DevicePluginWorker(Options ?? new KubeletOptions { Root = Root }, boards, Time, _loggers)
        {
            RegisterTimeout = TimeSpan.FromSeconds(2),
        };
        _running = Task.Run(() => Task.WhenAll(offers.RunAsync(_ended.Token), worker.RunAsync(_ended.Token)));
    }

    public async Task StopAsync()
    {
        await _ended.CancelAsync();
        try
        {
            await _running.WaitAsync(Deadline);
        }
        catch (OperationCanceledException)
        {
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Health.Dispose();
        _ended.Dispose();
        _loggers.Dispose();
        if (_ownsRoot)
            Directory.Delete(Root, recursive: true);
        if (!ExpectsErrors)
            Assert.Empty(Log.Errors);
    }

    /// <summary>The system's clock, set wrong by a person.</summary>
    internal sealed class ShiftedTime : TimeProvider
    {
        public TimeSpan Offset { get; set; }
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;
    }

    internal sealed class LogLines : ILoggerProvider, ILogger
    {
        private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

        public ConcurrentQueue<string> All { get; } = [];
        public ConcurrentQueue<string> Errors { get; } = [];

        /// <summary>The next line that contains a text.</summary>
        public async Task<string> NextAsync(string part)
        {
            while (true)
            {
                var line = await _lines.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Deadline);
                if (line.Contains(part, StringComparison.Ordinal))
                    return line;
            }
        }

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var line = formatter(state, exception);
            if (logLevel >= LogLevel.Error)
                Errors.Enqueue($"{line} {exception}");
            All.Enqueue(line);
            _lines.Writer.TryWrite(line);
        }

        public ILogger CreateLogger(string categoryName) => this;
        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public void Dispose() { }
    }
}
