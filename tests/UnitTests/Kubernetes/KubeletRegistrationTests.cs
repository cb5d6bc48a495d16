using System.Collections.Concurrent;
using System.Threading.Channels;
using AIInfra.Core.Hosting;
using AIInfra.Grpc;
using AIInfra.Kubernetes.DevicePlugin;
using AIInfra.Testing;
using Microsoft.Extensions.Logging;

namespace AIInfra.UnitTests.Kubernetes;

/// <summary>On a real folder, with a clock that moves when told and a link that is a list of what was done.</summary>
public sealed class KubeletRegistrationTests : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly string _path = Directory.CreateTempSubdirectory("aiinfra-test-").FullName;
    private readonly ManualTime _time = new();
    private readonly WorkerBoard _board = new();
    private readonly KubeletFolderWatch _folder;
    private readonly Link _link;
    private readonly Lines _log = new();
    private readonly CancellationTokenSource _ended = new();
    private Task _running = Task.CompletedTask;

    public KubeletRegistrationTests()
    {
        _folder = new KubeletFolderWatch(_path, _time);
        _link = new Link(_path);
    }

    [Fact]
    public async Task It_serves_before_it_registers_and_is_ready_when_the_kubelet_reads()
    {
        StartKubelet();
        Run();

        Assert.Equal("served 1", await _link.NextAsync());
        Assert.Equal("registered 1", await _link.NextAsync());
        await _time.WhenWaitingAsync(KubeletRegistration.FirstStream);
        Assert.False(_board.Parts.TryGetValue("kubelet acme.com/gpu", out var early) && early.IsReady);

        _link.Streams(1).Opened();
        await _log.NextAsync("acme.com/gpu is registered");
        Assert.True(_board.Parts["kubelet acme.com/gpu"].IsReady);
    }

    [Fact]
    public async Task Without_a_kubelet_it_waits_says_so_once_and_registers_when_there_is_one()
    {
        Directory.Delete(_path);
        Run();
        await _log.NextAsync("acme.com/gpu waits: There is no folder");

        Directory.CreateDirectory(_path);
        _folder.Refresh();
        await _log.NextAsync("acme.com/gpu waits: There is no kubelet.sock");
        StartKubelet();

        await RegisteredAsync(1);
        Assert.Equal(2, _log.All.Count);
    }

    [Fact]
    public async Task A_refusal_is_said_once_in_the_kubelets_words_and_tried_again_ever_later()
    {
        _link.Answer = new GrpcException(GrpcStatus.Unknown, "resource is owned by another plugin");
        StartKubelet();
        Run();

        await _log.NextAsync("The kubelet refused acme.com/gpu: resource is owned by another plugin");
        Assert.Contains("owned by another plugin", _board.Parts["kubelet acme.com/gpu"].Detail, StringComparison.Ordinal);
        foreach (var wait in new[] { 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000 })
        {
            await _time.WhenWaitingAsync(TimeSpan.FromMilliseconds(wait));
            _time.Advance(TimeSpan.FromMilliseconds(wait));
        }
        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(30));
        Assert.Single(_log.All);
        Assert.All(Enumerable.Range(1, 12), start => Assert.True(_link.IsStopped(start)));

        _link.Answer = null;
        _time.Advance(TimeSpan.FromSeconds(30));
        while (await _link.NextAsync() != "registered 13") { }
        _link.Streams(13).Opened();
        await _log.NextAsync("acme.com/gpu is registered");
    }

    [Fact]
    public async Task A_kubelet_that_is_not_up_yet_is_worth_no_warning_until_it_stays_away()
    {
        _link.Answer = new GrpcException(GrpcStatus.Unavailable, "connection refused");
        StartKubelet();
        Run();
        foreach (var wait in new[] { 100, 200, 400, 800 })
        {
            await _time.WhenWaitingAsync(TimeSpan.FromMilliseconds(wait));
            Assert.Empty(_log.All);
            _time.Advance(TimeSpan.FromMilliseconds(wait));
        }

        await _log.NextAsync("Nobody answers on");
    }

    [Fact]
    public async Task A_folder_that_takes_no_socket_is_said_once_when_it_lasts()
    {
        _link.Refusal = new IOException("Read-only file system");
        StartKubelet();
        Run();
        foreach (var wait in new[] { 100, 200, 400, 800, 1600, 3200 })
        {
            await _time.WhenWaitingAsync(TimeSpan.FromMilliseconds(wait));
            Assert.Equal(wait > 800 ? 1 : 0, _log.All.Count);
            _time.Advance(TimeSpan.FromMilliseconds(wait));
        }
        await _log.NextAsync("acme.com/gpu: no socket can be made in");
        Assert.Contains("Read-only file system", _board.Parts["kubelet acme.com/gpu"].Detail, StringComparison.Ordinal);

        await _time.WhenWaitingAsync(TimeSpan.FromMilliseconds(6400));
        _link.Refusal = null;
        _time.Advance(TimeSpan.FromMilliseconds(6400));
        await RegisteredAsync(1);
    }

    [Fact]
    public async Task A_restarted_kubelet_has_the_devices_at_once_on_another_socket_after_the_old_server_is_down()
    {
        StartKubelet();
        Run();
        await RegisteredAsync(1);
        _link.Streams(1).Opened();
        await _log.NextAsync("acme.com/gpu is registered");

        StartKubelet();

        Assert.Equal("stopped 1", await _link.NextAsync());
        await RegisteredAsync(2);
    }

    [Fact]
    public async Task A_kubelet_that_restarts_during_the_registration_is_registered_with_again()
    {
        StartKubelet();
        _link.BeforeAnswer = _ => StartKubelet();
        Run();

        Assert.Equal("served 1", await _link.NextAsync());
        Assert.Equal("registered 1", await _link.NextAsync());
        Assert.Equal("stopped 1", await _link.NextAsync());
    }

    [Fact]
    public async Task A_removed_socket_is_replaced()
    {
        StartKubelet();
        Run();
        await RegisteredAsync(1);
        _link.Streams(1).Opened();
        await _log.NextAsync("acme.com/gpu is registered");

        File.Delete(Path.Combine(_path, _link.Endpoint(1)));
        _folder.Refresh();

        Assert.Equal("stopped 1", await _link.NextAsync());
        await _time.WhenWaitingAsync(TimeSpan.FromMilliseconds(100));
        _time.Advance(TimeSpan.FromMilliseconds(100));
        await RegisteredAsync(2);
    }

    [Fact]
    public async Task While_the_kubelet_is_away_an_open_stream_is_kept()
    {
        StartKubelet();
        Run();
        await RegisteredAsync(1);
        _link.Streams(1).Opened();
        await _log.NextAsync("acme.com/gpu is registered");

        File.Delete(Path.Combine(_path, DevicePluginApi.KubeletSocket));
        File.Delete(Path.Combine(_path, _link.Endpoint(1)));
        _folder.Refresh();
        _link.Streams(1).Opened(); // a second one makes it look again
        StartKubelet();

        Assert.Equal("stopped 1", await _link.NextAsync()); // and not before the new kubelet
        await RegisteredAsync(2);
    }

    [Fact]
    public async Task A_closed_stream_is_registered_again_after_a_second_and_a_reopened_one_is_not()
    {
        StartKubelet();
        Run();
        await RegisteredAsync(1);
        _link.Streams(1).Opened();
        await _log.NextAsync("acme.com/gpu is registered");

        _link.Streams(1).Closed();
        await _time.WhenWaitingAsync(KubeletRegistration.StreamGap);
        _time.Advance(KubeletRegistration.StreamGap / 2);
        _link.Streams(1).Opened();
        await _log.NextAsync("acme.com/gpu is registered");
        _link.Streams(1).Closed();
        await _time.WhenWaitingAsync(KubeletRegistration.StreamGap);
        _time.Advance(KubeletRegistration.StreamGap);

        await _log.NextAsync("acme.com/gpu: The kubelet closed the stream");
        Assert.Equal("stopped 1", await _link.NextAsync());
        await _time.WhenWaitingAsync(TimeSpan.FromMilliseconds(100));
        _time.Advance(TimeSpan.FromMilliseconds(100));
        await RegisteredAsync(2);
    }

    [Fact]
    public async Task A_kubelet_that_never_opens_the_stream_is_registered_with_again()
    {
        StartKubelet();
        Run();
        await RegisteredAsync(1);

        await _time.WhenWaitingAsync(KubeletRegistration.FirstStream);
        _time.Advance(KubeletRegistration.FirstStream);

        await _log.NextAsync("acme.com/gpu: The kubelet took the registration");
        Assert.Equal("stopped 1", await _link.NextAsync());
    }

    [Fact]
    public async Task Stopping_ends_the_server_and_takes_the_part_away()
    {
        StartKubelet();
        Run();
        await RegisteredAsync(1);

        await _ended.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running.WaitAsync(Deadline, TestContext.Current.CancellationToken));

        Assert.True(_link.IsStopped(1));
        Assert.Empty(_board.Parts);
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _running.ContinueWith(_ => { }, TaskScheduler.Default).WaitAsync(Deadline);
        Directory.Delete(_path, recursive: true);
    }

    private void Run() =>
        _running = Task.Run(() => new KubeletRegistration(
            TestGpus.Resource, _folder, _link, new KubeletViewWatch(TestGpus.Resource, null, _time), new RegistrationState("kubelet acme.com/gpu", _board), _time, () => 0.5, _log).RunAsync(_ended.Token));

    private void StartKubelet()
    {
        var path = Path.Combine(_path, DevicePluginApi.KubeletSocket);
        File.Delete(path);
        File.WriteAllText(path, "");
        _folder.Refresh();
    }

    private async Task RegisteredAsync(int start)
    {
        Assert.Equal($"served {start}", await _link.NextAsync());
        Assert.Equal($"registered {start}", await _link.NextAsync());
    }

    private sealed class Link(string folder) : IKubeletLink
    {
        private readonly Channel<string> _events = Channel.CreateUnbounded<string>();
        private readonly ConcurrentDictionary<int, Server> _servers = [];

        public Exception? Answer { get; set; }
        public Exception? Refusal { get; set; }
        public Action<string>? BeforeAnswer { get; set; }

        public async Task<string> NextAsync() => await _events.Reader.ReadAsync().AsTask().WaitAsync(Deadline);
        public StreamCounter Streams(int start) => _servers[start].Counter;
        public string Endpoint(int start) => _servers[start].Endpoint;
        public bool IsStopped(int start) => _servers[start].IsStopped;

        public Task<IServedResource> ServeAsync(CancellationToken cancellationToken)
        {
            if (Refusal is not null)
                return Task.FromException<IServedResource>(Refusal);
            var server = new Server(folder, _servers.Count + 1, _events.Writer);
            _servers[_servers.Count + 1] = server;
            return Task.FromResult<IServedResource>(server);
        }

        public Task RegisterAsync(string endpoint, CancellationToken cancellationToken)
        {
            BeforeAnswer?.Invoke(endpoint);
            BeforeAnswer = null;
            if (Answer is not null)
                return Task.FromException(Answer);
            _events.Writer.TryWrite($"registered {_servers.Count}");
            return Task.CompletedTask;
        }
    }

    private sealed class Server : IServedResource
    {
        private readonly string _path;
        private readonly int _start;
        private readonly ChannelWriter<string> _events;

        public Server(string folder, int start, ChannelWriter<string> events)
        {
            (_path, _start, _events) = (Path.Combine(folder, $"aiinfra-{start}.sock"), start, events);
            File.WriteAllText(_path, "");
            events.TryWrite($"served {start}");
        }

        public StreamCounter Counter { get; } = new();
        public string Endpoint => Path.GetFileName(_path);
        public Latest<OpenStreams> Streams => Counter.Current;
        public bool IsStopped { get; private set; }

        public ValueTask DisposeAsync()
        {
            File.Delete(_path);
            IsStopped = true;
            _events.TryWrite($"stopped {_start}");
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Lines : ILogger
    {
        private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

        public ConcurrentQueue<string> All { get; } = [];

        public async Task NextAsync(string start)
        {
            while (!(await _lines.Reader.ReadAsync().AsTask().WaitAsync(Deadline)).StartsWith(start, StringComparison.Ordinal)) { }
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            All.Enqueue(formatter(state, exception));
            _lines.Writer.TryWrite(formatter(state, exception));
        }
    }
}
