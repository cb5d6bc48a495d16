using System.Data.Common;
using System.Globalization;
using AIInfra.Core.Hosting;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Npgsql;
using Polly;
using Polly.Retry;

namespace AIInfra.Aggregator.Store;

/// <summary>The one database behind everything the aggregator must not forget: SQLite or PostgreSQL, by the connection string. It is opened and brought to this
/// version at the first use, and again at the next use after it was away. Thread-safe.</summary>
public sealed partial class FleetDatabase : IAsyncDisposable
{
    private const int ConflictRetries = 8, Readers = 4;

    private readonly SqlDialect _dialect;
    private readonly TimeProvider _time;
    private readonly ILogger<FleetDatabase> _logger;
    private readonly ResiliencePipeline _again;
    private readonly SemaphoreSlim _preparing = new(1), _writing, _reading;
    private readonly Latest<StoreLife> _life = new(new StoreLife(0, "it starts"));
    private volatile bool _isReady;
    private string? _saidFault;

    private FleetDatabase(SqlDialect dialect, TimeProvider time, ILogger<FleetDatabase> logger)
    {
        (_dialect, _time, _logger) = (dialect, time, logger);
        // SQLite has one writer, and waiting for it here is fair and costs no thread; a server schedules by itself
        (_writing, _reading) = dialect is SqliteDialect ? (new SemaphoreSlim(1), new SemaphoreSlim(Readers)) : (new SemaphoreSlim(8), new SemaphoreSlim(8));
        // Milliseconds of the real clock: it is a real database that others are busy with
        _again = new ResiliencePipelineBuilder().AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome.Exception is { } fault && (fault is UncommittedException || _dialect.IsConflict(fault))),
            MaxRetryAttempts = ConflictRetries,
            BackoffType = DelayBackoffType.Exponential,
            Delay = TimeSpan.FromMilliseconds(5),
            UseJitter = true,
        }).Build();
    }

    /// <summary>Which database it is and where, without any secret.</summary>
    public string Place => _dialect.Place;

    /// <summary>What others keep in memory of the database is void when this changes: it is another one, or one of yesterday.</summary>
    public Latest<StoreLife> Life => _life;

    /// <param name="connection">As <c>store.connection</c> has it.</param>
    /// <exception cref="FormatException">It is neither; the message says what would be right, and holds nothing of it.</exception>
    public static FleetDatabase Open(string connection, TimeProvider time, ILogger<FleetDatabase> logger) => new(Choose(connection), time, logger);

    /// <summary>Reads; sees one moment.</summary>
    /// <exception cref="StoreException">The database refused or did not answer.</exception>
    internal Task<T> ReadAsync<T>(Func<SqlSession, Task<T>> work, CancellationToken cancellationToken) => UseAsync(Turn.Read, work, cancellationToken);

    /// <summary>All of it or nothing, and durable when it returns. May run more than once: <paramref name="work"/> touches nothing else.</summary>
    /// <exception cref="StoreException">Nothing was written; or, where the connection broke at its end, perhaps all of it.</exception>
    internal Task<T> WriteAsync<T>(Func<SqlSession, Task<T>> work, CancellationToken cancellationToken) => UseAsync(Turn.Write, work, cancellationToken);

    /// <summary>The same, one after the other over all replicas: each sees all that was decided before.</summary>
    /// <exception cref="StoreException">As with <see cref="WriteAsync"/>.</exception>
    internal Task<T> DecideAsync<T>(Func<SqlSession, Task<T>> work, CancellationToken cancellationToken) => UseAsync(Turn.Decide, work, cancellationToken);

    /// <summary>What was in memory of the database does not hold any more.</summary>
    internal void BeginNewLife(string why)
    {
        LogNewLife(Place, why);
        _life.Publish(new StoreLife(_life.Value.Number + 1, why));
    }

    public async ValueTask DisposeAsync()
    {
        await _dialect.DisposeAsync();
        _preparing.Dispose();
        _writing.Dispose();
        _reading.Dispose();
    }

    private enum Turn { Read, Write, Decide }

    private static SqlDialect Choose(string connection)
    {
        const string Right = "\"Data Source=/var/lib/aiinfra/aggregator.db\" for SQLite, or \"Host=db;Database=aiinfra;Username=aiinfra;Password=…\" for PostgreSQL";
        DbConnectionStringBuilder parts;
        try
        {
            parts = new DbConnectionStringBuilder { ConnectionString = connection };
        }
        catch (ArgumentException)
        {
            throw new FormatException($"store.connection cannot be read; write {Right}.");
        }
        try
        {
            if (parts.ContainsKey("Host") || parts.ContainsKey("Server"))
                return new PostgresDialect(new NpgsqlConnectionStringBuilder(connection));
            if (new SqliteConnectionStringBuilder(connection) is { DataSource: { Length: > 0 } file } sqlite && file != ":memory:")
                return new SqliteDialect(sqlite);
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException or KeyNotFoundException or InvalidCastException)
        {
            throw new FormatException($"store.connection has a key or a value that is not known there; write {Right}.");
        }
        throw new FormatException($"store.connection names no database; write {Right}.");
    }

    private async Task<T> UseAsync<T>(Turn turn, Func<SqlSession, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            if (!_isReady)
                await PrepareAsync(cancellationToken);
            var result = await _again.ExecuteAsync(token => new ValueTask<T>(OnceAsync(turn, work, token)), cancellationToken);
            if (Interlocked.Exchange(ref _saidFault, null) is not null)
                LogBack(Place);
            return result;
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested && fault is not StoreException && Explain(fault) is { } refused)
        {
            if (_dialect.IsBroken(fault))
                _isReady = false; // the next use looks, and sets it aside
            if (Interlocked.Exchange(ref _saidFault, refused.Message) != refused.Message)
                LogRefused(refused.Message);
            throw refused;
        }
    }

    private StoreException? Explain(Exception fault) => fault switch
    {
        UncommittedException broken => Explain(broken.InnerException!),
        UnusableDatabaseException unusable => new StoreException($"{unusable.Message}.", unusable.Suffix is not null, fault),
        _ => _dialect.Explain(fault) is var (says, isTransient) ? new StoreException(says, isTransient, fault) : null,
    };

    private async Task<T> OnceAsync<T>(Turn turn, Func<SqlSession, Task<T>> work, CancellationToken cancellationToken)
    {
        var gate = turn == Turn.Read ? _reading : _writing;
        await gate.WaitAsync(cancellationToken);
        try
        {
            // SQLite's calls block on the disk: not on the thread of whoever asks
            return _dialect is SqliteDialect ? await Task.Run(() => InsideAsync(turn, work, cancellationToken), cancellationToken) : await InsideAsync(turn, work, cancellationToken);
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task<T> InsideAsync<T>(Turn turn, Func<SqlSession, Task<T>> work, CancellationToken cancellationToken)
    {
        await using var connection = await _dialect.ConnectAsync(cancellationToken);
        DbTransaction transaction;
        T result;
        try
        {
            transaction = turn switch
            {
                Turn.Decide => await _dialect.BeginDecisionAsync(connection, cancellationToken),
                Turn.Write => await _dialect.BeginAsync(connection, cancellationToken),
                _ => await _dialect.BeginReadAsync(connection, cancellationToken),
            };
            var session = new SqlSession(_dialect, connection, transaction, cancellationToken);
            await session.SetTimeAsync(_time);
            result = await work(session);
            await session.FlushAsync();
        }
        catch (DbException fault) when (_dialect.IsBrokenConnection(fault))
        {
            throw new UncommittedException(fault); // an idle connection had died, or the server: nothing of it happened
        }
        await using (transaction)
            await transaction.CommitAsync(cancellationToken);
        return result;
    }

    /// <summary>The connection broke before the commit was asked for: it can be done again.</summary>
    private sealed class UncommittedException(DbException fault) : Exception(fault.Message, fault);

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await _preparing.WaitAsync(cancellationToken);
        try
        {
            if (_isReady)
                return;
            try
            {
                await Task.Run(() => MigrateAsync(cancellationToken), cancellationToken);
            }
            catch (Exception fault) when (_dialect.IsBroken(fault) || fault is UnusableDatabaseException { Suffix: not null })
            {
                if (_dialect.SetAside((fault as UnusableDatabaseException)?.Suffix ?? "corrupt", _time.GetUtcNow()) is not { } aside)
                    throw;
                LogSetAside(fault.Message, aside);
                await Task.Run(() => MigrateAsync(cancellationToken), cancellationToken);
                BeginNewLife("the broken file was replaced by an empty one");
            }
            _isReady = true;
        }
        finally
        {
            _preparing.Release();
        }
    }

    /// <summary>From the version that is there to this program's, as one transaction.</summary>
    private async Task MigrateAsync(CancellationToken cancellationToken)
    {
        await using var connection = await _dialect.ConnectAsync(cancellationToken);
        await _dialect.PrepareAsync(connection, cancellationToken);
        await using var transaction = await _dialect.BeginAsync(connection, cancellationToken);
        var session = new SqlSession(_dialect, connection, transaction, cancellationToken);
        if (_dialect.MigrationLock is { } alone)
            await session.NumberAsync(alone);
        var from = await session.NumberAsync(_dialect.TableExists, "schema_version") == 0 ? 0 : await session.NumberAsync("SELECT max(version) FROM schema_version");
        if (from > FleetSchema.Steps.Length)
            throw new UnusableDatabaseException(string.Create(CultureInfo.InvariantCulture,
                $"{Place} has schema {from}, this aggregator knows up to {FleetSchema.Steps.Length}: run the newer aggregator, or restore a copy from before it"), null);
        if (from == FleetSchema.Steps.Length)
            return;
        foreach (var step in FleetSchema.Steps.Skip((int)from))
        {
            foreach (var statement in step.Replace(FleetSchema.Identity, _dialect.Identity, StringComparison.Ordinal).Split(";\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                await session.RunAsync(statement.TrimEnd(';'));
        }
        await session.RunAsync(from == 0 ? "INSERT INTO schema_version VALUES ($1)" : "UPDATE schema_version SET version = $1", FleetSchema.Steps.Length);
        await transaction.CommitAsync(cancellationToken);
        LogMigrated(Place, from, FleetSchema.Steps.Length);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Place}: schema {From} was brought to {To}")]
    private partial void LogMigrated(string place, long from, int to);

    [LoggerMessage(Level = LogLevel.Error, Message = "{What}. It was set aside as {Aside} and an empty one made: audit, approvals and pauses up to now are in that file only")]
    private partial void LogSetAside(string what, string aside);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The store does not take part: {What} Grants are denied and nothing is acknowledged until it does")]
    private partial void LogRefused(string what);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Place} answers again")]
    private partial void LogBack(string place);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Place} is not what it was: {Why}. Nothing is granted until the nodes have reported anew")]
    private partial void LogNewLife(string place, string why);
}

/// <param name="Number">Rises.</param>
/// <param name="Why">What happened, to complete "a new life, because …".</param>
public sealed record StoreLife(int Number, string Why);
