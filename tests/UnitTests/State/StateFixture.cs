using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.State;
using AIInfra.Testing;

namespace AIInfra.UnitTests.State;

/// <summary>A state folder, boards to fill and a store to open on it as often as wanted.</summary>
internal sealed class StateFixture : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("aiinfra-state-");
    private readonly List<StateStore> _stores = [];

    public StateFixture()
    {
        Folder = Path.Combine(_root.FullName, "lib", "aiinfra");
        Health = new HealthBoard(Time, "boot-a", []);
    }

    public ManualTime Time { get; } = new(new DateTimeOffset(2026, 2, 3, 4, 5, 6, TimeSpan.Zero));
    public RecordedLog<StateStore> Log { get; } = new();
    public string Folder { get; set; }
    public string File => Path.Combine(Folder, "state.db");
    public HealthBoard Health { get; }
    public InventoryBoard Inventory { get; } = new();
    public WorkerBoard Workers { get; } = new();

    public StateStore Open(Func<string, StateDatabase>? open = null, TimeSpan? patience = null)
    {
        var store = new StateStore(Folder, Time, Log, open ?? StateDatabase.Open);
        _stores.Add(store);
        store.Load(patience ?? TimeSpan.FromSeconds(30));
        return store;
    }

    public void Save(StateStore store, string bootId = "boot-a") => store.Save(Health.Current.Value, Inventory.Current.Value, bootId);

    /// <summary>One whole life of an agent with whatever is on the boards.</summary>
    public void SaveAndClose()
    {
        using var store = Open();
        Save(store);
    }

    public ProblemReport Sighting(string id = "nvidia.xid.79", string device = "GPU-0") => new()
    {
        Id = id,
        Subject = Subject.Device(device),
        Severity = Severity.Fatal,
        Cause = Cause.Hardware,
        Action = SuggestedAction.ResetDevice,
        Clearing = Clearing.AfterQuiet(TimeSpan.FromMinutes(5)),
        Message = "The GPU fell off the bus.",
        Evidence = "NVRM: Xid (PCI:0000:3b:00): 79, \"quoted\" \u0001 显卡",
        At = Time.GetUtcNow(),
    };

    public static VendorInventory Vendor(VendorState state = VendorState.Ready, string vendor = "nvidia") => new()
    {
        Vendor = vendor,
        State = state,
        DriverVersion = "570.124.06",
        IsSimulated = true,
        Devices =
        [
            new Device
            {
                Id = "GPU-0",
                Vendor = vendor,
                Model = "H100 \"80GB\"",
                ResourceName = "nvidia.com/gpu",
                NumaNode = 1,
                DeviceNodes = ["nvidia0", "nvidiactl"],
                Links = [new DeviceLink("GPU-1", LinkKind.Direct, 18)],
            },
        ],
    };

    public void Dispose()
    {
        foreach (var store in _stores)
            store.Dispose();
        Health.Dispose();
        _root.Delete(recursive: true);
    }
}
