using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorFiles;
using AIInfra.Core.VendorHost;
using AIInfra.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.UnitTests.VendorFiles;

/// <summary>What a driver may do to the worker that serves it.</summary>
public sealed class FileVendorWorkerTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly Fake _driver = new();
    private readonly InventoryBoard _inventory = new();
    private readonly SampleBoard _samples = new();
    private readonly HealthBoard _health;
    private readonly FileVendorWorker _worker;

    public FileVendorWorkerTests()
    {
        _health = new HealthBoard(_time, "boot-1", []);
        _worker = new FileVendorWorker(
            _driver, new NoRules(), new FileVendorOptions(), new VendorBoards(_inventory, _samples, _health, new WorkerBoard()), StoredInventories.None, new HostPaths { Root = "/nowhere" }, _time,
            NullLogger<FileVendorWorker>.Instance);
    }

    private VendorInventory Now => _inventory.Current.Value.Vendors.Single();
    private IEnumerable<string> Sampled => _samples.Current.Value.Vendors.Single().Devices.Select(device => device.DeviceId);

    [Fact]
    public async Task A_reading_that_hangs_in_an_open_file_leaves_the_other_boards_and_comes_back_with_its_call()
    {
        await RoundAsync();
        using var gate = _driver.Hang("b");

        await HungAsync();
        await RoundAsync();

        Assert.Equal(["a", "c"], Sampled);
        Assert.Equal(["vendor.device-hung"], _health.Current.Value.Problems.Select(problem => problem.Id));
        var threads = _driver.Threads;
        for (var round = 0; round < 20; round++)
            await RoundAsync();
        Assert.Equal(threads, _driver.Threads); // nobody asks the board that hangs

        gate.Set();
        await SettleAsync();

        Assert.Equal(["a", "b", "c"], Sampled);
        Assert.Empty(_health.Current.Value.Problems);
    }

    [Fact]
    public async Task A_list_that_hangs_is_not_asked_twice_and_its_devices_get_no_new_work_at_the_second_round()
    {
        await RoundAsync();
        using var gate = _driver.Hang("list");

        await HungAsync();
        Assert.Equal(VendorState.Unavailable, Now.State);
        Assert.Empty(_health.Current.Value.Problems);
        await RoundAsync();

        Assert.Equal(["vendor.unanswered", "vendor.unanswered", "vendor.unanswered"], _health.Current.Value.Problems.Select(problem => problem.Id));
        Assert.Equal(2, _driver.Lists);

        gate.Set();
        await SettleAsync();
        Assert.Equal(VendorState.Ready, Now.State);
        Assert.Empty(_health.Current.Value.Problems);
    }

    [Fact]
    public async Task A_driver_that_goes_away_with_its_devices_known_is_a_fault_and_back_it_is_none()
    {
        await RoundAsync();
        _driver.IsAbsent = true;

        await RoundAsync();
        await RoundAsync();

        Assert.Equal((VendorState.Unavailable, 3), (Now.State, Now.Devices.Length));
        Assert.Equal(3, _health.Current.Value.Problems.Length);
        _driver.IsAbsent = false;
        await RoundAsync();
        Assert.Empty(_health.Current.Value.Problems);
    }

    [Fact]
    public async Task Two_boards_with_one_id_are_one_device()
    {
        _driver.Ids["c"] = "a";

        await RoundAsync();

        Assert.Equal(["a", "b"], Now.Devices.Select(device => device.Id));
        Assert.Equal(["a", "b"], Sampled);
    }

    [Fact]
    public async Task A_board_that_refuses_twice_gets_no_new_work_and_the_others_do()
    {
        await RoundAsync();
        _driver.Refusing = "b";

        await RoundAsync();
        Assert.Empty(_health.Current.Value.Problems);
        await RoundAsync();

        Assert.Equal([Subject.Device("b")], _health.Current.Value.Problems.Select(problem => problem.Subject));
        _driver.Refusing = "";
        await RoundAsync();
        Assert.Empty(_health.Current.Value.Problems);
    }

    private Task<bool> RoundAsync()
    {
        _time.Advance(TimeSpan.FromSeconds(10));
        return _worker.RoundAsync(TestContext.Current.CancellationToken);
    }

    private async Task HungAsync()
    {
        var round = Task.Run(RoundAsync, TestContext.Current.CancellationToken);
        await _driver.Entered.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await _time.WhenWaitingAsync();
        _time.Advance(TimeSpan.FromSeconds(10));
        await round.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    /// <summary>Until the thread that hung has been scheduled again.</summary>
    private async Task SettleAsync()
    {
        for (var tries = 0; tries < 500 && !_health.Current.Value.Problems.IsEmpty; tries++)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
            await RoundAsync();
        }
    }

    public void Dispose()
    {
        _driver.Release();
        _worker.Dispose();
        _health.Dispose();
    }

    private sealed class NoRules : IReadingRules
    {
        public void OnSample(Device device, Reading[]? before, Reading[] now, DateTimeOffset at, HealthBoard board)
        {
        }
    }

    private sealed class Fake : IFileDriver
    {
        private readonly HashSet<int> _threads = [];
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private (string Name, ManualResetEventSlim Gate)? _hang;

        /// <summary>Completes when a call hangs.</summary>
        public Task Entered => _entered.Task;

        public FieldTable Fields { get; } = new("acme", [new Field("load", FieldKind.Gauge)]);
        public Dictionary<string, string> Ids { get; } = new(StringComparer.Ordinal);
        public bool IsAbsent { get; set; }
        public string Refusing { get; set; } = "";
        public int Lists { get; private set; }
        public int Threads => _threads.Count;

        public ManualResetEventSlim Hang(string name)
        {
            var gate = new ManualResetEventSlim();
            _hang = (name, gate);
            return gate;
        }

        public void Release()
        {
            if (_hang is { Gate.IsSet: false } hang)
                hang.Gate.Set();
        }

        public FileListing List()
        {
            Lists++;
            Wait("list");
            return IsAbsent ? throw new VendorException("acme", 2, VendorFault.Absent, "no driver") : new FileListing(["a", "b", "c"], "1.0");
        }

        public FileBoard Describe(string name) =>
            new(new Device { Id = Ids.GetValueOrDefault(name, name), Vendor = "acme", Model = "Acme", ResourceName = "acme.com/gpu" }, []);

        public IDeviceFiles Open(string name, Device device) => new Files(this, name);

        private void Wait(string name)
        {
            _threads.Add(Environment.CurrentManagedThreadId);
            if (_hang is { } hang && hang.Name == name)
            {
                _entered.TrySetResult();
                hang.Gate.Wait(TimeSpan.FromMinutes(1));
            }
        }

        private sealed class Files(Fake driver, string name) : IDeviceFiles
        {
            public void Read(Span<Reading> readings)
            {
                driver.Wait(name);
                if (driver.Refusing == name)
                    throw new VendorException(name, 5, VendorFault.Transient, "no answer");
                readings[0] = Reading.Of(1);
            }

            public void Dispose()
            {
            }
        }
    }
}
