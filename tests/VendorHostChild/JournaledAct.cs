using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.InteropServices;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Journal;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.VendorHostChild;

/// <summary>An agent that does one step, as the engine has to: settle what is unfinished, intent, act, outcome. The act writes a new invocation id into the file
/// <c>unit</c> and a line into <c>acts</c>. FOLDER journal KIND WHERE: KIND is the proof, WHERE is the point at which it kills itself, or from which on no file grows (<c>full-before</c>, <c>full-after</c>).</summary>
/// <remarks>What it knows at its end stands in <c>said</c>: the state and outcome of each step, then the fault. Points: before, intended, acted, recorded, resolved, never.</remarks>
internal sealed partial class JournaledAct(string folder, ProofKind kind, string where) : IRemediationAction
{
    public string Name => "restart";
    public bool IsDisruptive => true;

    private string Unit => Path.Combine(folder, "unit");

    internal static async Task<int> RunAsync(string folder, string kind, string where)
    {
        var act = new JournaledAct(folder, Enum.Parse<ProofKind>(kind), where);
        using var journal = new RemediationJournal(folder, TimeProvider.System, NullLogger<RemediationJournal>.Instance);
        await journal.RecoverAsync();
        await new StepResolver(journal, new Dictionary<string, IRemediationAction> { [act.Name] = act }.ToFrozenDictionary(), TimeProvider.System).ResolveAsync(CancellationToken.None);
        act.Reached("resolved");
        if (journal.Fault is null && journal.History.Records.IsEmpty)
            await act.DoAsync(journal);
        File.WriteAllLines(Path.Combine(folder, "said"), [.. journal.History.Records.Select(record => $"{record.State} {record.Result?.Outcome}"), journal.Fault ?? ""]);
        return 0;
    }

    private async Task DoAsync(RemediationJournal journal)
    {
        var record = new StepRecord
        {
            Step = new ActionStep
            {
                Id = "a1-0",
                Operation = "a1",
                Action = Name,
                Arguments = [],
                Subject = Subject.Node,
                ProblemId = "host.test",
                Deadline = TimeSpan.FromMinutes(1),
                BootId = "boot-1",
                Proof = new ActionProof(kind, ReadUnit()),
            },
            Ladder = "test",
            Rung = 0,
            IsRung = true,
            State = StepState.Intended,
            IntendedAt = DateTimeOffset.UtcNow,
        };
        Reached("before");
        if (await journal.IntendAsync(record) is { } refusal)
        {
            Kill(refusal);
            return;
        }
        Reached("intended");
        var result = await RunAsync(record.Step, CancellationToken.None);
        Reached("acted");
        if (await journal.RecordAsync(record.With(result, DateTimeOffset.UtcNow)) is { } fault)
            Kill(fault);
        Reached("recorded");
    }

    public string? Refuse(ImmutableArray<string> arguments) => null;

    public Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken) => throw new UnreachableException();

    public Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        File.AppendAllText(Path.Combine(folder, "acts"), $"{planned.Id}\n");
        File.WriteAllText(Unit + ".new", Guid.NewGuid().ToString());
        File.Move(Unit + ".new", Unit, overwrite: true);
        return Task.FromResult(ActionResult.Done("restarted"));
    }

    public Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        File.AppendAllText(Path.Combine(folder, "resolves"), $"{planned.Id}\n");
        return Task.FromResult(ReadUnit() != planned.Proof.Before ? ActionResult.Done("it runs anew") : ActionResult.Failed("it is the same run"));
    }

    private string ReadUnit() => File.Exists(Unit) ? File.ReadAllText(Unit) : "";

    private void Reached(string point)
    {
        if (where == point)
            Kill(point);
        if ((where == "full-before" && point == "before") || (where == "full-after" && point == "intended"))
            FillDisk();
    }

    /// <summary>Leaves its reason behind, as no other trace of it remains.</summary>
    private void Kill(string why)
    {
        File.WriteAllText(Path.Combine(folder, "killed"), why);
        Process.GetCurrentProcess().Kill(); // SIGKILL: nothing is closed, nothing is flushed
        Thread.Sleep(Timeout.Infinite);
    }

    /// <summary>From now on the log of the journal cannot grow, whoever runs this: as with a full disk, except for the number of the error.</summary>
    private void FillDisk()
    {
        Signal(25, 1); // SIGXFSZ is ignored: the write fails
        var limit = new FileInfo(Path.Combine(folder, RemediationJournal.FileName + "-wal")).Length + 1000; // less than a page; enough for the files of this test
        if (SetLimit(1, [limit, limit]) != 0) // RLIMIT_FSIZE
            throw new IOException($"setrlimit failed with {Marshal.GetLastPInvokeError()}");
    }

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint Signal(int number, nint handler);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetLimit(int resource, long[] limits);
}
