using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorFiles;
using AIInfra.Core.VendorHost;
using AIInfra.Testing;
using AIInfra.Vendors.Amd;
using AIInfra.Vendors.Generic;
using AIInfra.Vendors.Intel;
using AIInfra.Vendors.Intel.LevelZero;
using AIInfra.Vendors.Rdma;
using AIInfra.Vendors.Simulation;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.UnitTests.VendorFiles;

/// <summary>A vendor without library, served on the files of a simulated host, round by round.</summary>
internal sealed class VendorRig : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("aiinfra-files-");
    private readonly FileVendorWorker _worker;

    public VendorRig(string vendor, string node, AmdNaming naming = AmdNaming.OneName, RdmaConfig? rdma = null, GenericTable? table = null, IntelOptions? intel = null, LevelZeroReadings? levelZero = null)
    {
        Files = new SimulatedFiles(_folder.FullName);
        Host = new HostPaths { Root = _folder.FullName };
        Health = new HealthBoard(Time, "boot-1", []);
        Boards = node.Length == 0 ? [] : SimulatedBoards.Of(Files, node).Boards!.Value;
        SimulatedBoards.Write(Files, Boards);
        var rows = (table ?? GenericTable.Embedded).Rows;
        var evidence = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
        (Driver, IReadingRules rules, Policy, Allocator) = vendor switch
        {
            "rdma" => ((IFileDriver)new RdmaDriver(Host), (IReadingRules)new RdmaRules(), (IOfferPolicy)new RdmaOffers(rdma ?? RdmaConfig.None), (IAllocator)new RdmaAllocator()),
            "amd" => (new AmdDriver(Host), new AmdRules(), new AmdOffers(naming), new AmdOffers(naming)),
            "intel" => (new IntelDriver(Host, Time, levelZero), new IntelRules(intel ?? new IntelOptions()), IntelOffers.Of(intel ?? new IntelOptions()), new IntelOffers(intel ?? new IntelOptions())),
            _ => (new GenericDriver(Host, rows, evidence), new GenericRules(evidence), new GenericOffers(rows), new GenericAllocator(rows)),
        };
        _worker = new FileVendorWorker(
            Driver, rules, new FileVendorOptions(), new VendorBoards(Inventory, Samples, Health, Parts, Releases), StoredInventories.None, Host, Time, NullLogger<FileVendorWorker>.Instance);
    }

    public ManualTime Time { get; } = new();
    public SimulatedFiles Files { get; }
    public HostPaths Host { get; }
    public ImmutableArray<SimulatedBoard> Boards { get; }
    public IFileDriver Driver { get; }
    public IOfferPolicy Policy { get; }
    public IAllocator Allocator { get; }
    public InventoryBoard Inventory { get; } = new();
    public SampleBoard Samples { get; } = new();
    public HealthBoard Health { get; }
    public WorkerBoard Parts { get; } = new();
    public VendorReleases Releases => field ??= new VendorReleases(Time, []);

    public VendorInventory Now => Inventory.Current.Value.Vendors.Single();
    public ImmutableArray<Device> Devices => Now.Devices;
    public ImmutableArray<Device> Whole => [.. Devices.Where(device => device.ParentId is null)];
    /// <summary>Whole devices that answered in the last round.</summary>
    public int Answering => Whole.Count(device => Samples.Current.Value.Vendors.FirstOrDefault()?.Find(device.Id) is not null);
    public NodeOffer Offer => NodeOffer.Join([Policy.Decide(Now)]);

    /// <summary>Until it is cancelled, by the clock of the rig.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => _worker.RunAsync(cancellationToken);

    public Task<bool> RoundAsync() => _worker.RoundAsync(TestContext.Current.CancellationToken);

    /// <summary>A round in which a board hangs: until the time for it is over.</summary>
    public async Task<bool> HungRoundAsync(string board)
    {
        var round = Task.Run(RoundAsync, TestContext.Current.CancellationToken);
        var deadline = TimeProvider.System.GetTimestamp();
        while (_worker.Asked != board && TimeProvider.System.GetElapsedTime(deadline) < TimeSpan.FromSeconds(30))
            await Task.Delay(1, TestContext.Current.CancellationToken);
        await Time.WhenWaitingAsync();
        Time.Advance(TimeSpan.FromSeconds(10));
        return await round.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    /// <summary>The next round, ten seconds on.</summary>
    public Task<bool> NextAsync()
    {
        Time.Advance(TimeSpan.FromSeconds(10));
        return RoundAsync();
    }

    public Reading Reading(Device device, string field) => Samples.Current.Value.Vendors.Single().Find(device.Id) is { } sample ? sample.Readings[Driver.Fields[field]] : AIInfra.Core.Sampling.Reading.Unknown;

    public IEnumerable<string> Problems(Device device) => Health.Current.Value.Problems.Where(problem => problem.Subject.IsOn(device)).Select(problem => problem.Id);

    public bool IsHealthy(Device device) => Health.Current.Value.IsHealthy(device);

    public void Apply(int board, string command) => Assert.True(Boards[board].Apply(command.Split(' ')), command);

    /// <summary>Puts a pipe in a file's place: whoever opens it waits until somebody opens it for writing.</summary>
    /// <returns>Disposing it ends the wait and puts the file back.</returns>
    public IDisposable Hang(string path)
    {
        var here = Files.Here(path);
        var text = File.ReadAllText(here);
        File.Delete(here);
        Assert.Equal(0, MakePipe(here, 0x1a4));
        return new Pipe(here, text);
    }

    public void Dispose()
    {
        _worker.Dispose();
        Health.Dispose();
        _folder.Delete(recursive: true);
    }

    private sealed class Pipe(string path, string text) : IDisposable
    {
        public void Dispose()
        {
            File.Move(path, path + ".pipe");
            File.WriteAllText(path, text);
            using (new FileStream(path + ".pipe", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 1))
                File.Delete(path + ".pipe");
        }
    }

    [DllImport("libc", EntryPoint = "mkfifo", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int MakePipe(string path, uint mode);
}
