using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.VendorHost;
using Microsoft.Data.Sqlite;

namespace AIInfra.Core.State;

/// <summary>The tables of <c>state.db</c>. Blocks on the disk: only ever used on a thread that may hang.</summary>
internal sealed class StateDatabase : IDisposable
{
    public static int SchemaVersion => StateSchema.Steps.Length;

    private readonly DatabaseFile _file;

    private StateDatabase(DatabaseFile file) => _file = file;

    /// <summary>Opens the file, or makes it with its tables.</summary>
    /// <exception cref="UnusableStateException">It is corrupt, not a database, or of a newer agent.</exception>
    /// <exception cref="SqliteException">The folder or the disk refuses.</exception>
    public static StateDatabase Open(string file)
    {
        var database = new StateDatabase(new DatabaseFile(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false, DefaultTimeout = 5 }));
        try
        {
            database._file.Guard(() =>
            {
                database._file.Open();
                database._file.Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;");
                database.Prepare(file);
            });
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file on a disk that takes no writes, to read what was stored when it still did.</summary>
    /// <remarks>Immutable: without it SQLite wants to write beside the file. What an agent that was killed left in its log is not seen.</remarks>
    /// <exception cref="UnusableStateException">It is corrupt, or not a state of this version.</exception>
    /// <exception cref="SqliteException">It cannot be read either.</exception>
    public static StateDatabase OpenReadOnly(string file)
    {
        var uri = $"file:{Uri.EscapeDataString(file)}?immutable=1";
        var database = new StateDatabase(new DatabaseFile(new SqliteConnectionStringBuilder { DataSource = uri, Mode = SqliteOpenMode.ReadOnly, Pooling = false }));
        try
        {
            database._file.Guard(() =>
            {
                database._file.Open();
                database.CheckVersion(file);
            });
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <param name="unreadable">Rows that could not be understood and were left out.</param>
    /// <exception cref="UnusableStateException">The file is corrupt.</exception>
    public StoredState Load(out int unreadable)
    {
        var skipped = 0;
        var bootIds = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        ImmutableArray<Problem> problems = [];
        ImmutableArray<VendorInventory> inventories = [];
        ImmutableArray<HealthTransition> transitions = [];
        ImmutableArray<VendorRelease> releases = [];
        var positions = new List<ReadingPosition>();
        _file.Guard(() =>
        {
            problems = Read("SELECT body FROM problems", row => StoredRows.Problem(row.GetFieldValue<byte[]>(0)), ref skipped);
            inventories = Read("SELECT body, boot_id FROM inventories ORDER BY vendor", row =>
            {
                var inventory = StoredRows.Inventory(row.GetFieldValue<byte[]>(0));
                if (inventory is not null)
                    bootIds[inventory.Vendor] = row.GetString(1);
                return inventory;
            }, ref skipped);
            if (Version() is not >= 2L)
                return; // read only, and written by an older agent
            transitions = Read("SELECT body FROM transitions ORDER BY number", row => StoredRows.Transition(row.GetFieldValue<byte[]>(0)), ref skipped);
            releases = Read("SELECT vendor, since FROM releases", row => StoredRows.Release(row.GetString(0), row.GetString(1)), ref skipped);
            using var command = _file.Command("SELECT log, boot_id, sequence FROM positions");
            using var rows = command.ExecuteReader();
            while (rows.Read())
                positions.Add(new ReadingPosition(rows.GetString(0), rows.GetString(1), rows.GetInt64(2)));
        });
        unreadable = skipped;
        return new StoredState
        {
            Problems = [.. problems.OrderBy(problem => problem.FirstSeen)],
            Inventories = inventories,
            InventoryBootIds = bootIds.ToImmutable(),
            Transitions = transitions,
            Releases = releases,
            Positions = [.. positions],
        };
    }

    /// <summary>Writes one change as one transaction: all of it or nothing.</summary>
    public void Save(StateChange change, string bootId) => _file.Guard(() =>
    {
        using var transaction = _file.Begin();
        foreach (var problem in change.Problems)
        {
            _file.Execute("INSERT OR REPLACE INTO problems VALUES ($1, $2, $3, $4, $5)", problem.Id, Kind(problem.Subject), problem.Subject.Id,
                problem.BootId, JsonSerializer.SerializeToUtf8Bytes(problem, StateJson.Default.Problem));
        }
        foreach (var (id, subject) in change.GoneProblems)
            _file.Execute("DELETE FROM problems WHERE id = $1 AND subject_kind = $2 AND subject = $3", id, Kind(subject), subject.Id);
        foreach (var inventory in change.Inventories)
        {
            _file.Execute("INSERT OR REPLACE INTO inventories VALUES ($1, $2, $3)", inventory.Vendor, bootId,
                JsonSerializer.SerializeToUtf8Bytes(inventory, StateJson.Default.VendorInventory));
        }
        foreach (var vendor in change.GoneVendors)
            _file.Execute("DELETE FROM inventories WHERE vendor = $1", vendor);
        foreach (var vendor in change.GoneReleases)
            _file.Execute("DELETE FROM releases WHERE vendor = $1", vendor);
        foreach (var release in change.Releases)
            _file.Execute("INSERT OR REPLACE INTO releases VALUES ($1, $2)", release.Vendor, release.Since.ToString("O", CultureInfo.InvariantCulture));
        SaveTransitions(change.Transitions);
        foreach (var position in change.Positions)
            _file.Execute("INSERT OR REPLACE INTO positions VALUES ($1, $2, $3)", position.Log, position.BootId, position.Sequence);
        transaction.Commit();
    });

    private void SaveTransitions(ImmutableArray<HealthTransition> transitions)
    {
        if (transitions.IsEmpty)
            return;
        foreach (var step in transitions)
            _file.Execute("INSERT INTO transitions (boot_id, body) VALUES ($1, $2)", step.BootId, JsonSerializer.SerializeToUtf8Bytes(step, StateJson.Default.HealthTransition));
        _file.Execute("DELETE FROM transitions WHERE number <= (SELECT max(number) FROM transitions) - $1", HealthBoard.HistoryLength);
        _file.Execute("""
            DELETE FROM transitions WHERE boot_id NOT IN
                (SELECT boot_id FROM transitions GROUP BY boot_id ORDER BY max(number) DESC LIMIT $1)
            """, HealthBoard.HistoryBoots);
    }

    public void Dispose() => _file.Dispose();

    private void Prepare(string file)
    {
        if (_file.Scalar("PRAGMA quick_check(1)") is not "ok")
            throw new UnusableStateException("corrupt", $"{file} is corrupt");
        var isNew = _file.Scalar("SELECT count(*) FROM sqlite_master") is 0L;
        if (!isNew)
            CheckVersion(file);
        Migrate(isNew ? 0 : (long)Version()!);
    }

    /// <summary>From the version that is there to this agent's, as one transaction: a power cut leaves the old one or the new one.</summary>
    private void Migrate(long from)
    {
        if (from == SchemaVersion)
            return;
        using var transaction = _file.Begin();
        foreach (var step in StateSchema.Steps.Skip((int)from))
            _file.Execute(step);
        _file.Execute(from == 0 ? "INSERT INTO schema_version VALUES ($1)" : "UPDATE schema_version SET version = $1", SchemaVersion);
        transaction.Commit();
    }

    private void CheckVersion(string file)
    {
        var version = Version();
        if (version is long newer && newer > SchemaVersion)
            throw new UnusableStateException("newer", $"{file} has schema {version}, this agent knows up to {SchemaVersion}");
        if (version is not >= 1L)
            throw new UnusableStateException("corrupt", $"{file} is not a state of this agent");
    }

    /// <summary>A long; anything else when it is not a state of this agent.</summary>
    private object? Version() =>
        _file.Scalar("SELECT count(*) FROM sqlite_master WHERE name = 'schema_version'") is 1L ? _file.Scalar("SELECT max(version) FROM schema_version") : null;

    /// <param name="restore">Null for a row that cannot be understood.</param>
    private ImmutableArray<T> Read<T>(string select, Func<SqliteDataReader, T?> restore, ref int skipped) where T : class
    {
        var all = ImmutableArray.CreateBuilder<T>();
        using var command = _file.Command(select);
        using var rows = command.ExecuteReader();
        while (rows.Read())
        {
            if (restore(rows) is { } value)
                all.Add(value);
            else
                skipped++;
        }
        return all.ToImmutable();
    }

    private static string Kind(Subject subject) => subject.Kind.ToString();
}
