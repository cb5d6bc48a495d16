using System.Collections.Immutable;
using System.Diagnostics;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.FunctionalTests.Vendors;

/// <summary>A vendor with a library, served by the real program as its vendor host, with the simulated library in it; rounds come when the test says so.</summary>
internal sealed class LibraryVendorRig : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10), CallTimeout = TimeSpan.FromSeconds(7), Patience = TimeSpan.FromSeconds(30);
    private static readonly string Built = Environment.GetEnvironmentVariable("AIINFRA_NATIVE") ?? RepositoryRoot.Combine("out", "native");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("aiinfra-rig-");
    private readonly CancellationTokenSource _stop = new();
    private readonly ManualTime _time = new();
    private readonly VendorBoards _boards;
    private readonly VendorDefinition _definition;
    private readonly LibraryReset _reset;
    private readonly Task _run;

    /// <param name="scenario">Of the simulator.</param>
    /// <param name="build">Folder of the library among the simulators.</param>
    private LibraryVendorRig(VendorDefinition definition, string scenario, string build)
    {
        var (program, library) = (RepositoryRoot.Combine("out", "bin", "aiinfra-agent"), Path.Combine(Built, build, definition.Library));
        Assert.SkipUnless(File.Exists(program) && File.Exists(library), $"{program} or {library} is not built; run make build.");
        _definition = definition;
        File.WriteAllText(Scenario, scenario);
        _boards = new VendorBoards(new InventoryBoard(), new SampleBoard(), new HealthBoard(_time, "boot-1", []), new WorkerBoard());
        var launcher = new VendorHostLauncher(program, []) { Environment = new Dictionary<string, string> { ["AIINFRA_SIM_SCENARIO"] = Scenario, ["AIINFRA_SIM_STATE"] = _folder.FullName } };
        _reset = new LibraryReset(launcher, definition.Name, new VendorOptions { Library = library }, TimeProvider.System);
        var worker = new VendorWorker(
            definition, new VendorOptions { Library = library, SampleInterval = Interval, CallTimeout = CallTimeout }, launcher, _boards,
            StoredInventories.None, new HostPaths { Root = _folder.FullName, Proc = "/proc" }, _time, NullLogger<VendorWorker>.Instance);
        _run = worker.RunAsync(_stop.Token);
    }

    private string Scenario => Path.Combine(_folder.FullName, "scenario.txt");

    public VendorInventory Now => _boards.Inventory.Current.Value.Vendors.Single();
    public ImmutableArray<Device> Whole => [.. Now.Devices.Where(device => device.ParentId is null).OrderBy(device => device.Index)];
    public HealthSnapshot Health => _boards.Health.Current.Value;
    public int Sampled => _boards.Samples.Current.Value.Vendors.SingleOrDefault()?.Devices.Length ?? 0;

    /// <summary>Returns when the first round is over, or the library will not open.</summary>
    public static async Task<LibraryVendorRig> StartAsync(VendorDefinition definition, string scenario, string build = "")
    {
        var rig = new LibraryVendorRig(definition, scenario, build);
        await rig.RoundEndsAsync();
        return rig;
    }

    public Reading Reading(Device device, string field) =>
        _boards.Samples.Current.Value.Vendors.SingleOrDefault()?.Find(device.Id) is { } sample ? sample.Readings[_definition.Fields[field]] : AIInfra.Core.Sampling.Reading.Unknown;

    /// <summary>Lets a command of the timeline happen now: <c>npu 3 lost</c>.</summary>
    public void Inject(string command)
    {
        using var tool = Process.Start(Path.Combine(Built, "aiinfra-simnode"), ["inject", "--scenario", Scenario, "--state", _folder.FullName, command]);
        Assert.True(tool.WaitForExit(Patience));
        Assert.Equal(0, tool.ExitCode);
    }

    /// <summary>By the library, in a child of its own.</summary>
    public Task<ActionResult> ResetAsync(Device device) => _reset.RunAsync(device.PciAddress!, Patience, TestContext.Current.CancellationToken);

    /// <summary>Rounds go by until it is so.</summary>
    public async Task UntilAsync(Func<bool> holds)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Patience, $"not in time; problems: {string.Join(", ", Health.Problems.Select(problem => $"{problem.Id} on {problem.Subject}: {problem.Message}"))}");
            _time.Advance(Interval);
            await RoundEndsAsync();
        }
    }

    /// <summary>The next round runs into a call that hangs, and its time runs out.</summary>
    public async Task HangAsync()
    {
        _time.Advance(Interval);
        await _time.WhenWaitingAsync(CallTimeout).WaitAsync(Patience);
        await Task.Delay(TimeSpan.FromMilliseconds(300), TestContext.Current.CancellationToken); // calls of the round before the one that hangs
        await _time.WhenWaitingAsync(CallTimeout).WaitAsync(Patience);
        _time.Advance(CallTimeout);
        await RoundEndsAsync();
    }

    /// <summary>A child that died is started again after its pause, as often as it takes.</summary>
    public async Task RestartAsync()
    {
        _time.Advance(Interval);
        await UntilAsync(() => Now.State == VendorState.Ready && Sampled == Now.Devices.Length);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).WaitAsync(Patience);
        _boards.Health.Dispose();
        _stop.Dispose();
        _folder.Delete(recursive: true);
    }

    /// <summary>The worker waits: for the next round, or for the next child.</summary>
    private async Task RoundEndsAsync()
    {
        var ends = _time.WhenWaitingAsync(Interval);
        var pauses = new[] { 1, 2, 4, 8, 60 }.Select(seconds => _time.WhenWaitingAsync(TimeSpan.FromSeconds(seconds)));
        await Task.WhenAny([ends, .. pauses]).WaitAsync(Patience);
    }
}
