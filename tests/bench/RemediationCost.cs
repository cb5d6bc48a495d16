using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics;
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
using AIInfra.Linux.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.Bench;

/// <summary>What it costs to plan, to look round once, and to have a step on the disk.</summary>
internal static class RemediationCost
{
    private const int Problems = 1000, Rounds = 100, Steps = 50, FirstSteps = 15;

    public static async Task RunAsync(TextWriter output)
    {
        var folder = Directory.CreateTempSubdirectory("remediation-").FullName;
        output.Note($"remediation: baseline of a step is a file that is written and synced on the same disk ({folder})");
        Plan(output, "past steps of units", Past);
        Plan(output, "past disruptive steps", (number, at) => Past(number, at) with { IsDisruptive = true });
        Plan(output, "past steps on the same ladder and subject", OnTheNode, _ => Subject.Node);
        await TurnAsync(output, Path.Combine(folder, "turn"));
        await FirstStepAsync(output, Path.Combine(folder, "first"));
        await StepAsync(output, folder);
        Directory.Delete(folder, recursive: true);
    }

    /// <param name="kind">Of the history, in words.</param>
    /// <param name="on">The subject of the problem with that number; null: a device each.</param>
    private static void Plan(TextWriter output, string kind, Func<int, DateTimeOffset, StepRecord> past, Func<int, Subject>? on = null)
    {
        var (at, policy) = (DateTimeOffset.UtcNow, Policy());
        var planner = new Planner(policy);
        var now = new PlanSnapshot
        {
            Mode = RemediationMode.On,
            BootId = "boot",
            Moves = PodMoves.Able,
            Devices = Problems,
            Busy = [],
            Problems = [.. Enumerable.Range(0, Problems).Select(number => on is null ? Fault(number, at) : Fault(number, at) with { Subject = on(number), FirstSeen = at.AddSeconds(-number) })],
        };
        var history = new RemediationHistory([.. Enumerable.Range(0, RemediationJournal.Kept).Select(step => past(step, at))]);
        var (times, spent) = Time(() => planner.Decide(now, history, at));
        output.Row($"remediation: plan, {Problems} problems, {RemediationJournal.Kept} {kind}, p50 ms", times.At(0.5), null, "10");
        output.Row($"remediation: plan, {Problems} problems, {RemediationJournal.Kept} {kind}, p99 ms", times.At(0.99), null, "10");
        output.Row($"remediation: plan, {Problems} problems, {RemediationJournal.Kept} {kind}, p99 ms of a core", spent.At(0.99), null, "10");
    }

