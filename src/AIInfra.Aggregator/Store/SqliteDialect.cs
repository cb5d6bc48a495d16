using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;

namespace AIInfra.Aggregator.Store;

/// <summary>One file, one machine; several processes on it may share the file.</summary>
internal sealed class SqliteDialect : SqlDialect
{
    private const int NoPermission = 3, Busy = 5, Locked = 6, ReadOnly = 8, InputOutput = 10, Corrupt = 11, Full = 13, CannotOpen = 14, NotADatabase = 26; // sqlite.org/rescode.html

    private readonly string _file;
    private readonly string _connection;

    /// <param name="connection">With a file as its data source.</param>
    public SqliteDialect(SqliteConnectionStringBuilder connection)
    {
        _file = Path.GetFullPath(connection.DataSource);
        connection.DataSource = _file;
        connection.DefaultTimeout = 5;
        _connection = connection.ToString();
    }

    public override string Place => $"SQLite {_file}";
    public override bool HasSharedClock => false;
    public override string Identity => "INTEGER PRIMARY KEY AUTOINCREMENT";
    public override string? MigrationLock => null;
    public override string TableExists => "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1";

    public override async Task<DbConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_file)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var connection = new SqliteConnection(_connection);
        try
        {
            await connection.OpenAsync(cancellationToken);
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA busy_timeout=5000; PRAGMA synchronous=FULL;"; // a grant that was answered survives a power cut
            await command.ExecuteNonQueryAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public override Task<DbTransaction> BeginReadAsync(DbConnection connection, CancellationToken cancellationToken) =>
        Task.FromResult<DbTransaction>(((SqliteConnection)connection).BeginTransaction(deferred: true));

    /// <remarks>Immediate: SQLite has one writer, and a transaction that read before it wrote could not become it.</remarks>
    public override Task<DbTransaction> BeginAsync(DbConnection connection, CancellationToken cancellationToken) =>
        Task.FromResult<DbTransaction>(((SqliteConnection)connection).BeginTransaction(deferred: false));

    public override Task<DbTransaction> BeginDecisionAsync(DbConnection connection, CancellationToken cancellationToken) => BeginAsync(connection, cancellationToken);

    public override DbParameter Parameter(int number, object? value) =>
        new SqliteParameter(string.Create(CultureInfo.InvariantCulture, $"${number}"), value ?? DBNull.Value);

    public override async Task PrepareAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA quick_check(1)";
        if (await command.ExecuteScalarAsync(cancellationToken) is not "ok")
            throw new UnusableDatabaseException($"{_file} is corrupt", "corrupt");
        command.CommandText = "PRAGMA journal_mode=WAL";
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public override bool IsConflict(Exception fault) => fault is SqliteException { SqliteErrorCode: Busy or Locked };

    public override bool IsBrokenConnection(Exception fault) => false;

    public override bool IsBroken(Exception fault) => fault is SqliteException { SqliteErrorCode: Corrupt or NotADatabase };

    public override (string Says, bool IsTransient)? Explain(Exception fault) => fault switch
    {
        SqliteException { SqliteErrorCode: Full } => ($"The disk that holds {_file} (store.connection) is full: free some space.", true),
        SqliteException { SqliteErrorCode: ReadOnly or NoPermission } => ($"{_file} (store.connection) is read-only for the aggregator: make the file and its folder writable.", true),
        SqliteException { SqliteErrorCode: CannotOpen } => ($"{_file} (store.connection) cannot be opened: make its folder, and writable.", true),
        SqliteException { SqliteErrorCode: Busy or Locked } => ($"{_file} (store.connection) is held by another process for too long.", true),
        SqliteException { SqliteErrorCode: InputOutput } => ($"The disk that holds {_file} (store.connection) answers with an I/O error: look into the kernel log.", true),
        SqliteException other => ($"{_file} (store.connection) cannot be used ({other.Message}).", true),
        UnauthorizedAccessException or IOException => ($"{_file} (store.connection) cannot be used ({fault.Message}).", true),
        _ => null,
    };

    public override string? SetAside(string suffix, DateTimeOffset now)
    {
        SqliteConnection.ClearPool(new SqliteConnection(_connection)); // open handles would go on writing into the file that was moved
        return Core.State.SetAside.Move(_file, suffix, now);
    }

    public override ValueTask DisposeAsync()
    {
        SqliteConnection.ClearPool(new SqliteConnection(_connection));
        return ValueTask.CompletedTask;
    }
}
