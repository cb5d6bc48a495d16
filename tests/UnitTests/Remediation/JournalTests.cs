using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Journal;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Testing;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.UnitTests.Remediation;

public sealed class JournalTests : IDisposable
{
    private static readonly string[] Later = [.. JournalSchema.Steps, "ALTER TABLE steps ADD COLUMN note TEXT"];

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("journal-");
    private readonly ManualTime _time = new(TestActions.Start);
    private RemediationJournal _journal;

    public JournalTests() => _journal = Make();

    private string File => Path.Combine(_root.FullName, "journal.db");

    public void Dispose()
    {
        _journal.Dispose();
        _root.Delete(recursive: true);
    }

    [Fact]
    public async Task What_was_written_is_read_back_as_the_history_of_the_planner()
    {
        var intent = Record("a1-0") with { Evidence = "/var/lib/aiinfra/evidence/a1-0", Ladder = "reset \"显卡\"", Rung = 2, IsDisruptive = true };
        intent = intent with { Step = intent.Step with { Arguments = ["x", ""], ResetGroup = ["GPU-0", "GPU-1"], Drain = DrainScope.Device } };
        Assert.Null(await _journal.IntendAsync(intent));
        Assert.Null(await _journal.RecordAsync(intent.With(ActionResult.Done("done"), _time.GetUtcNow())));
        var before = _journal.History.Records[0];

        await ReopenAsync();

        var after = Assert.Single(_journal.History.Records);
        Assert.Equal(["x", ""], after.Step.Arguments);
        Assert.Equal(["GPU-0", "GPU-1"], after.Step.ResetGroup);
        Assert.Equal(before, after with { Step = before.Step });
        Assert.Equal(before.Step, after.Step with { Arguments = before.Step.Arguments, ResetGroup = before.Step.ResetGroup });
        Assert.Equal("a1", _journal.History.Open?.Id);
    }

    [Fact]
    public async Task An_intent_is_on_the_disk_before_its_answer_comes()
    {
        Assert.Null(await _journal.IntendAsync(Record("a1-0")));

        var copy = _root.CreateSubdirectory("copy"); // as a power cut would leave it
        foreach (var file in _root.GetFiles())
            file.CopyTo(Path.Combine(copy.FullName, file.Name));
        using var left = Make(folder: copy.FullName);
        Assert.Null(await left.RecoverAsync());
        Assert.Equal(StepState.Intended, Assert.Single(left.History.Records).State);
    }

    [Fact]
    public async Task Nothing_is_begun_twice_or_beside_what_is_unsettled_or_unknown()
    {
        var first = Record("a1-0");
        Assert.Null(await _journal.IntendAsync(first));
        Assert.Contains("not settled", await _journal.IntendAsync(Record("a2-0")), StringComparison.Ordinal);
        await _journal.RecordAsync(first.With(ActionResult.Unknown("no proof"), _time.GetUtcNow()));
        Assert.Contains("approve a1", await _journal.IntendAsync(Record("a2-0")), StringComparison.Ordinal);

        Assert.Contains("No step", await _journal.AcknowledgeAsync("a2"), StringComparison.Ordinal);
        Assert.Null(await _journal.AcknowledgeAsync("a1"));
        Assert.Contains("twice", await _journal.IntendAsync(first), StringComparison.Ordinal);
        Assert.Null(await _journal.IntendAsync(Record("a2-0")));
        await ReopenAsync();
        Assert.True(_journal.History.Records[0] is { IsAcknowledged: true, NeedsPerson: false, Helped: false });
    }

    [Fact]
    public async Task A_change_that_contradicts_the_journal_is_refused()
    {
        var intent = Record("a1-0");
        await Assert.ThrowsAsync<InvalidOperationException>(() => _journal.RecordAsync(intent.With(ActionResult.Done("d"), _time.GetUtcNow())));
        await _journal.IntendAsync(intent);
        await Assert.ThrowsAsync<InvalidOperationException>(() => _journal.RecordAsync(intent with { State = StepState.Closed }));
        var failed = intent.With(ActionResult.Failed("f"), _time.GetUtcNow());
        await _journal.RecordAsync(failed);
        await Assert.ThrowsAsync<InvalidOperationException>(() => _journal.RecordAsync(intent));
        await Assert.ThrowsAsync<InvalidOperationException>(() => _journal.RecordAsync(failed with { Result = ActionResult.Done("d") }));
        await Assert.ThrowsAsync<InvalidOperationException>(() => _journal.RecordAsync(failed with { Helped = true }));
    }

