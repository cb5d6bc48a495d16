using AIInfra.Core.Health;

namespace AIInfra.Vendors.Nvidia;

/// <summary>What a GPU itself says must be done to bring it back.</summary>
/// <param name="Message">One sentence for the engineer on call.</param>
internal sealed record NvidiaRecovery(int Value, string Name, Severity Severity, Cause Cause, SuggestedAction Action, string Message)
{
    /// <summary>The Xid that says that the action changed; its kernel-log line carries the values, its event does not.</summary>
    public const int Xid = 154;

    private static readonly NvidiaRecovery[] Known =
    [
        new(0, "none", Severity.Info, Cause.Hardware, SuggestedAction.None, "The GPU needs no recovery."),
        new(1, "GPU reset", Severity.Fatal, Cause.Hardware, SuggestedAction.ResetDevice, "The GPU asks to be reset once no process uses it."),
        new(2, "node reboot", Severity.Fatal, Cause.Hardware, SuggestedAction.Reboot, "The GPU asks for a reboot of the node: a reset would not bring it back."),
        new(3, "drain P2P", Severity.Degraded, Cause.Fabric, SuggestedAction.Drain, "The GPU asks that jobs using peer-to-peer traffic end; others may go on."),
        new(4, "drain and reset", Severity.Fatal, Cause.Hardware, SuggestedAction.Drain, "The GPU asks for no new work, and for a reset when the running work has ended."),
        new(5, "recover IMEX domain", Severity.Degraded, Cause.Fabric, SuggestedAction.RestartService, "The IMEX domain of the GPU must be recovered."),
        new(6, "bus reset", Severity.Fatal, Cause.Hardware, SuggestedAction.ResetDevice, "The GPU asks for a reset of its bus."),
        new(7, "system reboot", Severity.Fatal, Cause.Hardware, SuggestedAction.Reboot, "The GPU asks for a reboot of the whole system."),
    ];

    /// <summary>A value that is not known is worth an alert: a newer driver may mean anything by it.</summary>
    /// <remarks>Source: nvml.h, <c>nvmlDeviceGpuRecoveryAction_t</c> and field 230; 6 and 7 since driver R610.</remarks>
    public static NvidiaRecovery Of(long value) => value >= 0 && value < Known.Length
        ? Known[value]
        : new(-1, "unknown", Severity.Degraded, Cause.Driver, SuggestedAction.Observe, "The GPU asks for a recovery action that this agent does not know.");
}
