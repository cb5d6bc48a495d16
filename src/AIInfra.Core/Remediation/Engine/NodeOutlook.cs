using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation.Granting;
using AIInfra.Core.Remediation.Journal;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorHost;

namespace AIInfra.Core.Remediation.Engine;

/// <summary>What the engine reads to see the node.</summary>
/// <param name="KubeletRoots">Where one of them is there, pods may hold devices.</param>
/// <param name="Sources">See <see cref="IStandingSource"/>.</param>
public sealed record OutlookBoards(
    HealthBoard Health, InventoryBoard Inventory, ProbeBoard Probes, PodResourcesBoard Pods, OfferBoard Offers, VendorReleases Releases, HostPaths Host,
    ImmutableArray<string> KubeletRoots, ImmutableArray<IStandingSource> Sources);

/// <summary>Joins all that is known of the node now into what the planner decides by. Reads memory and looks for a few files; waits for nothing.</summary>
internal sealed class NodeOutlook(OutlookBoards boards, RemediationMode mode, RemediationPolicy policy, RemediationOrders orders, RemediationJournal journal, TimeProvider time)
{
    private static readonly string[] ControlPlane = ["kube-apiserver.yaml", "kube-apiserver.yml", "etcd.yaml", "etcd.yml"];

    private readonly Dictionary<(string Id, Subject Subject), Sighting> _seen = [];

    /// <summary>Of the host, by a clock that nobody sets: the monotonic one, which counts from the boot.</summary>
    public PlanTime Now() => new(time.GetUtcNow(), boards.Health.BootId, time.GetElapsedTime(0, time.GetTimestamp()));

    /// <param name="grant">What is held.</param>
    /// <param name="notNow">Operations that were found not possible.</param>
    public PlanSnapshot Look(PlanTime now, GrantState grant, ImmutableDictionary<string, (DateTimeOffset Until, string Why)> notNow)
    {
        var (health, inventory) = (boards.Health.Current.Value, boards.Inventory.Current.Value);
        var standing = Standing(health.Problems);
        var pods = boards.Pods.Current.Value;
        var whole = inventory.Devices.Where(device => device.ParentId is null).ToList();
        return new PlanSnapshot
        {
            Mode = mode,
            Problems = health.Problems,
            BootId = boards.Health.BootId,
            Uptime = now.Uptime,
            Sightings = Sightings(health.Problems, now),
            Incomplete = Incomplete(inventory) ?? standing.Incomplete,
            JournalFault = mode == RemediationMode.Off ? null : journal.Fault,
            Paused = orders.Paused(now),
            Moves = standing.Moves,
            NoMoves = standing.NoMoves,
            WasUncordoned = standing.WasUncordoned,
            NeedsPerson = standing.NeedsPerson ?? LocalControlPlane(),
            Blockers = [.. standing.Blockers, .. LocalBlockers(health.Problems)],
            Released = [.. health.Problems.Where(problem => problem.Id == VendorReleases.ProblemId).Select(problem => problem.Subject)],
            Busy = pods.IsKnown ? [.. pods.ByDevice(boards.Offers.Current.Value).Keys] : HasPods ? null : [],
            Devices = whole.Count,
            Unavailable = [.. whole.Where(device => !health.IsHealthy(device)).Select(device => device.Id)],
            Approved = orders.Approved(now),
            Grant = grant,
            NotNow = notNow,
        };
    }

    /// <summary>For the node's own limits.</summary>
    /// <param name="asked">The device that the request is about; null where it is about none.</param>
    public LocalView Limits(string? asked)
    {
        var (health, devices) = (boards.Health.Current.Value, boards.Inventory.Current.Value.Devices.Where(device => device.ParentId is null).ToList());
        return new LocalView(journal.History, journal.Fault, devices.Count, devices.Count(device => device.Id != asked && !health.IsHealthy(device)), Now());
    }

    private bool HasPods => boards.KubeletRoots.Any(Directory.Exists);

