using System.Data.Common;

namespace AIInfra.Aggregator.Store;

/// <summary>One connection, inside one transaction where it may write. Values are bound to <c>$1</c>, <c>$2</c> …: texts, longs and nothing else.</summary>
internal sealed class SqlSession(SqlDialect dialect, DbConnection connection, DbTransaction? transaction, CancellationToken cancellationToken)
{
    private const int MostAtOnce = 256;

    private readonly List<(string Text, object?[] Values)> _queued = [];

    /// <summary>One moment for the whole transaction: of the clock that all replicas share where the database has one.</summary>
    public DateTimeOffset Now { get; private set; }

    /// <summary>The same in milliseconds since 1970, as it is stored.</summary>
    public long NowMilliseconds => Now.ToUnixTimeMilliseconds();

    public async Task SetTimeAsync(TimeProvider time)
    {
        if (dialect.HasSharedClock && time == TimeProvider.System)
            Now = DateTimeOffset.FromUnixTimeMilliseconds(await NumberAsync("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"));
        else
            Now = time.GetUtcNow();
    }

    /// <returns>How many rows it changed.</returns>
    public async Task<int> RunAsync(string text, params object?[] values)
    {
        await using var command = Command(text, values);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Writes it with the next <see cref="FlushAsync"/>: where the database takes many statements at once, that is one way there and back.</summary>
    public void Queue(string text, params object?[] values) => _queued.Add((text, values));

    /// <summary>Runs what is queued, in its order.</summary>
    public async Task FlushAsync()
    {
        foreach (var some in _queued.Chunk(MostAtOnce))
        {
            if (!connection.CanCreateBatch)
            {
                foreach (var (text, values) in some)
                    await RunAsync(text, values);
                continue;
            }
            await using var batch = connection.CreateBatch();
            batch.Transaction = transaction;
            foreach (var (text, values) in some)
            {
                var command = batch.CreateBatchCommand();
                command.CommandText = text;
                Bind(command.Parameters, values);
                batch.BatchCommands.Add(command);
            }
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
        _queued.Clear();
    }

    /// <summary>The first value of the first row; 0 when there is none.</summary>
    public async Task<long> NumberAsync(string text, params object?[] values)
    {
        await using var command = Command(text, values);
        return await command.ExecuteScalarAsync(cancellationToken) is { } value and not DBNull ? Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture) : 0;
    }

    public async Task<List<T>> AllAsync<T>(string text, Func<DbDataReader, T> read, params object?[] values)
    {
        await using var command = Command(text, values);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var all = new List<T>();
        while (await rows.ReadAsync(cancellationToken))
            all.Add(read(rows));
        return all;
    }

    /// <summary>The first row; null when there is none.</summary>
    public async Task<T?> FirstAsync<T>(string text, Func<DbDataReader, T> read, params object?[] values) where T : class
    {
        await using var command = Command(text, values);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        return await rows.ReadAsync(cancellationToken) ? read(rows) : null;
    }

    /// <summary>Of a question that always has one row.</summary>
    public async Task<T> OneAsync<T>(string text, Func<DbDataReader, T> read, params object?[] values)
    {
        var all = await AllAsync(text, read, values);
        return all.Count == 1 ? all[0] : throw new InvalidOperationException($"{all.Count} rows came back where one was expected: {text}");
    }

    private DbCommand Command(string text, object?[] values)
    {
        var command = connection.CreateCommand();
        command.CommandText = text;
        command.Transaction = transaction;
        Bind(command.Parameters, values);
        return command;
    }

    private void Bind(DbParameterCollection parameters, object?[] values)
    {
        for (var at = 0; at < values.Length; at++)
            parameters.Add(dialect.Parameter(at + 1, Fit(values[at])));
    }

    /// <summary>PostgreSQL takes no NUL in a text, and texts come from nodes.</summary>
    private static object? Fit(object? value) => value switch
    {
        int number => (long)number,
        string text when text.Contains('\0') => text.Replace("\0", "", StringComparison.Ordinal),
        _ => value,
    };
}

internal static class SqlRows
{
    public static DateTimeOffset Time(this DbDataReader row, int column) => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(column));

    /// <summary>Null where 0 is stored.</summary>
    public static DateTimeOffset? OptionalTime(this DbDataReader row, int column) => row.GetInt64(column) is var at and not 0 ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;
}
