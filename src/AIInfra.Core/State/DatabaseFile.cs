using Microsoft.Data.Sqlite;

namespace AIInfra.Core.State;

/// <summary>The database file cannot be used as it is: it must be set aside.</summary>
/// <param name="suffix">Why, as it stands in the new name: <c>corrupt</c> or <c>newer</c>.</param>
internal sealed class UnusableStateException(string suffix, string message) : Exception(message)
{
    public string Suffix { get; } = suffix;
}

/// <summary>One connection to a database file of the agent's, with the library's words for a broken file turned into ours. Blocks on the disk: only ever used on a thread that may hang.</summary>
internal sealed class DatabaseFile(SqliteConnectionStringBuilder settings) : IDisposable
{
    private const int Corrupt = 11, NotADatabase = 26; // sqlite.org/rescode.html

    private readonly SqliteConnection _connection = new(settings.ToString());

    public string Path => _connection.DataSource;

    public void Open() => _connection.Open();

    public SqliteTransaction Begin() => _connection.BeginTransaction();

    /// <exception cref="UnusableStateException">The file is broken.</exception>
    public void Guard(Action work)
    {
        try
        {
            work();
        }
        catch (SqliteException fault) when (fault.SqliteErrorCode is Corrupt or NotADatabase)
        {
            throw new UnusableStateException("corrupt", $"{Path} is corrupt ({fault.Message})");
        }
    }

    /// <param name="values">Of <c>$1</c>, <c>$2</c> …</param>
    public SqliteCommand Command(string text, params ReadOnlySpan<object> values)
    {
        var command = _connection.CreateCommand();
        command.CommandText = text;
        for (var at = 0; at < values.Length; at++)
            command.Parameters.AddWithValue($"${at + 1}", values[at]);
        return command;
    }

    /// <inheritdoc cref="Command"/>
    public void Execute(string text, params ReadOnlySpan<object> values)
    {
        using var command = Command(text, values);
        command.ExecuteNonQuery();
    }

    public object? Scalar(string text)
    {
        using var command = Command(text);
        return command.ExecuteScalar();
    }

    public void Dispose() => _connection.Dispose();
}
