using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Nvidia.Metrics;

namespace AIInfra.Vendors.Nvidia;

/// <summary>What NVML's events and readings mean for health.</summary>
/// <remarks><para>A double-bit ECC event reports nothing by itself: an Xid (48, 94 or 95) comes with it and says whether the error
/// was contained, so counting both would count one fault twice.</para>
/// <para>Corrected error counts never touch health.</para></remarks>
/// <param name="uptime">How long the node has run.</param>
internal sealed class NvidiaRules(NvidiaXidTable xids, Func<TimeSpan> uptime, NvidiaCounts? counts = null) : IVendorRules
{
    public const string RecoveryId = "nvidia.recovery-action";
    /// <summary>The same from the kernel log, where the line of Xid 154 carries the action.</summary>
    public const string RecoveryXidId = "nvidia.xid.154";
    public const string LostId = "nvidia.gpu-lost";
    public const string MismatchId = "nvidia.api-mismatch";
    /// <summary>See <see cref="ProblemReport.Witness"/>: the kernel log tells of the same Xids.</summary>
    private const string Witness = "nvml";
    /// <summary>A context switch that timed out: mostly a program's fault, at times the GPU's. The GPU's own recovery action decides.</summary>
    public const int Doubtful = 109;
    private const long SmoothingBack = 162, SmoothingOff = 163;

    private static readonly int RecoveryPlace = NvidiaFields.Table["recovery_action"];

    /// <summary>Counters that start from zero when the GPU is reset or its driver is loaded anew, and never go down otherwise.</summary>
    private static readonly (int Place, string Name)[] SinceReset =
    [
        .. new[] { "ecc_volatile_uncorrected_total", "ecc_volatile_corrected_total", "energy_joules_total" }.Select(name => (NvidiaFields.Table[name], name)),
    ];

    private readonly NvidiaWatches _watches = new(uptime);
    /// <summary>Partitions that were sampled, by their board: a reset of the board is one of theirs.</summary>
    private readonly Dictionary<string, HashSet<string>> _partitions = new(StringComparer.Ordinal);

    public void OnEvent(Device? device, VendorEvent happened, DateTimeOffset at, HealthBoard board)
    {
        var subject = (device?.Id ?? happened.DeviceId) is { } id ? Subject.Device(id) : Subject.Node;
        switch (happened.Kind)
        {
            case NvidiaEvent.Xid:
            case NvidiaEvent.MildXid:
                if (subject.Kind == SubjectKind.Device)
                    counts?.SawXid(subject.Id, happened.Value, at);
                ReportXid(subject, happened, at, board);
                break;
            case NvidiaEvent.RecoveryAction:
                ReportRecovery(subject, happened.Value, string.Create(CultureInfo.InvariantCulture, $"NVML event: recovery action {happened.Value}"), at, board);
                break;
            case NvidiaEvent.Unavailable:
                board.Report(Lost(subject, SuggestedAction.Reboot, "NVML event: GPU unavailable", at));
                break;
            default:
                if (NvidiaMemoryEvents.Of(happened, subject, at) is { } report)
                    board.Report(report);
                break;
        }
    }

    public void OnSample(Device device, Reading[]? before, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        if (device.ParentId is { } parent)
        {
            _partitions.TryAdd(parent, new HashSet<string>(StringComparer.Ordinal));
            _partitions[parent].Add(device.Id);
            return; // all that can be wrong is its board's, or comes as an event
        }
        counts?.SawSample(device.Id, now);
        var subject = Subject.Device(device.Id);
        board.ReportHealthy(LostId, subject, "the board answers");

        var recovery = now[RecoveryPlace];
        if (recovery.IsPresent && (recovery.Value == 0 || before?[RecoveryPlace] != recovery))
        {
            if (before?[RecoveryPlace] is { IsPresent: true } last && NvidiaRecovery.Of((long)last.Value).Severity > NvidiaRecovery.Of((long)recovery.Value).Severity)
                board.ReportHealthy(RecoveryId, subject, "a milder recovery action"); // a report below a standing one would change no word of it
            ReportRecovery(subject, (long)recovery.Value,
                recovery.Value == 0 ? "NVML field 230: 0" : string.Create(CultureInfo.InvariantCulture, $"NVML field 230: {recovery.Value}"), at, board);
        }

        _watches.Look(device, now, at, board);

        if (before is not null && !IsAskingForRecovery(recovery) && ProofOfReset(before, now) is { } proof)
        {
            board.ReportReset(subject, proof);
            foreach (var partition in _partitions.GetValueOrDefault(device.Id) ?? [])
                board.ReportReset(Subject.Device(partition), proof);
        }
    }

    /// <summary>The problem clears when the board answers again; an Xid 79 that came with it stays until the node has booted.</summary>
    public void OnLost(Device device, VendorException fault, DateTimeOffset at, HealthBoard board)
    {
        var action = (NvmlReturn)fault.Status switch
        {
            NvmlReturn.ResetRequired => SuggestedAction.ResetDevice,
            NvmlReturn.InsufficientPower => SuggestedAction.Drain, // a hand on the machine is needed
            _ => SuggestedAction.Reboot,
        };
        board.Report(Lost(Subject.Device(device.Id), action, fault.Message, at));
    }