    [Fact]
    public async Task A_full_disk_refuses_the_intent_and_the_refused_step_is_not_in_the_journal_later()
    {
        var isFull = true;
        Reset(Make(file => isFull ? throw new SqliteException("full", 13) : JournalDatabase.Open(file, JournalSchema.Steps)));

        var why = await _journal.IntendAsync(Record("a1-0"));
        Assert.Equal($"The disk that holds {_root.FullName} (state.path) is full: free some space.", why);
        Assert.Equal(why, _journal.Fault);
        isFull = false;
        Assert.Null(await _journal.RecoverAsync());
        Assert.Empty(_journal.History.Records);
        Assert.Null(await _journal.IntendAsync(Record("a1-0")));
    }

    [Fact]
    public async Task A_disk_that_hangs_refuses_the_intent_and_what_it_wrote_late_is_taken_back()
    {
        using var answers = new ManualResetEventSlim(initialState: true);
        Reset(Make(file =>
        {
            answers.Wait();
            return JournalDatabase.Open(file, [.. JournalSchema.Steps, "CREATE TRIGGER t BEFORE INSERT ON steps WHEN new.id = 'bad-0' BEGIN SELECT RAISE(FAIL, 'no'); END"]);
        }));
        Assert.Contains("journal.db", await _journal.IntendAsync(Record("bad-0")), StringComparison.Ordinal); // the next write opens it anew
        answers.Reset();

        var intent = _journal.IntendAsync(Record("a1-0"));
        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(5));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Contains("has not answered for 5 s", await intent, StringComparison.Ordinal);
        Assert.Contains("has not answered for 5 s", await _journal.IntendAsync(Record("a2-0")), StringComparison.Ordinal);
        Assert.Empty(_journal.History.Records);

