using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;

namespace AIInfra.Core.Metrics;

/// <summary>Enumerations as they are written for users, and in the protocol of the fleet.</summary>
public static class Words
{
    public static string Of(VendorState state) => state switch
    {
        VendorState.Starting => "starting",
        VendorState.Ready => "ready",
        VendorState.Absent => "absent",
        _ => "unavailable",
    };

    public static string Of(Severity severity) => severity switch
    {
        Severity.Info => "info",
        Severity.Degraded => "degraded",
        _ => "fatal",
    };

    public static string Of(Cause cause) => cause switch
    {
        Cause.Application => "application",
        Cause.Driver => "driver",
        Cause.Hardware => "hardware",
        Cause.Fabric => "fabric",
        _ => "host",
    };

    public static string Of(SuggestedAction action) => action switch
    {
        SuggestedAction.None => "none",
        SuggestedAction.Observe => "observe",
        SuggestedAction.TellPod => "tell-pod",
        SuggestedAction.RestartService => "restart-service",
        SuggestedAction.ResetDevice => "reset-device",
        SuggestedAction.Drain => "drain",
        SuggestedAction.Reboot => "reboot",
        _ => "replace",
    };

    public static string Of(SubjectKind kind) => kind switch
    {
        SubjectKind.Node => "node",
        SubjectKind.Device => "device",
        SubjectKind.Port => "port",
        SubjectKind.Mount => "mount",
        _ => "unit",
    };

    public static string Of(LinkKind kind) => kind switch
    {
        LinkKind.SameNumaNode => "same-numa-node",
        LinkKind.SameHostBridge => "same-host-bridge",
        LinkKind.PcieSwitches => "pcie-switches",
        LinkKind.SinglePcieSwitch => "single-pcie-switch",
        LinkKind.SameBoard => "same-board",
        LinkKind.Direct => "direct",
        _ => "system",
    };

    public static string Of(DrainScope scope) => scope switch { DrainScope.Device => "device", DrainScope.Node => "node", _ => "none" };

    public static string Of(ActionOutcome outcome) => outcome switch
    {
        ActionOutcome.Done => "done",
        ActionOutcome.Failed => "failed",
        ActionOutcome.NotPossible => "not-possible",
        _ => "unknown",
    };
}
