using AIInfra.Testing;
using Npgsql;

namespace AIInfra.FunctionalTests.Aggregator;

/// <summary>One PostgreSQL for all tests that want one; each has a database of its own in it.</summary>
[CollectionDefinition(Collection)]
public sealed class Databases : IAsyncLifetime, ICollectionFixture<Databases>
{
    public const string Collection = "databases";

    private PostgresServer? _server;
    private int _made;

    public async ValueTask InitializeAsync()
    {
        if (PostgresServer.Missing is null)
            _server = await PostgresServer.StartAsync("fsync = on");
    }

    /// <summary>A new empty database; skips the test where there is no server.</summary>
    public async Task<string> MakeAsync()
    {
        Assert.SkipUnless(_server is not null, PostgresServer.Missing ?? "");
        var name = $"t{Interlocked.Increment(ref _made)}";
        await RunAsync($"CREATE DATABASE {name}");
        return _server.ConnectionString(name);
    }

    /// <summary>A copy of a database, as it is now.</summary>
    public async Task CopyAsync(string from, string to) => await RunAsync($"CREATE DATABASE {to} TEMPLATE {from}");

    public async Task RunAsync(string statement)
    {
        await using var connection = new NpgsqlConnection(_server!.ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }
}
