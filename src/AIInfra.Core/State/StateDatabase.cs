using System.Collections.Immutable;
using System.Text.Json;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using Microsoft.Data.Sqlite;

namespace AIInfra.Core.State;

/// <summary>The database file cannot be used as it is: it must be set aside.</summary>
/// <param name="suffix">Why, as it stands in the new name: <c>corrupt</c> or <c>newer</c>.</param>
internal sealed class UnusableStateException(string suffix, string message) : Exception(message)
{
    public string Suffix { get; } = suffix;
}

/// <summary>The tables of <c>state.db</c>. Blocks on the disk: only ever used on a thread that may hang.</summary>
internal sealed class StateDatabase : IDisposable
{
    public const int SchemaVersion = 1;

    private const int Corrupt = 11, NotADatabase = 26; // sqlite.org/rescode.html

    private const string Schema = """
        CREATE TABLE schema_version (version INTEGER NOT NULL);
        CREATE TABLE problems (id TEXT NOT NULL, subject_kind TEXT NOT NULL, subject TEXT NOT NULL, boot_id TEXT NOT NULL, body BLOB NOT NULL,
            PRIMARY KEY (id, subject_kind, subject)) WITHOUT ROWID;
        CREATE TABLE inventories (vendor TEXT NOT NULL PRIMARY KEY, boot_id TEXT NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
        """;

    /// <summary>Came after the first version; an agent before it passes over the table.</summary>
    private const string Positions = "CREATE TABLE IF NOT EXISTS positions (log TEXT NOT NULL PRIMARY KEY, boot_id TEXT NOT NULL, sequence INTEGER NOT NULL) WITHOUT ROWID;";

    private readonly SqliteConnection _connection;

    private StateDatabase(SqliteConnection connection) => _connection = connection;

