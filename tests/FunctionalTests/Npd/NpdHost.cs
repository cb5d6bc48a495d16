using AIInfra.Core.Health;
using AIInfra.Core.Health.Npd;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Health.Npd.Logs;
using AIInfra.Core.Hosting;
using AIInfra.Core.State;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Npd;

/// <summary>A host's folder with a monitor's file, and boards for one life of an agent on it.</summary>
internal sealed class NpdHost : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("npd-");

    public NpdHost()
    {
        Directory.CreateDirectory(Combine("proc/sys/kernel/random"));
        File.WriteAllText(Combine("proc/sys/kernel/random/boot_id"), "boot-a\n");
        Directory.CreateDirectory(Combine("var/log"));
        File.WriteAllText(Combine("proc/uptime"), "864000.00 1.00\n");
    }

    public ManualTime Time { get; } = new(new DateTimeOffset(2026, 2, 3, 4, 5, 6, TimeSpan.Zero));
    public HostPaths Paths => new() { Root = _folder.FullName };

    public string Combine(string name) => Path.Combine(_folder.FullName, name);

    public string Write(string name, string text)
    {
        File.WriteAllText(Combine(name), text);
        return Combine(name);
    }

    public NpdConfiguration Load(string json)
    {
        var loaded = NpdFiles.Load([Write("monitor.json", json)]);
        Assert.Empty(loaded.Errors);
        return loaded;
    }

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>One life of an agent.</summary>
    public Life Begin(NpdConfiguration configuration) => new(this, configuration);

    internal sealed class Life : IDisposable
    {
        private readonly NpdHost _host;
        private readonly StateStore _store;

        public Life(NpdHost host, NpdConfiguration configuration)
        {
            _host = host;
            _store = StateStore.Open(host.Combine("state"), host.Time, new RecordedLog<StateStore>());
            Health = new HealthBoard(host.Time, "boot-a", _store.Stored.Problems);
            Board = new NpdBoard(configuration, Health, host.Time);
            Boards = new NpdLogBoards(Board, Workers, _store, Positions, new BootClock(host.Paths, host.Time), host.Paths);
        }

        public HealthBoard Health { get; }
        public NpdBoard Board { get; }
        public WorkerBoard Workers { get; } = new();
        public ReadingPositions Positions { get; } = new();
        public NpdLogBoards Boards { get; }

        public IReadOnlyList<string> Events
        {
            get
            {
                Board.PublishWithheld();
                return [.. Board.Current.Value.Events.Select(step => $"{step.Reason}: {step.Message}")];
            }
        }

        public void Save() => _store.Save(Health.Current.Value, new Core.Devices.InventoryBoard().Current.Value, "boot-a", Positions.Take());

        public void Dispose()
        {
            Board.Dispose();
            Health.Dispose();
            _store.Dispose();
        }
    }
}
