using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Kubernetes.DevicePlugin;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.Audit;

/// <summary>Once a minute compares who was given a device with who has it open, and reports what does not fit when it was seen twice: a pod that ends, or
/// a driver's helper, is no finding. Takes at most 1/500 of a processor: after a round that was slow, the next comes later.</summary>
public sealed partial class AllocationAudit(
    AuditOptions options, KubeletOptions kubelet, KubeletBoards boards, InventoryBoard inventory, TimeProvider time, ILogger<AllocationAudit> logger) : IWorker
{
    public const string Part = "allocation audit";
    public const string Foreign = "allocation.foreign-use", LeftOpen = "allocation.left-open", Outside = "allocation.outside-pods";
    internal static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private const int Share = 500;

    private static readonly AuditKind[] Kinds = Enum.GetValues<AuditKind>();
    private readonly AuditRound _round = new(options, boards.Host, new PodOfProcess(boards.Host));
    private ImmutableArray<AuditFinding> _before = [];
    private Dictionary<(AuditKind, string), string> _reported = [];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (!options.Enabled || !kubelet.DevicePlugins || !kubelet.PodResources)
            return;
        while (true)
        {
            var started = time.GetTimestamp();
            await Task.Factory.StartNew(() => Step(cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default); // it reads /proc for a while
            var rest = time.GetElapsedTime(started) * Share;
            await Task.Delay(rest > Interval ? rest : Interval, time, cancellationToken);
        }
    }

    /// <summary>One round. While it is not known who holds what, nothing is reported and nothing cleared.</summary>
    internal void Step(CancellationToken cancellationToken)
    {
        var pods = boards.Pods.Current.Value;
        var given = kubelet.Roots.Select(root => KubeletCheckpoint.Read(Path.Combine(root, DevicePluginApi.Folder))).OfType<KubeletCheckpoint>().ToArray();
        if (!pods.IsKnown || given.Length < kubelet.Roots.Length)
        {
            LogSkipped(pods.Reason ?? "a kubelet's checkpoint cannot be read");
            return;
        }
        var found = _round.Find(inventory.Current.Value, boards.Offers.Current.Value, pods, given, cancellationToken);
        var lasting = found.Where(finding => _before.Any(before => (before.Kind, before.DeviceId, before.Process) == (finding.Kind, finding.DeviceId, finding.Process))).ToArray();
        _before = found;
        Report(lasting);
    }

    private void Report(AuditFinding[] lasting)
    {
        var reported = new Dictionary<(AuditKind, string), string>();
        foreach (var group in lasting.GroupBy(finding => (finding.Kind, finding.DeviceId)))
        {
            var processes = string.Join(',', group.Select(finding => finding.Process).Order());
            reported[group.Key] = processes;
            if (_reported.GetValueOrDefault(group.Key) == processes)
                continue; // it stands, and is the same
            foreach (var finding in group.Take(5))
                boards.Health.Report(New(finding, group.Count()));
        }
        foreach (var problem in boards.Health.Current.Value.Problems)
        {
            if (KindOf(problem.Id) is { } kind && !reported.ContainsKey((kind, problem.Subject.Id)))
                boards.Health.ReportHealthy(problem.Id, problem.Subject, "no such process has it open any more");
        }
        _reported = reported;
    }

    private ProblemReport New(AuditFinding finding, int processes) => new()
    {
        Id = IdOf(finding.Kind),
        Subject = Subject.Device(finding.DeviceId),
        Severity = finding.Kind == AuditKind.Outside ? Severity.Info : Severity.Degraded,
        Cause = finding.Kind == AuditKind.LeftOpen ? Cause.Host : Cause.Application,
        Action = SuggestedAction.Observe,
        Clearing = Clearing.OnHealthyReading,
        Message = finding.Kind switch
        {
            AuditKind.Foreign => $"{Count(processes)} of a pod that was not given this device use it: whoever it was given to shares it without knowing.",
            AuditKind.LeftOpen => $"{Count(processes)} of a pod that is gone still use this device: the next pod that gets it finds its memory taken.",
            _ => $"{Count(processes)} outside any pod use this device. A daemon that belongs to the node is named in kubelet.auditAllow.",
        },
        Evidence = finding.Evidence,
        At = time.GetUtcNow(),
        FlapWindow = TimeSpan.Zero, // processes come and go
    };

    private static string Count(int processes) => processes == 1 ? "A process" : $"{processes} processes";
    private static string IdOf(AuditKind kind) => kind switch { AuditKind.Foreign => Foreign, AuditKind.LeftOpen => LeftOpen, _ => Outside };
    private static AuditKind? KindOf(string id) => Kinds.Where(kind => IdOf(kind) == id).Cast<AuditKind?>().FirstOrDefault();

    [LoggerMessage(Level = LogLevel.Debug, Message = "No audit this round: {Reason}")]
    private partial void LogSkipped(string reason);
}
