using System.Collections.Immutable;
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
using AIInfra.Testing;

namespace AIInfra.UnitTests.Remediation;

/// <summary>The engine with everything that it needs, on a clock that is turned by hand; the journal is a real one.</summary>
internal sealed class EngineRig : IAsyncDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("engine-");
    private RemediationEngine? _engine;
    private RemediationJournal? _journal;
    private HealthBoard? _health;

    public EngineRig()
    {
        Directory.CreateDirectory(Combine("state"));
        foreach (var name in (string[])["cordon", "drain", "uncordon", "restart-unit", "reset-device", "reboot", "request-replacement"])
            Actions[name] = new FakeAction(name, name is "drain" or "reset-device" or "reboot");
        Inventory.Publish(TestGpus.Inventory(TestGpus.Switched(4)));
    }

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ManualTime Time { get; } = new(TestActions.Start);
    public Dictionary<string, FakeAction> Actions { get; } = new(StringComparer.Ordinal);
    /// <summary>Instead of those of the same name.</summary>
    public List<IRemediationAction> Others { get; } = [];
    public Dictionary<string, IVerificationProbe> Probes { get; } = new(StringComparer.Ordinal);
    public List<IGrants> Grants { get; } = [];
    public FakeStanding Standing { get; } = new();
    public FakeLooks Looks { get; } = new();
    public InventoryBoard Inventory { get; } = new();
    public ProbeBoard ProbeBoard { get; } = new();
    public PodResourcesBoard Pods { get; } = new();
    public RecordedLog<RemediationEngine> Log { get; } = new();
    public List<string> Evidence { get; } = [];
    public Action? DuringEvidence { get; set; }
    public RemediationPolicy Policy { get; set; } = TestActions.BuiltIn;
    public RemediationMode Mode { get; set; } = RemediationMode.On;
    public string BootId { get; set; } = "boot-1";
    public ImmutableArray<string> KubeletRoots { get; set; } = [];

    public HealthBoard Health => _health ??= new HealthBoard(Time, BootId, []);
    public RemediationOrders Orders { get => field ??= new RemediationOrders(State, Time); private set; }
    public RemediationBoard Board { get; private set; } = new();
    public RemediationJournal Journal => _journal ??= new RemediationJournal(State, Time, new RecordedLog<RemediationJournal>());
    public string State => Combine("state");
    public RemediationView View => Board.Current.Value;

    /// <summary>What the actions were asked to do, in order.</summary>
    public List<string> Done { get; } = [];

    public string Combine(string path) => Path.Combine(_root.FullName, path);

    public Task<TimeSpan> TurnAsync(CancellationToken? stop = null) => Engine().TurnAsync(stop ?? Stop);

    public RemediationEngine Engine()
    {
        if (_engine is not null)
            return _engine;
        foreach (var action in Actions.Values)
            action.Done = Done;
        foreach (var name in VerificationNames.BuiltIn)
            Probes.TryAdd(name, new FakeProbe(name));
        var host = new HostPaths { Root = Combine("host") };
        var boards = new OutlookBoards(
            Health, Inventory, ProbeBoard, Pods, new OfferBoard(Inventory, [], new RecordedLog<OfferBoard>()), new VendorReleases(Time, []), host, KubeletRoots, [Standing]);
        var parts = new EngineParts(Health, Journal, Orders, Board, ActionSet.Of([.. Actions.Values.Where(action => Others.All(other => other.Name != action.Name)), .. Others]), [.. Grants], (step, _) =>
        {
            Evidence.Add(step.Action);
            DuringEvidence?.Invoke();
            return Task.FromResult<string?>(Path.Combine(State, "evidence", step.Id));
        }, () => 0);
        return _engine = new RemediationEngine(
            new RemediationOptions(Mode, Policy), parts, new NodeOutlook(boards, Mode, Policy, Orders, Journal, Time),
            new Verifier(Health, Looks, System.Collections.Frozen.FrozenDictionary.ToFrozenDictionary(Probes), Policy, Time), Time, Log);
    }

    /// <summary>Ends the agent, as a crash does, and starts it anew.</summary>
    /// <param name="boot">Null: the same boot.</param>
    /// <param name="keeps">Problems that stand again.</param>
    public void Restart(string? boot = null, bool keeps = true)
    {
        var standing = Health.Current.Value.Problems;
        _journal?.Dispose();
        _health?.Dispose();
        BootId = boot ?? BootId;
        (_engine, _journal, Orders, Board) = (null, null, new RemediationOrders(State, Time), new RemediationBoard());
        _health = new HealthBoard(Time, BootId, keeps ? standing : []);
    }

    /// <summary>Time passes, and the engine looks every second.</summary>
    public async Task PassAsync(TimeSpan time)
    {
        for (var left = time; left > TimeSpan.Zero; left -= TimeSpan.FromSeconds(1))
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            await TurnAsync();
        }
    }

    public void Report(string id, Subject subject, SuggestedAction action, Clearing? clearing = null) => Health.Report(new ProblemReport
    {
        Id = id,
        Subject = subject,
        Severity = Severity.Fatal,
        Cause = Cause.Hardware,
        Action = action,
        Clearing = clearing ?? Clearing.OnReset,
        Message = "m",
        Evidence = "e",
        At = Time.GetUtcNow(),
        FlapWindow = TimeSpan.Zero,
    });

    public void ReportUnit() => Report("kubelet.unhealthy", new Subject(SubjectKind.Unit, "kubelet"), SuggestedAction.RestartService, Clearing.OnHealthyReading);

    public void ReportReset(int device = 0) => Report("nvidia.xid.95", Subject.Device(TestGpus.Id(device)), SuggestedAction.ResetDevice);

    public void ReportXid79() => Report("nvidia.xid.79", Subject.Device(TestGpus.Id(0)), SuggestedAction.Reboot, Clearing.OnBoot);

    public ProblemPlan Plan(string problem) => View.Plan.Problems.Single(plan => plan.ProblemId == problem);

    public async ValueTask DisposeAsync()
    {
        _journal?.Dispose();
        _health?.Dispose();
        Directory.Delete(_root.FullName, recursive: true);
        await Task.CompletedTask;
    }
}