    /// <summary>Opens the file, or makes it with its tables.</summary>
    /// <exception cref="UnusableStateException">It is corrupt, not a database, or of a newer agent.</exception>
    /// <exception cref="SqliteException">The folder or the disk refuses.</exception>
    public static StateDatabase Open(string file)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false, DefaultTimeout = 5 }.ToString());
        var database = new StateDatabase(connection);
        try
        {
            database.Guard(() =>
            {
                connection.Open();
                database.Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;");
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
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = uri, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
        var database = new StateDatabase(connection);
        try
        {
            database.Guard(() =>
            {
                connection.Open();
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
        var problems = new List<Problem>();
        var inventories = new List<VendorInventory>();
        var positions = new List<ReadingPosition>();
        var bootIds = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        Guard(() =>
        {
            using var select = Command("SELECT body FROM problems");
            using (var rows = select.ExecuteReader())
            {
                while (rows.Read())
                {
                    if (Restore(rows.GetFieldValue<byte[]>(0)) is { } problem)
                        problems.Add(problem);
                    else
                        skipped++;
                }
            }
            select.CommandText = "SELECT body, boot_id FROM inventories ORDER BY vendor";
            using (var rows = select.ExecuteReader())
            {
                while (rows.Read())
                {
                    if (RestoreInventory(rows.GetFieldValue<byte[]>(0)) is not { } inventory)
                    {
                        skipped++;
                        continue;
                    }
                    inventories.Add(inventory);
                    bootIds[inventory.Vendor] = rows.GetString(1);
                }
            }
            if (Scalar("SELECT count(*) FROM sqlite_master WHERE name = 'positions'") is not 1L)
                return;
            select.CommandText = "SELECT log, boot_id, sequence FROM positions";
            using (var rows = select.ExecuteReader())
            {
                while (rows.Read())
                    positions.Add(new ReadingPosition(rows.GetString(0), rows.GetString(1), rows.GetInt64(2)));
            }
        });
        unreadable = skipped;
        return new StoredState
        {
            Problems = [.. problems.OrderBy(problem => problem.FirstSeen)],
            Inventories = [.. inventories],
            InventoryBootIds = bootIds.ToImmutable(),
            Positions = [.. positions],
        };
    }

    /// <summary>Writes one change as one transaction: all of it or nothing.</summary>
    public void Save(StateChange change, string bootId) => Guard(() =>
    {
        using var transaction = _connection.BeginTransaction();
        foreach (var problem in change.Problems)
        {
            Execute("INSERT OR REPLACE INTO problems VALUES ($1, $2, $3, $4, $5)", problem.Id, Kind(problem.Subject), problem.Subject.Id,
                problem.BootId, JsonSerializer.SerializeToUtf8Bytes(problem, StateJson.Default.Problem));
        }
        foreach (var (id, subject) in change.GoneProblems)
            Execute("DELETE FROM problems WHERE id = $1 AND subject_kind = $2 AND subject = $3", id, Kind(subject), subject.Id);
        foreach (var inventory in change.Inventories)
        {
            Execute("INSERT OR REPLACE INTO inventories VALUES ($1, $2, $3)", inventory.Vendor, bootId,
                JsonSerializer.SerializeToUtf8Bytes(inventory, StateJson.Default.VendorInventory));
        }
        foreach (var vendor in change.GoneVendors)
            Execute("DELETE FROM inventories WHERE vendor = $1", vendor);
        foreach (var position in change.Positions)
            Execute("INSERT OR REPLACE INTO positions VALUES ($1, $2, $3)", position.Log, position.BootId, position.Sequence);
        transaction.Commit();
    });

    public void Dispose() => _connection.Dispose();

    private void Prepare(string file)
    {
        if (Scalar("PRAGMA quick_check(1)") is not "ok")
            throw new UnusableStateException("corrupt", $"{file} is corrupt");
        if (Scalar("SELECT count(*) FROM sqlite_master") is 0L)
        {
            using var transaction = _connection.BeginTransaction();
            Execute(Schema);
            Execute("INSERT INTO schema_version VALUES ($1)", SchemaVersion);
            transaction.Commit();
        }
        CheckVersion(file);
        Execute(Positions);
    }

    private void CheckVersion(string file)
    {
        var version = Scalar("SELECT count(*) FROM sqlite_master WHERE name = 'schema_version'") is 1L ? Scalar("SELECT max(version) FROM schema_version") : null;
        if (version is > (long)SchemaVersion)
            throw new UnusableStateException("newer", $"{file} has schema {version}, this agent knows up to {SchemaVersion}");
        if (version is not (long)SchemaVersion)
            throw new UnusableStateException("corrupt", $"{file} is not a state of this agent");
    }

    private static Problem? Restore(byte[] body)
    {
        try
        {
            var problem = JsonSerializer.Deserialize(body, StateJson.Default.Problem);
            return problem is { Evidence.IsDefault: true } ? problem with { Evidence = [] } : problem;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static VendorInventory? RestoreInventory(byte[] body)
    {
        try
        {
            var inventory = JsonSerializer.Deserialize(body, StateJson.Default.VendorInventory);
            return inventory is null ? null : inventory with
            {
                State = VendorState.Starting,
                Devices = inventory.Devices.IsDefault ? [] : [.. inventory.Devices.Select(device => device with
                {
                    DeviceNodes = device.DeviceNodes.IsDefault ? [] : device.DeviceNodes,
                    Links = device.Links.IsDefault ? [] : device.Links,
                })],
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Kind(Subject subject) => subject.Kind.ToString();

    /// <summary>Turns the library's words for a broken file into ours.</summary>
    private void Guard(Action work)
    {
        try
        {
            work();
        }
        catch (SqliteException fault) when (fault.SqliteErrorCode is Corrupt or NotADatabase)
        {
            throw new UnusableStateException("corrupt", $"{_connection.DataSource} is corrupt ({fault.Message})");
        }
    }

    private SqliteCommand Command(string text, params ReadOnlySpan<object> values)
    {
        var command = _connection.CreateCommand();
        command.CommandText = text;
        for (var at = 0; at < values.Length; at++)
            command.Parameters.AddWithValue($"${at + 1}", values[at]);
        return command;
    }

    private void Execute(string text, params ReadOnlySpan<object> values)
    {
        using var command = Command(text, values);
        command.ExecuteNonQuery();
    }

    private object? Scalar(string text)
    {
        using var command = Command(text);
        return command.ExecuteScalar();
    }
}
