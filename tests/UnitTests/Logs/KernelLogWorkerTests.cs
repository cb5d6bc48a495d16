using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Hosting;
using AIInfra.Core.State;
using AIInfra.Testing;
using AIInfra.Vendors;
using Microsoft.Extensions.Logging;

namespace AIInfra.UnitTests.Logs;

public sealed class KernelLogWorkerTests : IDisposable
{
    private static string Lost(int sequence) => $"3,{sequence},1,-;NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.\n";

    private readonly ManualTime _time = new(new DateTimeOffset(2026, 2, 3, 4, 5, 6, TimeSpan.Zero));
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("aiinfra-klog-");
    private readonly string _file;
    private readonly RecordedLog<KernelLogWorker> _log = new();
    private readonly CancellationTokenSource _stop = new(TimeSpan.FromSeconds(60));

    public KernelLogWorkerTests() => File.WriteAllText(_file = Path.Combine(_folder.FullName, "kmsg"), "");

    public void Dispose()
    {
        _stop.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_line_makes_its_device_unhealthy_and_a_restarted_agent_neither_forgets_it_nor_counts_it_again()
    {
        Append(Lost(5));
        await using (var first = new Life(this, "boot-a"))
        {
            await first.WaitAsync(problems => problems is [{ Id: "nvidia.xid.79", Count: 1, Subject.Id: "GPU-0" }]);
            first.Save();
        }
        Append(Lost(6));
        _time.Advance(TimeSpan.FromMinutes(1));

        await using (var second = new Life(this, "boot-a"))
        {
            await second.WaitAsync(problems => problems is [{ Id: "nvidia.xid.79", Count: 2 }] && second.Counters.Lines == 1);
            Assert.False(second.Health.Current.Value.IsHealthy("GPU-0"));
        }
        await using var third = new Life(this, "boot-b");
        await third.WaitAsync(_ => third.Counters.Lines == 2); // another boot: the whole ring
    }

    [Fact]
    public async Task What_was_read_but_not_stored_is_read_again()
    {
        Append(Lost(5));
        await using (var first = new Life(this, "boot-a"))
            await first.WaitAsync(problems => problems.Length == 1);

        await using var second = new Life(this, "boot-a");
        await second.WaitAsync(problems => problems is [{ Id: "nvidia.xid.79", Count: 1 }]);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public async Task Lines_of_a_process_are_believed_only_when_it_is_asked_for(bool trust, int problems)
    {
        Append("12,1,1,-;NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.\n3,2,1,-;NVRM: Xid (PCI:0000:3b:00): 31, Ch 1\n");
        await using var life = new Life(this, "boot-a", trust);

        await life.WaitAsync(standing => life.Counters.Lines == 2 && standing.Length == problems);
    }

    [Fact]
    public async Task A_log_that_cannot_be_read_is_said_once_and_read_when_it_is_there()
    {
        File.Delete(_file);
        await using var life = new Life(this, "boot-a");
        await _time.WhenWaitingAsync(TimeSpan.FromMinutes(1));
        _time.Advance(TimeSpan.FromMinutes(1));
        await _time.WhenWaitingAsync(TimeSpan.FromMinutes(1));
        var part = life.Workers.Parts[KernelLogWorker.Part];
        Assert.False(part.IsReady);
        Assert.Contains($"The kernel log {_file} cannot be opened: there is no such file.", part.Detail, StringComparison.Ordinal);
        Assert.Single(_log.Lines, line => line.Level == LogLevel.Warning);

        Append(Lost(1));
        _time.Advance(TimeSpan.FromMinutes(1));
        await life.WaitAsync(problems => problems.Length == 1);
        Assert.True(life.Workers.Parts[KernelLogWorker.Part].IsReady);
    }

    [Fact]
    public async Task What_an_earlier_boot_raised_on_the_node_or_a_switch_is_over_unless_this_boot_says_it_again()
    {
        Append("3,1,1,-;NVRM: API mismatch: the client has the version 1, but\n3,2,1,-;nvidia-nvswitch0: SXid (PCI:0000:05:00.0): 22003, Fatal, Link 09 Minion Halt\n");
        await using (var first = new Life(this, "boot-a"))
        {
            await first.WaitAsync(problems => problems.Length == 2);
            first.Save();
        }
        File.WriteAllText(_file, "3,1,1,-;nvidia-nvswitch0: SXid (PCI:0000:05:00.0): 22003, Fatal, Link 09 Minion Halt\n");

        await using var second = new Life(this, "boot-b");
        await second.WaitAsync(problems => problems is [{ Id: "nvidia.sxid.22003", Subject.Id: "0000:05:00.0" }]);
    }

    [Fact]
    public async Task The_event_of_the_driver_and_its_line_are_one_problem()
    {
        await using var life = new Life(this, "boot-a");
        await life.WaitAsync(_ => life.Workers.Parts.ContainsKey(KernelLogWorker.Part));
        var rules = new Vendors.NvidiaEventBoard(life.Health);
        rules.Raise(79, _time.GetUtcNow());
        Append(Lost(1));

        await life.WaitAsync(problems => problems is [{ Id: "nvidia.xid.79", Count: 1, Evidence.Length: 2 }]);
    }

    private void Append(string text) => File.AppendAllText(_file, text);

    /// <summary>One life of an agent on the log and the state of the test.</summary>
    private sealed class Life : IAsyncDisposable
    {
        private readonly KernelLogWorkerTests _test;
        private readonly StateStore _store;
        private readonly ReadingPositions _positions = new();
        private readonly InventoryBoard _inventory = new();
        private readonly CancellationTokenSource _end;
        private readonly Task _worker;

        public Life(KernelLogWorkerTests test, string bootId, bool trust = false)
        {
            _test = test;
            _end = CancellationTokenSource.CreateLinkedTokenSource(test._stop.Token);
            _store = StateStore.Open(Path.Combine(test._folder.FullName, "state"), test._time, new RecordedLog<StateStore>());
            Health = new HealthBoard(test._time, bootId, _store.Stored.Problems);
            _inventory.Publish(new VendorInventory
            {
                Vendor = "nvidia",
                State = VendorState.Ready,
                Devices = [new Device { Id = "GPU-0", Vendor = "nvidia", Model = "x", ResourceName = "nvidia.com/gpu", PciAddress = "0000:3b:00.0" }],
            });
            var options = new KernelLogOptions { Path = test._file, TrustUserspace = trust, Decoders = VendorLogs.Decoders, Rules = VendorLogs.Rules };
            var worker = new KernelLogWorker(options, new KernelLogBoards(Health, _inventory, Workers, _store, _positions, Counters), test._time, test._log);
            _worker = Task.Run(() => worker.RunAsync(_end.Token), _end.Token);
        }

        public HealthBoard Health { get; }
        public WorkerBoard Workers { get; } = new();
        public LogCounters Counters { get; } = new();

        public void Save()
        {
            var positions = _positions.Take();
            Health.PublishWithheld();
            _store.Save(Health.Current.Value, _inventory.Current.Value, Health.BootId, positions);
        }

        public async Task WaitAsync(Func<System.Collections.Immutable.ImmutableArray<Problem>, bool> condition)
        {
            while (!condition(Health.Current.Value.Problems))
            {
                Assert.False(_worker.IsFaulted, _worker.Exception?.ToString());
                _test._stop.Token.ThrowIfCancellationRequested();
                Health.PublishWithheld();
                await Task.Yield();
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _worker);
            _end.Dispose();
            _store.Dispose();
            Health.Dispose();
        }
    }
}
