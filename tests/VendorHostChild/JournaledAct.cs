using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.InteropServices;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Engine;
using AIInfra.Core.Remediation.Journal;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Core.Remediation.Verification;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorHost;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.VendorHostChild;

/// <summary>The engine with one problem, and one action against it: the act writes a new invocation id into the file <c>unit</c> and a line into <c>acts</c>.
/// FOLDER journal KIND WHERE: KIND is the proof, WHERE is the point at which it kills itself, or from which on no file grows (<c>full-before</c>, <c>full-after</c>).</summary>
/// <remarks>What it knows at its end stands in <c>said</c>: the state and outcome of each step, then the fault. Points: before, intended, acted, recorded, resolved, verified, never.</remarks>
internal sealed partial class JournaledAct(string folder, ProofKind kind, string where) : IRemediationAction, IVerificationProbe, IProblemLooks
{
    private const int MostTurns = 20;

    private bool _isResolved;

    string IRemediationAction.Name => "restart";
    string IVerificationProbe.Name => "runs";
    public bool IsDisruptive => true;

    private string Unit => Path.Combine(folder, "unit");

    internal static async Task<int> RunAsync(string folder, string kind, string where)
    {
        var act = new JournaledAct(folder, Enum.Parse<ProofKind>(kind), where);
        using var journal = new RemediationJournal(folder, TimeProvider.System, NullLogger<RemediationJournal>.Instance);
        await act.MendAsync(journal);
        File.WriteAllLines(Path.Combine(folder, "said"), [.. journal.History.Records.Select(record => $"{record.State} {record.Result?.Outcome}"), journal.Fault ?? ""]);
        return 0;
    }

    /// <summary>Turns of the engine until there is nothing more to do.</summary>
    private async Task MendAsync(RemediationJournal journal)
    {
        using var health = new HealthBoard(TimeProvider.System, "boot-1", []);
        health.Report(new ProblemReport
        {
            Id = "host.test",
            Subject = Subject.Node,
            Severity = Severity.Fatal,
            Cause = Cause.Host,
            Action = SuggestedAction.Observe,
            Clearing = Clearing.ByHand,
            Message = "m",
            Evidence = "e",
            At = DateTimeOffset.UtcNow.AddMinutes(-1),
        });
        var actions = new Dictionary<string, IRemediationAction> { ["restart"] = this }.ToFrozenDictionary();
        var (policy, errors) = PolicyReader.Read("test", "ladders:\n  - { name: test, problems: [host.test], rungs: [{ do: restart, verify: runs, stable: 0s }] }\n", actions, new HashSet<string> { "runs" });
        if (errors.Length > 0)
            throw new InvalidOperationException(errors[0].ToString());
        var (orders, board, inventory) = (new RemediationOrders(folder, TimeProvider.System), new RemediationBoard(), new InventoryBoard());
        var boards = new OutlookBoards(
            health, inventory, new ProbeBoard(), new PodResourcesBoard(), new OfferBoard(inventory, [], NullLogger<OfferBoard>.Instance), new VendorReleases(TimeProvider.System, []),
            new HostPaths { Root = folder }, [], []);
        var engine = new RemediationEngine(
            new RemediationOptions(RemediationMode.On, policy), new EngineParts(health, journal, orders, board, actions, [], (_, _) => Task.FromResult<string?>(null)),
            new NodeOutlook(boards, RemediationMode.On, policy, orders, journal, TimeProvider.System),
            new Verifier(health, this, new Dictionary<string, IVerificationProbe> { ["runs"] = this }.ToFrozenDictionary(), policy, TimeProvider.System), TimeProvider.System, NullLogger.Instance);
        for (var turn = 0; turn < MostTurns; turn++)
        {
            await engine.TurnAsync(CancellationToken.None);
            if (journal.Fault is { } fault)
            {
                if (where.StartsWith("full", StringComparison.Ordinal))
                    Kill(fault);
                return;
            }
            if (board.Current.Value.Plan.Next is null && journal.History.Records.All(record => record.State == StepState.Closed))
                break;
        }
        Reached("verified");
    }

    public Task LookForAsync(string problemId, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<Verdict> CheckAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        Reached(_isResolved ? "resolved" : "recorded");
        return Task.FromResult(new Verdict(VerdictKind.Good, "It runs."));
    }

    public string? Refuse(ImmutableArray<string> arguments) => null;

    public Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        Reached("before");
        return Task.FromResult(Preparation.Ready(new ActionProof(kind, ReadUnit())));
    }

    public Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        Reached("intended");
        File.AppendAllText(Path.Combine(folder, "acts"), $"{planned.Id}\n");
        File.WriteAllText(Unit + ".new", Guid.NewGuid().ToString());
        File.Move(Unit + ".new", Unit, overwrite: true);
        Reached("acted");
        return Task.FromResult(ActionResult.Done("restarted"));
    }

    public Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        _isResolved = true;
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