    /// <summary>A driver that was changed under the running node: no program can use a GPU until kernel module and libraries fit again.</summary>
    public bool OnRefused(ImmutableArray<Device> devices, VendorException fault, DateTimeOffset at, HealthBoard board)
    {
        if ((NvmlReturn)fault.Status != NvmlReturn.LibRmVersionMismatch)
            return false;
        foreach (var device in devices)
            board.Report(Mismatch(Subject.Device(device.Id), Severity.Fatal, fault.Message, at));
        if (devices.IsEmpty)
            board.Report(Mismatch(Subject.Node, Severity.Degraded, fault.Message, at)); // nothing is offered that could be taken away
        return true;
    }

    public void OnOpened(ImmutableArray<Device> devices, DateTimeOffset at, HealthBoard board)
    {
        foreach (var device in devices)
            board.ReportHealthy(MismatchId, Subject.Device(device.Id), "the library opens");
        board.ReportHealthy(MismatchId, Subject.Node, "the library opens");
    }

    private void ReportXid(Subject subject, VendorEvent happened, DateTimeOffset at, HealthBoard board)
    {
        var xid = xids[happened.Value];
        var isMild = happened.Kind == NvidiaEvent.MildXid;
        if (isMild)
            xid = xid with { Severity = Severity.Info, Cause = Cause.Application, Action = SuggestedAction.TellPod, Clearing = Clearing.AfterQuiet(TimeSpan.FromHours(1)), Message = $"{xid.Message} The GPU itself asks for no recovery." };
        // Nobody knows which board it is about: worth an alert, no reason to empty the whole node.
        var severity = subject.Kind == SubjectKind.Node && xid.Severity == Severity.Fatal ? Severity.Degraded : xid.Severity;
        var where = happened.Partition is null ? "" : $" on {happened.Partition}";
        board.Report(new ProblemReport
        {
            Id = xid.ProblemId,
            Subject = subject,
            Severity = severity,
            Cause = xid.Cause,
            Action = xid.Action,
            Clearing = subject.Kind == SubjectKind.Node ? Clearing.AfterQuiet(TimeSpan.FromHours(24)) : xid.Clearing,
            Message = xid.Message,
            Evidence = string.Create(CultureInfo.InvariantCulture, $"NVML event: Xid {happened.Value} ({xid.Name}){where}"),
            At = at,
            Rank = NvidiaRank.Of(happened.Value),
            Witness = Witness,
            IsPrecise = isMild,
        });
        if (happened.Value == SmoothingBack)
            board.ReportHealthy(xids[SmoothingOff].ProblemId, subject, "NVML event: Xid 162");
    }

    private static void ReportRecovery(Subject subject, long value, string evidence, DateTimeOffset at, HealthBoard board)
    {
        var recovery = NvidiaRecovery.Of(value);
        if (recovery.Value == 0)
        {
            board.ReportHealthy(RecoveryId, subject, evidence);
            board.ReportHealthy(RecoveryXidId, subject, evidence);
            return;
        }
        board.Report(new ProblemReport
        {
            Id = RecoveryId,
            Subject = subject,
            Severity = recovery.Severity,
            Cause = recovery.Cause,
            Action = recovery.Action,
            Clearing = Clearing.OnHealthyReading,
            Message = recovery.Message,
            Evidence = $"{evidence} ({recovery.Name})",
            At = at,
        });
    }

    private static ProblemReport Lost(Subject subject, SuggestedAction action, string evidence, DateTimeOffset at) => new()
    {
        Id = LostId,
        Subject = subject,
        Severity = Severity.Fatal,
        Cause = Cause.Hardware,
        Action = action,
        Clearing = Clearing.OnHealthyReading,
        Message = "The GPU does not answer its driver: all work on it is lost.",
        Evidence = evidence,
        At = at,
        Rank = NvidiaRank.Lost,
    };

    private static ProblemReport Mismatch(Subject subject, Severity severity, string evidence, DateTimeOffset at) => new()
    {
        Id = MismatchId,
        Subject = subject,
        Severity = severity,
        Cause = Cause.Driver,
        Action = SuggestedAction.Reboot,
        Clearing = Clearing.OnHealthyReading,
        Message = "NVIDIA's libraries and its kernel module are of different versions: no new program can use a GPU until the module is loaded anew, or the node boots.",
        Evidence = evidence,
        At = at,
    };

    private static bool IsAskingForRecovery(Reading recovery) => recovery.State == ReadingState.Unknown || recovery is { IsPresent: true, Value: not 0 };

    /// <summary>A counter that only a reset, or a new load of the driver, sets back. Null when none went down.</summary>
    private static string? ProofOfReset(Reading[] before, Reading[] now)
    {
        foreach (var (place, name) in SinceReset)
        {
            if (before[place].IsPresent && now[place].IsPresent && now[place].Value < before[place].Value)
                return string.Create(CultureInfo.InvariantCulture, $"{name} went from {before[place].Value} to {now[place].Value}");
        }
        return null;
    }
}
