using System.Collections.Concurrent;
using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Testing;
using Microsoft.Extensions.Logging;

namespace AIInfra.FunctionalTests.VendorHost;

/// <summary>A worker that serves a scripted library in real child processes, on a clock that the test moves.</summary>
internal sealed class VendorFixture : IVendorRules, ILogger<VendorWorker>, IAsyncDisposable
{
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(10), CallTimeout = TimeSpan.FromSeconds(7), OpenTimeout = TimeSpan.FromSeconds(25);
    internal static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>The value of an event that the rules cannot bear.</summary>
    internal const byte Unbearable = 13;

    private static readonly FieldTable Fields = new("scripted",
        [new Field("temperature_celsius", FieldKind.Gauge), new Field("energy_joules", FieldKind.Counter), new Field("absent", FieldKind.Gauge)]);

    private readonly CancellationTokenSource _stop = new();

    private VendorWorker? _worker;

    internal VendorFixture()
    {
        Boards = new VendorBoards(new InventoryBoard(), new SampleBoard(), new HealthBoard(Time, "boot-1", []), new WorkerBoard(), new VendorReleases(Time, []), new PciChanges());
    }

    /// <param name="released">The worker is released from the start.</param>
    internal VendorFixture(VendorRelease released) : this() =>
        Boards = Boards with { Releases = new VendorReleases(Time, [released]) };

    internal VendorFolder Folder { get; } = new();
    internal ManualTime Time { get; } = new();
    internal VendorBoards Boards { get; private init; }
    internal Task Run { get; private set; } = Task.CompletedTask;
    internal bool? Enabled { get; init; }
    internal bool AreRefusalsTold { get; init; }
    internal string Library { get; init; } = "libscripted.so.1";
    internal VendorInventory? Stored { get; init; }
    internal Latest<List<string>> Told { get; } = new([]);
    internal ConcurrentQueue<(LogLevel Level, string Text)> Lines { get; } = [];

    internal VendorInventory Inventory => Boards.Inventory.Current.Value.Vendors.Single();
    internal IEnumerable<string> Sampled => Boards.Samples.Current.Value.Vendors.SelectMany(vendor => vendor.Devices).Select(device => device.DeviceId);
    internal PartState? Part => Boards.Parts.Parts.GetValueOrDefault("vendor scripted");

    internal void Start()
    {
        var options = new VendorOptions { Enabled = Enabled, Library = Library, SampleInterval = Interval, CallTimeout = CallTimeout, OpenTimeout = OpenTimeout };
        _worker ??= new VendorWorker(
            new VendorDefinition("scripted", Library, Fields, this, new PciFamily("0x1234", ["0x0302"], "scripted")), options, Folder.Launcher, Boards,
            new StoredInventories(_ => Stored), new HostPaths { Root = Folder.Path, Proc = "/proc" }, Time, this);
        Run = _worker.RunAsync(_stop.Token);
    }

    /// <summary>Starts it, and waits until the first round is over.</summary>
    internal async Task StartAndServeAsync()
    {
        Start();
        await RoundEndsAsync();
    }

    internal Task RoundEndsAsync() => Time.WhenWaitingAsync(Interval);

    /// <summary>Lets rounds go by, each to its end.</summary>
    internal async Task RoundsAsync(int count)
    {
        for (; count > 0; count--)
        {
            Time.Advance(Interval);
            await RoundEndsAsync();
        }
    }

    /// <summary>Waits until a call hangs in a child, and lets it run out of its time.</summary>
    /// <param name="call">As in the folder's file names: <c>sample-0</c>.</param>
    internal async Task TimeOutAsync(string call, TimeSpan timeout)
    {
        await Folder.UntilThereAsync($"stuck-{call}");
        Folder.Unset($"stuck-{call}");
        await Time.WhenWaitingAsync(timeout);
        Time.Advance(timeout);
    }

    internal Task UntilInventoryAsync(Func<VendorInventory, bool> holds) =>
        UntilAsync(Boards.Inventory.Current, node => node.Vendors.SingleOrDefault() is { } vendor && holds(vendor));

    internal Task UntilHealthAsync(Func<HealthSnapshot, bool> holds) => UntilAsync(Boards.Health.Current, holds);

    internal Task UntilSampledAsync(params string[] devices) => UntilAsync(Boards.Samples.Current, _ => Sampled.SequenceEqual(devices));

    internal Task UntilToldAsync(string what) => UntilAsync(Told, told => told.Contains(what));

    internal Problem? Find(string id, Subject subject) => Boards.Health.Current.Value.Problems.FirstOrDefault(problem => problem.Id == id && problem.Subject == subject);

    internal Problem? Find(string id, string device) => Find(id, Subject.Device(device));

    public void OnEvent(Device? device, VendorEvent happened, DateTimeOffset at, HealthBoard board) =>
        Tell(happened.Value == Unbearable ? throw new InvalidDataException("a rule with a fault") : $"{happened.Kind} {happened.Value} on {device?.Id}");

    public void OnSample(Device device, Reading[]? before, Reading[] now, DateTimeOffset at, HealthBoard board) => Tell($"sample {device.Id} {before?.Length ?? 0}");

    public bool OnRefused(ImmutableArray<Device> devices, VendorException fault, DateTimeOffset at, HealthBoard board)
    {
        Tell($"refused {fault.Status} {string.Join(' ', devices.Select(device => device.Id))}");
        return AreRefusalsTold;
    }

    public void OnLost(Device device, VendorException fault, DateTimeOffset at, HealthBoard board) => Tell($"lost {device.Id}");

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue((logLevel, formatter(state, exception)));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await Run.WaitAsync(Deadline, CancellationToken.None);
        }
        catch (OperationCanceledException)
        {
            // That is how a worker ends.
        }
        finally
        {
            Folder.Dispose();
            Boards.Health.Dispose();
            _stop.Dispose();
        }
    }

    internal Task<ReleaseProof> ReleaseAsync() => Boards.Releases!.ReleaseAsync("scripted", TestContext.Current.CancellationToken).WaitAsync(Deadline, TestContext.Current.CancellationToken);

    internal void BusChanges() => Boards.Bus!.Publish(new PciChange("bind 0000:01:00.0"));

    /// <summary>Ends the worker and waits until no child is left.</summary>
    internal async Task StopAsync()
    {
        var children = Folder.Processes();
        await _stop.CancelAsync();
        await Task.WhenAll(children.Select(VendorFolder.WaitForEndAsync));
    }

    private void Tell(string what)
    {
        lock (Told)
            Told.Publish([.. Told.Value, what]);
    }

    private static async Task UntilAsync<T>(Latest<T> latest, Func<T, bool> holds) where T : class
    {
        using var late = new CancellationTokenSource(Deadline);
        await foreach (var value in latest.WatchAsync(late.Token))
        {
            if (holds(value))
                return;
        }
    }
}
