using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using AIInfra.Core.State;
using Microsoft.Data.Sqlite;

namespace AIInfra.Core.Remediation.Journal;

/// <summary>The file <c>journal.db</c>. What <see cref="Write"/> has returned from survives a power cut. Blocks on the disk: only ever used on a thread that may hang.</summary>
internal sealed class JournalDatabase : IDisposable
{
    private readonly DatabaseFile _file;

    private JournalDatabase(DatabaseFile file) => _file = file;

    /// <summary>Opens the file, or makes it; an older one is brought to this version.</summary>
    /// <param name="schema">See <see cref="JournalSchema.Steps"/>.</param>
    /// <exception cref="UnusableStateException">It is corrupt, not a journal, or of a newer agent.</exception>
    /// <exception cref="SqliteException">The disk refuses, or another agent has it open.</exception>
    public static JournalDatabase Open(string file, IReadOnlyList<string> schema)
    {
        var database = new JournalDatabase(new DatabaseFile(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false, DefaultTimeout = 2 }));
        try
        {
            database._file.Guard(() =>
            {
                database._file.Open();
                // Exclusive: two agents on one node must not both act. With a log, a commit is one sync.
                database._file.Execute("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
                database.Prepare(file, schema);
                database._file.Execute("PRAGMA wal_checkpoint(TRUNCATE);"); // after an I/O error nothing is built on a log that may not be on the disk
            });
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>All steps in the order in which they were intended.</summary>
    /// <exception cref="UnusableStateException">A step cannot be read: what was done before is not known.</exception>
    public ImmutableArray<StepRecord> Read()
    {
        var records = ImmutableArray.CreateBuilder<StepRecord>();
        _file.Guard(() =>
        {
            using var command = _file.Command("SELECT id, body FROM steps ORDER BY number");
            using var rows = command.ExecuteReader();
            while (rows.Read())
                records.Add(Parse(rows.GetString(0), rows.GetFieldValue<byte[]>(1)));
        });
        return records.ToImmutable();
    }

    /// <summary>Writes all of it, on the disk for good, or nothing. One sync.</summary>
    /// <param name="changes">By the step's id; null removes the row.</param>
    public void Write(IReadOnlyDictionary<string, StepRecord?> changes) => _file.Guard(() =>
    {
        using var transaction = _file.Begin();
        foreach (var (id, record) in changes)
        {
            if (record is null)
                _file.Execute("DELETE FROM steps WHERE id = $1", id);
            else
                _file.Execute("INSERT INTO steps (id, body) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET body = excluded.body", id, JsonSerializer.SerializeToUtf8Bytes(record, JournalJson.Default.StepRecord));
        }
        transaction.Commit();
    });

    public void Dispose() => _file.Dispose();

    private void Prepare(string file, IReadOnlyList<string> schema)
    {
        if (_file.Scalar("PRAGMA quick_check(1)") is not "ok")
            throw new UnusableStateException("corrupt", $"{file} is corrupt");
        var version = (long)_file.Scalar("PRAGMA user_version")!;
        if (version > schema.Count)
            throw new UnusableStateException("newer", $"{file} has schema {version}, this agent knows up to {schema.Count}");
        if (version == 0 && _file.Scalar("SELECT count(*) FROM sqlite_master") is not 0L)
            throw new UnusableStateException("corrupt", $"{file} is not a journal of this agent");
        if (version == schema.Count)
            return;
        using var transaction = _file.Begin();
        foreach (var step in schema.Skip((int)version))
            _file.Execute(step);
        _file.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {schema.Count}")); // part of the transaction
        transaction.Commit();
    }

    private StepRecord Parse(string id, byte[] body) =>
        Understood(id, body) ?? throw new UnusableStateException("corrupt", $"{_file.Path} holds step {id}, which this agent cannot read");

    /// <summary>Null for a row that cannot be understood.</summary>
    internal static StepRecord? Understood(string id, byte[] body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, JournalJson.Default.StepRecord) is { } record && record.Step.Id == id ? record : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
