using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorFiles;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Rdma;

/// <summary>What the ports' states mean for the device: one that has lost its link is given to nobody.</summary>
/// <remarks>A port that never had a link since the driver was loaded is taken for one that nobody uses: it is recorded and takes nothing away. Rates, flaps and counters are judged by the probe <c>rdmaPorts</c>, by port.</remarks>
internal sealed class RdmaRules : IReadingRules
{
    public const string LinkDownId = "rdma.link-down";

    private static readonly int Ports = RdmaFields.Table["ports"], Active = RdmaFields.Table["ports_active"], Used = RdmaFields.Table["ports_used"], PhysicalState = RdmaFields.Table["physical_state_id"];

    public void OnSample(Device device, Reading[]? before, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        if (!now[Ports].IsPresent)
            return;
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
}