    private NodeStanding Standing(ImmutableArray<Problem> problems)
    {
        var joined = NodeStanding.Nothing;
        foreach (var source in boards.Sources)
            joined = joined.With(source.Look(policy, problems));
        return joined.Moves == PodMoves.NotNeeded && HasPods
            ? joined with { Moves = PodMoves.Unable, NoMoves = "there is a kubelet here, and nobody who can move its pods (remediation.drain, and an API server that is reached)." } : joined;
    }

    /// <summary>Null, or what has not answered since the start of the agent.</summary>
    private string? Incomplete(NodeInventory inventory)
    {
        var starting = inventory.Vendors.Where(vendor => vendor.State == VendorState.Starting).Select(vendor => vendor.Vendor)
            .Concat(boards.Releases.Served.Where(vendor => inventory.Vendors.All(other => other.Vendor != vendor))).Distinct().ToList();
        if (starting.Count > 0)
            return $"the view is not complete after the start: {string.Join(", ", starting)} {(starting.Count == 1 ? "has" : "have")} not answered yet.";
        var waiting = boards.Probes.Current.Value.Values.Where(probe => probe.State == ProbeState.Waiting).Select(probe => probe.Name).ToList();
        return waiting.Count > 0 ? $"the view is not complete after the start: {(waiting.Count == 1 ? $"probe {waiting[0]} has" : $"{waiting.Count} probes ({waiting[0]}, …) have")} not looked yet." : null;
    }

    /// <summary>Known also without an API server: the static pods of a control plane.</summary>
    private string? LocalControlPlane() => ControlPlane.FirstOrDefault(name => File.Exists(Path.Join(boards.Host.Root, "etc/kubernetes/manifests", name))) is { } found
        ? $"this node is of the control plane (/etc/kubernetes/manifests/{found})." : null;

    private IEnumerable<string> LocalBlockers(ImmutableArray<Problem> problems)
    {
        foreach (var file in policy.BlockingFiles.Where(file => File.Exists(Path.Join(boards.Host.Root, file))))
            yield return $"{file} is there (blockingFiles of the policy).";
        foreach (var problem in problems.Where(problem => policy.BlockingProblems.Any(pattern => Ladder.Matches(pattern, problem.Id))))
            yield return $"{problem.Id} stands on {problem.Subject} (blockingProblems of the policy).";
    }

    /// <summary>When each problem was seen, counted by the clock that nobody sets from the moment when the engine took notice of it.</summary>
    private ImmutableDictionary<(string Id, Subject Subject), (DateTimeOffset First, DateTimeOffset Last)> Sightings(ImmutableArray<Problem> problems, PlanTime now)
    {
        var all = ImmutableDictionary.CreateBuilder<(string, Subject), (DateTimeOffset, DateTimeOffset)>();
        var uptime = now.Uptime ?? TimeSpan.Zero;
        foreach (var problem in problems)
        {
            var key = (problem.Id, problem.Subject);
            if (!_seen.TryGetValue(key, out var seen) || seen.FirstSeen != problem.FirstSeen)
                seen = new Sighting(problem.FirstSeen, uptime - now.Since(problem.FirstSeen), problem.LastSeen, uptime - now.Since(problem.LastSeen));
            else if (seen.LastSeen != problem.LastSeen)
                seen = seen with { LastSeen = problem.LastSeen, Last = uptime - now.Since(problem.LastSeen) };
            _seen[key] = seen;
            all[key] = (PlanTime.Nearest(problem.FirstSeen, now.At - (uptime - seen.First)), PlanTime.Nearest(problem.LastSeen, now.At - (uptime - seen.Last)));
        }
        foreach (var gone in _seen.Count > problems.Length ? _seen.Keys.Where(key => !all.ContainsKey(key)).ToList() : [])
            _seen.Remove(gone);
        return all.ToImmutable();
    }

    /// <param name="First">Uptime.</param>
    /// <param name="Last">Uptime.</param>
    private readonly record struct Sighting(DateTimeOffset FirstSeen, TimeSpan First, DateTimeOffset LastSeen, TimeSpan Last);
}
