using System.Data;
using System.Data.Common;
using System.Net.Sockets;
using Npgsql;

namespace AIInfra.Aggregator.Store;

/// <summary>A server that several replicas share.</summary>
internal sealed class PostgresDialect : SqlDialect
{
    private const string MigrationKey = "7013416652291"; // any number that other programs do not use

    private readonly NpgsqlDataSource _source;
    private readonly string _where;

    public PostgresDialect(NpgsqlConnectionStringBuilder connection)
    {
        if (!connection.ContainsKey("Timeout"))
            connection.Timeout = 5;
        if (!connection.ContainsKey("Command Timeout"))
            connection.CommandTimeout = 10;
        if (!connection.ContainsKey("Max Auto Prepare"))
            connection.MaxAutoPrepare = 64;
        if (!connection.ContainsKey("Maximum Pool Size"))
            connection.MaxPoolSize = 16;
        connection.ApplicationName ??= "aiinfra-aggregator";
        _where = $"{connection.Host}:{connection.Port}/{connection.Database ?? connection.Username}";
        _source = new NpgsqlSlimDataSourceBuilder(connection.ToString()).EnableTransportSecurity().Build();
    }

    public override string Place => $"PostgreSQL {_where}";
    public override bool HasSharedClock => true;
    public override string Identity => "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY";
    public override string? MigrationLock => $"SELECT pg_advisory_xact_lock({MigrationKey})";
    public override string TableExists => "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = $1";

    public override async Task<DbConnection> ConnectAsync(CancellationToken cancellationToken) => await _source.OpenConnectionAsync(cancellationToken);

    public override async Task<DbTransaction> BeginReadAsync(DbConnection connection, CancellationToken cancellationToken) =>
        await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);

    public override async Task<DbTransaction> BeginAsync(DbConnection connection, CancellationToken cancellationToken) =>
        await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);

    /// <remarks>The lock comes before the first read, so the snapshot is taken after whoever decided before has committed: decisions wait, and hardly ever conflict.</remarks>
    public override async Task<DbTransaction> BeginDecisionAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.Serializable, cancellationToken);
        try
        {
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = "LOCK TABLE fleet IN EXCLUSIVE MODE";
            await command.ExecuteNonQueryAsync(cancellationToken);
            return transaction;
        }
        catch
        {
            await transaction.DisposeAsync();
            throw;
        }
    }

    public override DbParameter Parameter(int number, object? value) => new NpgsqlParameter { Value = value ?? DBNull.Value };

    public override Task PrepareAsync(DbConnection connection, CancellationToken cancellationToken) => Task.CompletedTask;

    public override bool IsConflict(Exception fault) =>
        fault is PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable };

    public override bool IsBrokenConnection(Exception fault)
    {
        if (fault is not (PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown } or NpgsqlException { InnerException: IOException or SocketException }))
            return false;
        _source.Clear();
        return true;
    }

    public override bool IsBroken(Exception fault) => false;

    public override (string Says, bool IsTransient)? Explain(Exception fault) => fault switch
    {
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } => ($"{Place} (store.connection) has no room left on its disk.", true),
        PostgresException { SqlState: PostgresErrorCodes.TooManyConnections } => ($"{Place} (store.connection) has no connection left: raise max_connections or lower Maximum Pool Size.", true),
        PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } => ($"{Place} (store.connection) takes no writes: it is a standby; name the primary.", true),
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } refused =>
            ($"{Place} (store.connection) does not let the aggregator in ({refused.MessageText}).", false),
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } => ($"{Place} (store.connection) does not exist: createdb makes it.", false),
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } refused =>
            ($"{Place} (store.connection) refuses the aggregator's account ({refused.MessageText}): it needs CREATE on the schema once, and its own tables.", false),
        PostgresException other => ($"{Place} (store.connection) answers {other.SqlState} ({other.MessageText}).", IsWorthRetrying(other.SqlState)),
        NpgsqlException { InnerException: TimeoutException } or TimeoutException => ($"{Place} (store.connection) does not answer in time.", true),
        NpgsqlException or SocketException or IOException => ($"{Place} (store.connection) cannot be reached ({Innermost(fault)}).", true),
        _ => null,
    };

    public override string? SetAside(string suffix, DateTimeOffset now) => null;

    public override ValueTask DisposeAsync() => _source.DisposeAsync();

    /// <summary>Classes of postgresql.org/docs/current/errcodes-appendix.html: the connection, resources, the operator, the system.</summary>
    private static bool IsWorthRetrying(string state) => state.Length == 5 && state[..2] is "08" or "40" or "53" or "57" or "58" or "XX" or "25";

    private static string Innermost(Exception fault) => fault.InnerException is { } inner ? Innermost(inner) : fault.Message.TrimEnd('.');
}
