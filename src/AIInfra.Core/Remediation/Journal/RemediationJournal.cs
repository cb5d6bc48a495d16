using System.Collections.Immutable;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Core.State;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Remediation.Journal;

/// <summary>Every step of remediation, in <c>journal.db</c> beside the state. The intent is on the disk before the act; where it cannot be, nothing is done.</summary>
/// <remarks>A file of its own: a state that is set aside takes no record of deeds along, and the lock on it keeps a second agent from acting. A journal that cannot be
/// read stays where it is and forbids every act until a person has moved it. One caller at a time; <see cref="History"/> and <see cref="Fault"/> are for any thread.</remarks>
public sealed partial class RemediationJournal : IDisposable
{
    /// <summary>Steps that are kept.</summary>
    public const int Kept = 2000;

    public const string FileName = "journal.db";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Func<string, JournalDatabase> _open;
    private readonly int _kept;
    private readonly Dictionary<string, StepRecord?> _owed = new(StringComparer.Ordinal); // what the disk lacks; null: a row too many
    private JournalDatabase? _database;
    private Task _work = Task.CompletedTask;
    private bool _isLoaded;
    private volatile RemediationHistory _history = RemediationHistory.Empty;
    private volatile string? _fault = "The journal is not read yet.";

    public RemediationJournal(string folder, TimeProvider time, ILogger<RemediationJournal> logger)
        : this(folder, time, logger, file => JournalDatabase.Open(file, JournalSchema.Steps), Kept)
    {
    }

    internal RemediationJournal(string folder, TimeProvider time, ILogger logger, Func<string, JournalDatabase> open, int kept)
    {
        _folder = folder;
        _time = time;
        _logger = logger;
        _open = open;
        _kept = kept;
    }

    /// <summary>What was done, as far as this process knows: an outcome is in it also while the disk refuses it.</summary>
    public RemediationHistory History => _history;

    /// <summary>Null when the journal is whole and on the disk; else, in a sentence, why nothing may be done.</summary>
    public string? Fault => _fault;

    /// <summary>Reads the journal if that was not done, and writes what the disk refused. Called at the start, and again while there is a <see cref="Fault"/>. A disk that hangs
    /// is waited for a while: it goes on the moment it answers.</summary>
    /// <returns>The <see cref="Fault"/>.</returns>
    public async Task<string?> RecoverAsync()
    {
        if (!_work.IsCompleted)
            await _work.WaitAsync(Patience, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return await CommitAsync([]);
    }

    /// <summary>Writes the intent, before the act.</summary>
    /// <returns>Null when it is on the disk. Else why not, in a sentence: the act must not be done.</returns>
    public async Task<string?> IntendAsync(StepRecord record)
    {
        if (!_isLoaded && await RecoverAsync() is { } unread)
            return unread;
        if (JournalRules.RefuseIntent(_history, record) is { } refusal)
            return refusal;
        var next = _history.With(record);
        var outdated = JournalRules.Outdated(next, _kept);
        if (await CommitAsync([KeyValuePair.Create(record.Step.Id, (StepRecord?)record), .. outdated.Select(old => KeyValuePair.Create(old.Step.Id, (StepRecord?)null))]) is { } fault)
        {
            _owed[record.Step.Id] = null; // the disk may have taken it all the same
            return fault;
        }
        _history = outdated.IsEmpty ? next : new RemediationHistory([.. next.Records.Except(outdated, ReferenceEqualityComparer.Instance).Cast<StepRecord>()]);
        return null;
    }

    /// <summary>Writes what became of a step. It counts from now on; if the disk refuses it, it is written later, and until then nothing else is done.</summary>
    /// <returns>The <see cref="Fault"/>.</returns>
    /// <exception cref="InvalidOperationException">The record contradicts what stands in the journal.</exception>
    public async Task<string?> RecordAsync(StepRecord record)
    {
        JournalRules.CheckChange(_history, record);
        _history = _history.With(record);
        _owed[record.Step.Id] = record;
        return await CommitAsync([]);
    }

    /// <summary>A person has looked into a step of which it was not known what became of it.</summary>
    /// <param name="operation">Whose step it is.</param>
    /// <returns>Null, or why not.</returns>
    public async Task<string?> AcknowledgeAsync(string operation)
    {
        var unknown = _history.Records.LastOrDefault(record => record.Step.Operation == operation && record.NeedsPerson);
        return unknown is null
            ? $"No step of operation {operation} waits for a person."
            : await RecordAsync(unknown with { IsAcknowledged = true, State = StepState.Closed, ClosedAt = _time.GetUtcNow(), Helped = unknown.IsRung ? false : null });
    }

    public void Dispose()
    {
        if (_work.IsCompleted) // else the disk hangs: the process ends without closing it
            _database?.Dispose();
    }

    /// <summary>Writes what is owed, and these.</summary>
    private async Task<string?> CommitAsync(ImmutableArray<KeyValuePair<string, StepRecord?>> changes)
    {
        if (!_work.IsCompleted)
            return Say(Hangs);
        var batch = new Dictionary<string, StepRecord?>(_owed, StringComparer.Ordinal);
        foreach (var (id, record) in changes)
            batch[id] = record;
        ImmutableArray<StepRecord>? read = null;
        _work = DiskThread.RunAsync(() => read = OnDisk(batch), "journal");
        try
        {
            await _work.WaitAsync(Patience, _time);
        }
        catch (TimeoutException)
        {
            return Say(Hangs);
        }
        catch (Exception fault) when (Explain(fault) is not null)
        {
            return Say(Explain(fault)!);
        }
        if (read is { } records && !_isLoaded)
        {
            _history = new RemediationHistory(records);
            _isLoaded = true;
        }
        _owed.Clear();
        return Say(null);
    }

    /// <returns>What stands there, until that was read once; else null.</returns>
    private ImmutableArray<StepRecord>? OnDisk(Dictionary<string, StepRecord?> batch)
    {
        ImmutableArray<StepRecord>? read = null;
        try
        {
            if (_database is null)
            {
                Directory.CreateDirectory(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                _database = _open(Path.Combine(_folder, FileName));
            }
            if (!_isLoaded)
                read = _database.Read();
            if (batch.Count > 0)
                _database.Write(batch);
            return read;
        }
        catch
        {
            _database?.Dispose(); // after a full disk or an I/O error a new connection is the sure way
            _database = null;
            throw;
        }
    }

    private string Hangs => $"The disk that holds {_folder} (state.path) has not answered for {Patience.TotalSeconds} s: look into the kernel log.";

    private string? Explain(Exception fault) => fault is UnusableStateException broken
        ? $"{broken.Message}: what was done before is not known. Look what the agent did last, then move {FileName} away."
        : StateFault.Explain(fault, _folder, FileName);

    private string? Say(string? fault)
    {
        if (fault is not null && fault != _fault)
            LogRefused(fault);
        else if (fault is null && _fault is not null)
            LogWhole(_folder, _history.Records.Length);
        return _fault = fault;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Nothing is mended while the journal cannot be written. {What}")]
    private partial void LogRefused(string what);

    [LoggerMessage(Level = LogLevel.Information, Message = "The journal of remediation in {Folder} is whole: {Count} steps")]
    private partial void LogWhole(string folder, int count);
}
