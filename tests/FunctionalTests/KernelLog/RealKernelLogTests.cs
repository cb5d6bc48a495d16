using System.Diagnostics;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Hosting;
using AIInfra.Core.State;
using AIInfra.Linux.KernelLog;
using AIInfra.Testing;
using AIInfra.Vendors;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.FunctionalTests.KernelLog;

/// <summary>The one test that writes to this host's real /dev/kmsg: a few lines of facility user.</summary>
public sealed class RealKernelLogTests : IDisposable
{
    private const string Device = "/dev/kmsg", Setting = "/proc/sys/kernel/printk_devkmsg";

    private readonly string _folder = Directory.CreateTempSubdirectory("aiinfra-kmsg-").FullName;
    private string? _before;

    public void Dispose()
    {
        if (_before is not null)
            File.WriteAllText(Setting, _before);
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Lines_that_a_process_wrote_are_seen_with_trust_and_not_without_it()
    {
        SkipUnlessWritable();
        _before = await File.ReadAllTextAsync(Setting, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Setting, "on\n", TestContext.Current.CancellationToken);
        var last = await LastSequenceAsync();
        var bus = $"{Environment.ProcessId & 0xff:x2}";

        await using var trusting = new Follower(_folder + "/a", last, trust: true);
        await using var careful = new Follower(_folder + "/b", last, trust: false);
        await trusting.WhenLiveAsync();
        await careful.WhenLiveAsync();
        Write($"<11>NVRM: Xid (PCI:0000:{bus}:00): 31, pid=7, name=aiinfra-test, Ch 00000008");
        Write($"<11>nvidia-nvswitch0: SXid (PCI:0000:{bus}:00.0): 20034, Fatal, Link 41 LTSSM Fault Up");
        Write("<11>aiinfra-agent test: an ordinary line");

        await trusting.WaitAsync(problems => problems.Any(problem => problem.Id == "nvidia.sxid.20034"));
        var sequence = await LastSequenceAsync();
        await careful.WhenReadAsync(sequence);
        Assert.Empty(careful.Problems);
        Assert.Equal(0, trusting.Counters.Overruns);
    }

    private static void SkipUnlessWritable()
    {
        if (Environment.UserName != "root")
            Assert.Skip("needs root: writes to /dev/kmsg");
        try
        {
            using var device = File.OpenWrite(Device);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Assert.Skip($"needs a /dev/kmsg that may be written: {fault.Message}");
        }
    }

    private static void Write(string record)
    {
        using var device = new FileStream(Device, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        device.Write(System.Text.Encoding.UTF8.GetBytes(record));
    }

    private static async Task<long> LastSequenceAsync()
    {
        await Task.Yield();
        using var reader = KernelLogReader.Open(Device);
        var last = -1L;
        while (reader.TryRead(out var record))
            last = record.Sequence;
        return last;
    }

    /// <summary>A worker on the real log, from one record on, with a board of its own.</summary>
    private sealed class Follower : IAsyncDisposable
    {
        private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

        private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        private readonly ReadingPositions _positions = new();
        private readonly HealthBoard _health = new(TimeProvider.System, "boot", []);
        private readonly StateStore _state;
        private readonly WorkerBoard _workers = new();
        private readonly Task _worker;

        public Follower(string folder, long after, bool trust)
        {
            _positions[$"{KernelLogWorker.Part} {Device}"].Reached(after);
            _state = StateStore.Open(folder, TimeProvider.System, NullLogger<StateStore>.Instance);
            var options = new KernelLogOptions { Path = Device, TrustUserspace = trust, Decoders = VendorLogs.Decoders, Rules = VendorLogs.Rules };
            _worker = new KernelLogWorker(options, new KernelLogBoards(_health, new InventoryBoard(), _workers, _state, _positions, Counters), TimeProvider.System,
                new RecordedLog<KernelLogWorker>()).RunAsync(_stop.Token);
        }

        public LogCounters Counters { get; } = new();
        public IReadOnlyList<Problem> Problems => _health.Current.Value.Problems;

        public Task WhenLiveAsync() => Until(() => _workers.Parts.GetValueOrDefault(KernelLogWorker.Part)?.IsReady == true);
        public Task WaitAsync(Func<IReadOnlyList<Problem>, bool> condition) => Until(() => condition(Problems));
        public Task WhenReadAsync(long sequence) => Until(() => _positions.Take().FirstOrDefault().Sequence >= sequence);

        private async Task Until(Func<bool> condition)
        {
            for (var clock = Stopwatch.StartNew(); !condition(); await Task.Yield())
            {
                Assert.False(_worker.IsFaulted, _worker.Exception?.ToString());
                Assert.True(clock.Elapsed < Deadline, "not within 30 s");
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _worker);
            _stop.Dispose();
            _state.Dispose();
            _health.Dispose();
        }
    }
}