    private static async Task TurnAsync(TextWriter output, string folder)
    {
        using var health = new HealthBoard(TimeProvider.System, "boot", Enumerable.Range(0, Problems).Select(device => Fault(device, DateTimeOffset.UtcNow)));
        using var journal = new RemediationJournal(folder, TimeProvider.System, NullLogger<RemediationJournal>.Instance);
        var engine = Engine(RemediationMode.DryRun, Policy(), health, journal, folder, []);
        List<double> times = [];
        for (var round = 0; round < Rounds; round++)
        {
            var started = Stopwatch.GetTimestamp();
            await engine.TurnAsync(CancellationToken.None);
            if (round >= 10)
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        output.Row($"remediation: the engine's turn over {Problems} problems, nothing due, p50 ms", times.At(0.5));
    }

    /// <summary>The engine's own loop over a board that changes every 20 ms: from a fault to its first step, whose intent is on the disk by then.</summary>
    private static async Task FirstStepAsync(TextWriter output, string folder)
    {
        using var health = new HealthBoard(TimeProvider.System, "boot", []);
        using var journal = new RemediationJournal(folder, TimeProvider.System, NullLogger<RemediationJournal>.Instance);
        var restarts = new Restarts(health);
        var (policy, errors) = PolicyReader.Read(
            "bench", "limits: { repeatsPerDay: 100 }\nladders:\n  - { name: a, problems: [bench.unit], persists: 1s, rungs: [{ do: restart-unit, cooldown: 0s, attempts: 100, stable: 0s }] }\n", ActionSet.Of([restarts]), VerificationNames.BuiltIn);
        if (!errors.IsEmpty)
            throw new InvalidOperationException(errors[0].ToString());
        using var end = new CancellationTokenSource();
        var run = Engine(RemediationMode.On, policy, health, journal, folder, [restarts]).RunAsync(end.Token);
        var noise = Task.Run(async () =>
        {
            for (var number = 0; !end.IsCancellationRequested; number++, await Task.Delay(20))
                health.Report(Report("bench.noise", Subject.Device($"GPU-{number % 200}"), SuggestedAction.Observe));
        });
        List<double> beyond = [];
        for (var round = 0; round < FirstSteps; round++)
        {
            await Task.Delay(137); // at any moment of the engine's beat
            var (unit, started) = (new Subject(SubjectKind.Unit, $"unit-{round}"), Stopwatch.GetTimestamp());
            var begun = restarts.NextAsync();
            health.Report(Report("bench.unit", unit, SuggestedAction.RestartService));
            beyond.Add(Stopwatch.GetElapsedTime(started, await begun.WaitAsync(TimeSpan.FromMinutes(2))).TotalMilliseconds - 1000);
        }
        await end.CancelAsync();
        await Task.WhenAll(noise, run.ContinueWith(_ => { }, TaskScheduler.Default));
        output.Row("remediation: fault to first step beyond its hold, the board changes every 20 ms, p50 ms", beyond.At(0.5), null, "2000");
        output.Row("remediation: fault to first step beyond its hold, the board changes every 20 ms, longest ms", beyond.Max(), null, "2000");
    }

    private static RemediationEngine Engine(RemediationMode mode, RemediationPolicy policy, HealthBoard health, RemediationJournal journal, string folder, IEnumerable<IRemediationAction> actions)
    {
        var (orders, inventory) = (new RemediationOrders(folder, TimeProvider.System), new InventoryBoard());
        var boards = new OutlookBoards(
            health, inventory, new ProbeBoard(), new PodResourcesBoard(), new OfferBoard(inventory, [], NullLogger<OfferBoard>.Instance), new VendorReleases(TimeProvider.System, []),
            new HostPaths { Root = folder }, [], []);
        return new RemediationEngine(
            new RemediationOptions(mode, policy),
            new EngineParts(health, journal, orders, new RemediationBoard(), ActionSet.Of(actions), [], (_, _) => Task.FromResult<string?>(null)),
            new NodeOutlook(boards, mode, policy, orders, journal, TimeProvider.System),
            new Verifier(health, new NoLooks(), FrozenDictionary<string, IVerificationProbe>.Empty, policy, TimeProvider.System), TimeProvider.System, NullLogger.Instance);
    }

    private static async Task StepAsync(TextWriter output, string folder)
    {
        using var journal = new RemediationJournal(Path.Combine(folder, "journal"), TimeProvider.System, NullLogger<RemediationJournal>.Instance);
        await journal.RecoverAsync();
        List<double> intents = [], outcomes = [], files = [];
        for (var step = 0; step < Steps; step++)
        {
            var record = Past(step, DateTimeOffset.UtcNow) with { State = StepState.Intended, Result = null, ActedAt = null, ClosedAt = null, Helped = null, IsRung = false };
            var started = Stopwatch.GetTimestamp();
            await journal.IntendAsync(record);
            intents.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            started = Stopwatch.GetTimestamp();
            await journal.RecordAsync(record.With(ActionResult.Done("done"), DateTimeOffset.UtcNow));
            outcomes.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            started = Stopwatch.GetTimestamp();
            using (var file = new FileStream(Path.Combine(folder, $"plain-{step}"), FileMode.Create))
            {
                file.Write(new byte[1000]);
                file.Flush(flushToDisk: true);
            }
            files.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        output.Row("remediation: intent on the disk, one sync, p50 ms", intents.At(0.5), files.At(0.5));
        output.Row("remediation: outcome on the disk, one sync, p50 ms", outcomes.At(0.5), files.At(0.5));
    }

    /// <returns>By the clock, and by what the thread was given of a core: on a busy machine the first says more of the others.</returns>
    private static (List<double> Times, List<double> Spent) Time(Action work)
    {
        var (times, spent) = (new List<double>(), new List<double>());
        for (var round = 0; round < Rounds + 50; round++)
        {
            var (started, before) = (Stopwatch.GetTimestamp(), ThreadClock.CpuTime());
            work();
            if (round < 50)
                continue;
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            spent.Add((ThreadClock.CpuTime() - before).TotalMilliseconds);
        }
        return (times, spent);
    }

    private static RemediationPolicy Policy() => PolicyReader.Load(null, ActionSet.Of([]), VerificationNames.BuiltIn).Policy;

    private static Problem Fault(int device, DateTimeOffset at) => new()
    {
        Id = "nvidia.xid.79",
        Subject = Subject.Device($"GPU-{device}"),
        Severity = Severity.Fatal,
        Cause = Cause.Hardware,
        Action = SuggestedAction.Reboot,
        Clearing = Clearing.OnBoot,
        Message = "m",
        FirstSeen = at,
        LastSeen = at,
        Count = 1,
        Evidence = [],
        BootId = "boot",
    };

    private static StepRecord OnTheNode(int number, DateTimeOffset at)
    {
        var past = Past(number, at);
        return past with { Ladder = "off-the-bus", Helped = false, Step = past.Step with { Subject = Subject.Node } };
    }

    private static StepRecord Past(int number, DateTimeOffset at) => new()
    {
        Step = new ActionStep
        {
            Id = $"op-{number}-0",
            Operation = $"op-{number}",
            Action = "restart-unit",
            Arguments = [],
            Subject = new Subject(SubjectKind.Unit, $"unit-{number % 50}"),
            ProblemId = "kubelet.unhealthy",
            Deadline = TimeSpan.FromMinutes(1),
            BootId = "boot",
        },
        Ladder = "restart-service",
        Rung = 0,
        State = StepState.Closed,
        IntendedAt = at.AddDays(-8).AddMinutes(number),
        Result = ActionResult.Done("done"),
        ActedAt = at.AddDays(-8),
        ClosedAt = at.AddDays(-8),
        Helped = true,
        IsRung = true,
    };

    private static ProblemReport Report(string id, Subject subject, SuggestedAction action) => new()
    {
        Id = id,
        Subject = subject,
        Severity = Severity.Degraded,
        Cause = Cause.Host,
        Action = action,
        Clearing = Clearing.OnHealthyReading,
        Message = "m",
        Evidence = "e",
        At = DateTimeOffset.UtcNow,
        FlapWindow = TimeSpan.Zero,
    };

    /// <summary>Helps at once, and says when it was begun.</summary>
    private sealed class Restarts(HealthBoard health) : IRemediationAction
    {
        private TaskCompletionSource<long> _next = new();

        public string Name => "restart-unit";
        public bool IsDisruptive => false;

        public Task<long> NextAsync() => (_next = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

        public string? Refuse(ImmutableArray<string> arguments) => null;

        public Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken) => Task.FromResult(Preparation.Ready(new ActionProof(ProofKind.Level, "")));

        public Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken)
        {
            _next.TrySetResult(Stopwatch.GetTimestamp());
            health.ReportHealthy(planned.ProblemId, planned.Subject, "well");
            return Task.FromResult(ActionResult.Done("done"));
        }

        public Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken) => Task.FromResult(ActionResult.Unknown("not known"));
    }

    private sealed class NoLooks : IProblemLooks
    {
        public Task LookForAsync(string problemId, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
