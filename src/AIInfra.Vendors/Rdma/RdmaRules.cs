using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorFiles;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Rdma;

/// <summary>What the ports' states and counters mean for health. A link that is down is the same problem as the kernel's line about it.</summary>
/// <remarks>A port that never had a link since the driver was loaded is taken for one that nobody uses: it is recorded and takes nothing away.</remarks>
internal sealed class RdmaRules : IReadingRules
{
    public const string LinkDownId = "rdma.link-down", ErrorsId = "rdma.port-errors";

    private static readonly int Ports = RdmaFields.Table["ports"], Active = RdmaFields.Table["ports_active"], Used = RdmaFields.Table["ports_used"], PhysicalState = RdmaFields.Table["physical_state_id"];

    /// <summary>Growth a second above which a link is not good.</summary>
    private static readonly ImmutableArray<(int Place, string Name, double MostPerSecond)> Limits =
    [
        .. new (string Name, double Most)[]
        {
            ("symbol_error_total", 10), ("link_error_recovery_total", 5 / 60.0), ("port_errors_received_total", 10), ("local_ack_timeout_errors_total", 1),
            ("port_discards_transmitted_total", 100), ("roce_slow_restart_used_total", 10), ("local_link_integrity_errors_total", 0), ("excessive_buffer_overrun_errors_total", 0),
        }.Select(limit => (RdmaFields.Table[limit.Name], limit.Name, limit.Most)),
    ];

    private readonly Dictionary<string, DateTimeOffset> _sampled = new(StringComparer.Ordinal);

    public void OnSample(Device device, Reading[]? before, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        if (now[Ports].IsPresent)
            JudgeLinks(device, now, at, board);
        if (before is not null && _sampled.TryGetValue(device.Id, out var last) && at > last)
            JudgeCounters(device, before, now, at - last, at, board);
        _sampled[device.Id] = at;
    }

    private static void JudgeLinks(Device device, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        var (ports, active, used) = (now[Ports].Value, now[Active].Value, now[Used].Value);
        var subject = Subject.Device(device.Id);
        if (active >= used && active > 0)
        {
            board.ReportHealthy(LinkDownId, subject, "every port that was in use is active");
            if (device.NodeName is { } name && device.PciAddress is null)
                board.ReportHealthy(LinkDownId, new Subject(SubjectKind.Port, $"{name}: Port: 1"), "the port is active"); // as the kernel's line names it
            return;
        }
        var (severity, message) = (active, used) switch
        {
            (0, 0) => (Severity.Info, $"No port of {device.NodeName} had a link since its driver was loaded. If it is meant to be used, look at the cable and at the switch's port."),
            (0, _) => (Severity.Fatal, $"{device.NodeName} has lost its link: nothing can be sent over it."),
            _ => (Severity.Degraded, string.Create(CultureInfo.InvariantCulture, $"{used - active} of {ports} ports of {device.NodeName} have lost their link.")),
        };
        board.ReportLasting(new ProblemReport
        {
            Id = LinkDownId,
            Subject = subject,
            Severity = severity,
            Cause = Cause.Fabric,
            Action = severity == Severity.Fatal ? SuggestedAction.Drain : SuggestedAction.Observe,
            Clearing = Clearing.OnHealthyReading,
            Message = message,
            Evidence = string.Create(CultureInfo.InvariantCulture, $"sysfs: {device.NodeName}: {active} of {ports} ports are active{(now[PhysicalState].IsPresent ? $", physical state {now[PhysicalState].Value}" : "")}"),
            At = at,
            Witness = "sysfs",
        });
    }

    /// <summary>Counters start again when the driver is loaded anew: one that went down says nothing.</summary>
    private static void JudgeCounters(Device device, Reading[] before, Reading[] now, TimeSpan elapsed, DateTimeOffset at, HealthBoard board)
    {
        foreach (var (place, name, most) in Limits)
        {
            if (!before[place].IsPresent || !now[place].IsPresent || now[place].Value - before[place].Value is var grown && !(grown > 0 && grown / elapsed.TotalSeconds > most))
                continue;
            board.Report(new ProblemReport
            {
                Id = ErrorsId,
                Subject = Subject.Device(device.Id),
                Severity = Severity.Degraded,
                Cause = Cause.Fabric,
                Action = SuggestedAction.Observe,
                Clearing = Clearing.AfterQuiet(TimeSpan.FromHours(1)),
                Message = $"A port of {device.NodeName} counts errors faster than a good link does.",
                Evidence = string.Create(CultureInfo.InvariantCulture, $"sysfs: {device.NodeName}: {name} grew by {grown} in {elapsed.TotalSeconds:0.#} s"),
                At = at,
            });
        }
    }
}
