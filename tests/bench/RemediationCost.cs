using System.Collections.Frozen;
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
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.Bench;

/// <summary>What it costs to plan, to look round once, and to have a step on the disk.</summary>
internal static class RemediationCost
{
    private const int Problems = 1000, Rounds = 100, Steps = 50;

    public static async Task RunAsync(TextWriter output)
    {
        var folder = Directory.CreateTempSubdirectory("remediation-").FullName;
        output.Note($"remediation: baseline of a step is a file that is written and synced on the same disk ({folder})");
        Plan(output);
        await TurnAsync(output, Path.Combine(folder, "turn"));
        await StepAsync(output, folder);
        Directory.Delete(folder, recursive: true);
    }

    private static void Plan(TextWriter output)
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
            Problems = [.. Enumerable.Range(0, Problems).Select(device => Fault(device, at))],
        };
        var history = new RemediationHistory([.. Enumerable.Range(0, RemediationJournal.Kept).Select(step => Past(step, at))]);
        var times = Time(() => planner.Decide(now, history, at));
        output.Row($"remediation: plan, {Problems} problems, {RemediationJournal.Kept} past steps, p50 ms", times.At(0.5), null, "10");
        output.Row($"remediation: plan, {Problems} problems, {RemediationJournal.Kept} past steps, p99 ms", times.At(0.99));
    }

    private static async Task TurnAsync(TextWriter output, string folder)
    {
        using var health = new HealthBoard(TimeProvider.System, "boot", Enumerable.Range(0, Problems).Select(device => Fault(device, DateTimeOffset.UtcNow)));
        using var journal = new RemediationJournal(folder, TimeProvider.System, NullLogger<RemediationJournal>.Instance);
        var (orders, inventory, policy) = (new RemediationOrders(folder, TimeProvider.System), new InventoryBoard(), Policy());
        var boards = new OutlookBoards(
            health, inventory, new ProbeBoard(), new PodResourcesBoard(), new OfferBoard(inventory, [], NullLogger<OfferBoard>.Instance), new VendorReleases(TimeProvider.System, []),
            new HostPaths { Root = folder }, [], []);
        var engine = new RemediationEngine(
            new RemediationOptions(RemediationMode.DryRun, policy),
            new EngineParts(health, journal, orders, new RemediationBoard(), ActionSet.Of([]), [], (_, _) => Task.FromResult<string?>(null)),
            new NodeOutlook(boards, RemediationMode.DryRun, policy, orders, journal, TimeProvider.System),
            new Verifier(health, new NoLooks(), FrozenDictionary<string, IVerificationProbe>.Empty, policy, TimeProvider.System), TimeProvider.System, NullLogger.Instance);
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

    private static List<double> Time(Action work)
    {
        List<double> times = [];
        for (var round = 0; round < Rounds + 50; round++)
        {
            var started = Stopwatch.GetTimestamp();
            work();
            if (round >= 50)
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        return times;
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

    private sealed class NoLooks : IProblemLooks
    {
        public Task LookForAsync(string problemId, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