        var recovery = _journal.RecoverAsync();
        Assert.False(recovery.IsCompleted); // it goes on the moment the disk answers
        answers.Set(); // now it writes a1-0
        Assert.Null(await recovery);
        Assert.Empty(_journal.History.Records);
        Assert.Null(await _journal.IntendAsync(Record("a3-0")));
        _journal.Dispose();
        Assert.Equal("a3-0", Scalar("SELECT group_concat(id) FROM steps"));
        Assert.Equal(2L, Scalar("SELECT max(number) FROM steps")); // number 1 was a1-0
    }

    [Fact]
    public async Task An_older_journal_is_brought_to_this_version_and_a_newer_one_forbids_every_act_and_stays()
    {
        await _journal.IntendAsync(Record("a1-0"));
        Reset(Make(file => JournalDatabase.Open(file, Later)));
        Assert.Null(await _journal.RecoverAsync());
        Assert.Equal("a1-0", Assert.Single(_journal.History.Records).Step.Id);
        Assert.Equal(2L, Scalar("PRAGMA user_version"));

        for (var start = 0; start < 2; start++)
        {
            await ReopenAsync(isWhole: false);
            Assert.Contains("journal.db has schema 2, this agent knows up to 1", _journal.Fault, StringComparison.Ordinal);
            Assert.NotNull(await _journal.IntendAsync(Record("a2-0")));
        }
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("foreign")]
    [InlineData("row")]
    public async Task A_journal_that_cannot_be_read_forbids_every_act_until_a_person_moves_it(string how)
    {
        Assert.Null(await _journal.IntendAsync(Record("a1-0")));
        _journal.Dispose();
        if (how == "garbage")
            System.IO.File.WriteAllBytes(File, new byte[5000]);
        else if (how == "foreign")
            Scalar("PRAGMA user_version = 0");
        else
            Scalar("UPDATE steps SET body = '{}'");

        for (var start = 0; start < 2; start++)
        {
            await ReopenAsync(isWhole: false);
            Assert.Contains("move journal.db away", _journal.Fault, StringComparison.Ordinal);
            Assert.Equal(_journal.Fault, await _journal.IntendAsync(Record("a2-0")));
        }
        System.IO.File.Move(File, File + ".old");
        Assert.Null(await _journal.RecoverAsync());
    }

    [Fact]
    public async Task The_oldest_operations_are_forgotten_but_never_what_is_open_or_the_cordon_that_stands()
    {
        Reset(Make(kept: 10));
        var cordon = Record("c0-0") with { IsRung = false };
        cordon = cordon with { Step = cordon.Step with { Action = NodeSteps.Cordon } };
        await CloseAsync(cordon);
        for (var number = 0; number < 30; number++)
            await CloseAsync(Record($"a{number}-0"));
        Assert.Null(await _journal.IntendAsync(Record("b1-0")));

        await ReopenAsync();

        Assert.Equal(["c0", .. Enumerable.Range(22, 8).Select(number => $"a{number}"), "b1"], _journal.History.Operations.Select(operation => operation.Id));
        Assert.Equal("c0-0", _journal.History.CordonedBy?.Step.Id);

        async Task CloseAsync(StepRecord record)
        {
            Assert.Null(await _journal.IntendAsync(record));
            Assert.Null(await _journal.RecordAsync(record.With(ActionResult.Done("done"), _time.GetUtcNow()) with { State = StepState.Closed, Helped = true }));
        }
    }

    [Theory]
    [InlineData("restart", ProofKind.InvocationId, ActionOutcome.Done, ActionOutcome.Done)]
    [InlineData("restart", ProofKind.InvocationId, ActionOutcome.Failed, ActionOutcome.Failed)]
    [InlineData("restart", ProofKind.InvocationId, ActionOutcome.NotPossible, ActionOutcome.Unknown)]
    [InlineData("restart", ProofKind.None, ActionOutcome.Done, ActionOutcome.Unknown)]
    [InlineData("gone", ProofKind.BootId, ActionOutcome.Done, ActionOutcome.Unknown)]
    public async Task An_unfinished_step_is_settled_once_by_proof_alone(string name, ProofKind proof, ActionOutcome found, ActionOutcome settled)
    {
        var intent = Record("a1-0", proof);
        await _journal.IntendAsync(intent with { Step = intent.Step with { Action = name } });
        await ReopenAsync();
        var action = new FoundAction(_ => Task.FromResult(new ActionResult(found, "seen")));
        var resolver = Resolver(action);

        Assert.Null(await resolver.ResolveAsync(TestContext.Current.CancellationToken));
        Assert.Null(await resolver.ResolveAsync(TestContext.Current.CancellationToken));

        var record = Assert.Single(_journal.History.Records);
        Assert.Equal(settled, record.Result?.Outcome);
        Assert.Equal(settled == ActionOutcome.Unknown, record.NeedsPerson);
        Assert.Equal(name == "gone" ? 0 : 1, action.Looks);
    }

    [Fact]
    public async Task A_look_that_hangs_ends_as_unknown_and_one_that_is_cut_off_by_the_agents_end_settles_nothing()
    {
        await _journal.IntendAsync(Record("a1-0", ProofKind.BootId));
        var resolver = Resolver(new FoundAction(async stop =>
        {
            await Task.Delay(Timeout.Infinite, stop);
            throw new InvalidOperationException();
        }));
        using var end = new CancellationTokenSource();
        var look = resolver.ResolveAsync(end.Token);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => look);
        Assert.Equal(StepState.Intended, _journal.History.Records[0].State);

        look = resolver.ResolveAsync(TestContext.Current.CancellationToken);
        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(60));
        _time.Advance(TimeSpan.FromSeconds(60));
        await look;
        Assert.True(_journal.History.Records[0].NeedsPerson);
    }

    private StepResolver Resolver(IRemediationAction action) => new(_journal, new Dictionary<string, IRemediationAction> { [action.Name] = action }.ToFrozenDictionary(), _time);

    private RemediationJournal Make(Func<string, JournalDatabase>? open = null, int kept = RemediationJournal.Kept, string? folder = null) =>
        new(folder ?? _root.FullName, _time, NullLogger.Instance, open ?? (file => JournalDatabase.Open(file, JournalSchema.Steps)), kept);

    private void Reset(RemediationJournal journal)
    {
        _journal.Dispose();
        _journal = journal;
    }

    private async Task ReopenAsync(bool isWhole = true)
    {
        Reset(Make());
        Assert.Equal(isWhole, await _journal.RecoverAsync() is null);
    }

    private object? Scalar(string text)
    {
        _journal.Dispose();
        using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = text;
        return command.ExecuteScalar();
    }

    private StepRecord Record(string id, ProofKind proof = ProofKind.InvocationId) => new()
    {
        Step = new ActionStep
        {
            Id = id,
            Operation = id.Split('-')[0],
            Action = "restart",
            Arguments = [],
            Subject = new Subject(SubjectKind.Unit, "kubelet.service"),
            ProblemId = "host.unit-failed",
            Proof = new ActionProof(proof, "before"),
            Deadline = TimeSpan.FromMinutes(3),
            BootId = "boot-1",
        },
        Ladder = "restart-service",
        Rung = 0,
        State = StepState.Intended,
        IntendedAt = _time.GetUtcNow(),
        IsRung = true,
    };

    /// <summary>Finds what the test says.</summary>
    private sealed class FoundAction(Func<CancellationToken, Task<ActionResult>> look) : IRemediationAction
    {
        public int Looks { get; private set; }
        public string Name => "restart";
        public bool IsDisruptive => false;

        public string? Refuse(ImmutableArray<string> arguments) => null;
        public Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken) => throw new InvalidOperationException("never asked after a crash");
        public Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken) => throw new InvalidOperationException("never done after a crash");

        public Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken)
        {
            Looks++;
            return look(cancellationToken);
        }
    }
}