internal sealed class FakeAction(string name, bool isDisruptive) : IRemediationAction
{
    public string Name => name;
    public bool IsDisruptive => isDisruptive;
    public List<string> Done { get; set; } = [];
    public Func<ActionStep, Preparation> Prepares { get; set; } = _ => new Preparation(null, [], new ActionProof(ProofKind.Level, ""), ["victim"]);
    public Func<ActionStep, CancellationToken, Task<ActionResult>> Runs { get; set; } = (_, _) => Task.FromResult(ActionResult.Done("It was done."));
    public Func<ActionStep, ActionResult> Resolves { get; set; } = _ => ActionResult.Unknown("It is not known.");
    public ActionStep? Last { get; private set; }

    public string? Refuse(ImmutableArray<string> arguments) => null;

    public Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken) => Task.FromResult(Prepares(planned));

    public Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        Last = planned;
        Done.Add(name);
        return Runs(planned, cancellationToken);
    }

    public Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken) => Task.FromResult(Resolves(planned));
}

internal sealed class FakeProbe(string name) : IVerificationProbe
{
    public string Name => name;
    public Verdict Verdict { get; set; } = new(VerdictKind.Good, "Good.");
    public int Asked { get; private set; }

    public Task<Verdict> CheckAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        Asked++;
        return Task.FromResult(Verdict);
    }
}

internal sealed class FakeStanding : IStandingSource
{
    public NodeStanding Now { get; set; } = NodeStanding.Nothing;

    public NodeStanding Look(RemediationPolicy policy, ImmutableArray<Problem> problems) => Now;
}

internal sealed class FakeLooks : IProblemLooks
{
    public List<string> Asked { get; } = [];

    public Task LookForAsync(string problemId, CancellationToken cancellationToken)
    {
        Asked.Add(problemId);
        return Task.CompletedTask;
    }
}

internal sealed class FakeGrants : IGrants
{
    public string? Refusal { get; set; }
    public CancellationTokenSource Lost { get; } = new();
    public int Asked { get; private set; }
    public int Held { get; private set; }

    public Task<GrantAnswer> AskAsync(GrantRequest request, CancellationToken cancellationToken)
    {
        Asked++;
        if (Refusal is not null)
            return Task.FromResult(GrantAnswer.Refused(Refusal));
        Held++;
        return Task.FromResult(new GrantAnswer(new Grant(this), ""));
    }

    private sealed class Grant(FakeGrants owner) : IGrant
    {
        public CancellationToken Lost => owner.Lost.Token;
        public bool IsHeld => !owner.Lost.IsCancellationRequested;

        public ValueTask DisposeAsync()
        {
            owner.Held--;
            return ValueTask.CompletedTask;
        }
    }
}
