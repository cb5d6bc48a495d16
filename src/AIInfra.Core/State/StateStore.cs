using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.VendorHost;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.State;

/// <summary>The state that survives the agent: <c>state.db</c> in the folder of <c>state.path</c>.</summary>
/// <remarks>Whatever the disk does, the agent works on: it then remembers nothing over a restart, and says so.</remarks>
public sealed partial class StateStore : IDisposable
{
    private const int Untouched = 0, Taken = 1, GivenUp = 2;

    private readonly Lock _gate = new();
    private readonly string _file;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Func<string, StateDatabase> _open;
    private readonly WrittenState _written = new();
    private StateDatabase? _database;
    private int _loading = Untouched;

    internal StateStore(string folder, TimeProvider time, ILogger logger, Func<string, StateDatabase> open)
    {
        Folder = folder;
        _file = Path.Combine(folder, "state.db");
        _time = time;
        _logger = logger;
        _open = open;
    }

    /// <summary><c>state.path</c>.</summary>
    public string Folder { get; }

    /// <summary>What was found at the start.</summary>
    public StoredState Stored { get; private set; } = StoredState.Empty;

    /// <summary>Loads what the agent knew when it last ended. Never throws for what the disk does and takes at most 2 s.</summary>
    /// <param name="folder"><c>state.path</c>; created with mode 0700 when it is missing.</param>
    public static StateStore Open(string folder, TimeProvider time, ILogger<StateStore> logger)
    {
        var store = new StateStore(folder, time, logger, StateDatabase.Open);
        store.Load(TimeSpan.FromSeconds(2));
        return store;
    }

    internal void Load(TimeSpan patience)
    {
        var load = DiskThread.RunAsync(LoadNow);
        try
        {
            if (load.Wait(patience) || Interlocked.CompareExchange(ref _loading, GivenUp, Untouched) != Untouched)
                return;
            Stored = StoredState.Empty with { IsIncomplete = true };
            LogHangs(Folder, patience.TotalSeconds);
        }
        catch (AggregateException fault) when (StateFault.Explain(fault.InnerException!, Folder) is { } sentence)
        {
            Stored = StoredState.Empty with { IsIncomplete = true };
            LogNotLoaded(sentence);
        }
    }

    /// <summary>Writes what changed since the last call that succeeded. Blocks on the disk.</summary>
    /// <exception cref="Exception">Whatever <see cref="StateFault.Explain"/> knows; nothing was written and the next call tries again.</exception>
    internal void Save(HealthSnapshot health, NodeInventory inventory, string bootId) => Save(health, inventory, bootId, []);

    /// <inheritdoc cref="Save(HealthSnapshot, NodeInventory, string)"/>
    /// <param name="positions">See <see cref="WrittenState.Compare"/>.</param>
    /// <param name="releases">Vendors that are released; null counts as none.</param>
    internal void Save(
        HealthSnapshot health, NodeInventory inventory, string bootId, ImmutableArray<ReadingPosition> positions, IReadOnlyCollection<VendorRelease>? releases = null)
    {
        lock (_gate)
        {
            try
            {
                SaveOnce_NeedsLock(health, inventory, bootId, positions, releases ?? []);
            }
            catch (UnusableStateException broken)
            {
                Close_NeedsLock();
                MoveAway_NeedsLock(broken);
                SaveOnce_NeedsLock(health, inventory, bootId, positions, releases ?? []);
            }
            catch (SqliteException)
            {
                Close_NeedsLock(); // after a full disk or an I/O error a new connection is the sure way
                throw;
            }
        }
    }

    public void Dispose()
    {
        if (!_gate.TryEnter())
            return; // the disk hangs: the process ends without closing it
        try
        {
            Close_NeedsLock();
        }
        finally
        {
            _gate.Exit();
        }
    }

    private void SaveOnce_NeedsLock(
        HealthSnapshot health, NodeInventory inventory, string bootId, ImmutableArray<ReadingPosition> positions, IReadOnlyCollection<VendorRelease> releases)
    {
        _database ??= OpenOrSetAside_NeedsLock(out _);
        var change = _written.Compare(health, inventory, releases, positions);
        if (change.IsEmpty)
            return;
        _database.Save(change, bootId);
        _written.Apply(change);
    }

    private void LoadNow()
    {
        lock (_gate)
        {
            var stored = Read_NeedsLock(out var unreadable, out var wasSetAside);
            if (unreadable > 0)
                LogUnreadable(_file, unreadable);
            if (Interlocked.CompareExchange(ref _loading, Taken, Untouched) != Untouched)
                return; // nobody waits any more: the rows stay where they are until the next start
            _written.Add(stored.Problems);
            _written.Add(stored.Transitions);
            _written.Add(stored.Releases);
            foreach (var inventory in stored.Inventories)
                _written.Add(inventory);
            Stored = stored with { IsIncomplete = wasSetAside || unreadable > 0 };
        }
    }

    private StoredState Read_NeedsLock(out int unreadable, out bool wasSetAside)
    {
        try
        {
            _database = OpenOrSetAside_NeedsLock(out wasSetAside);
            return _database.Load(out unreadable);
        }
        catch (UnusableStateException broken)
        {
            Close_NeedsLock();
            MoveAway_NeedsLock(broken);
            wasSetAside = true;
            _database = _open(_file);
            return _database.Load(out unreadable);
        }
        catch (SqliteException fault) when (StateFault.IsReadOnly(fault) && File.Exists(_file))
        {
            wasSetAside = false; // a disk that the kernel made read-only after errors: what it holds is still true
            using var readOnly = StateDatabase.OpenReadOnly(_file);
            return readOnly.Load(out unreadable);
        }
    }

    private StateDatabase OpenOrSetAside_NeedsLock(out bool wasSetAside)
    {
        wasSetAside = false;
        Directory.CreateDirectory(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            return _open(_file);
        }
        catch (UnusableStateException broken)
        {
            MoveAway_NeedsLock(broken);
            wasSetAside = true;
            return _open(_file);
        }
    }

    private void MoveAway_NeedsLock(UnusableStateException broken)
    {
        LogSetAside(broken.Message, SetAside.Move(_file, broken.Suffix, _time.GetUtcNow()));
        _written.Clear();
    }

    private void Close_NeedsLock()
    {
        _database?.Dispose();
        _database = null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{What}. It was set aside as {Aside} and a new one made; what stood before the start is not known")]
    private partial void LogSetAside(string what, string aside);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{File} holds {Count} rows that this agent cannot read; they are left out")]
    private partial void LogUnreadable(string file, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The state in {Folder} did not load within {Seconds} s: does its disk hang? Starting without it")]
    private partial void LogHangs(string folder, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Starting without the stored state. {What}")]
    private partial void LogNotLoaded(string what);
}
