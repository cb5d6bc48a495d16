using System.Collections.Frozen;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Core.Remediation.Verification;

namespace AIInfra.UnitTests.Remediation;

/// <summary>What the tests of remediation share.</summary>
internal static class TestActions
{
    public static readonly FrozenDictionary<string, IRemediationAction> All = ActionSet.Of([]);
    public static readonly IReadOnlySet<string> Probes = VerificationNames.BuiltIn;
    public static readonly DateTimeOffset Start = new(2026, 1, 5, 0, 0, 0, TimeSpan.Zero); // a Monday

    public static RemediationPolicy BuiltIn => PolicyReader.Load(null, All, Probes).Policy;

    public static Problem Problem(string id, Subject subject, SuggestedAction action, DateTimeOffset seen, string boot = "boot-1") => new()
    {
        Id = id,
        Subject = subject,
        Severity = Severity.Fatal,
        Cause = Cause.Hardware,
        Action = action,
        Clearing = Clearing.OnBoot,
        Message = "m",
        FirstSeen = seen,
        LastSeen = seen,
        Count = 1,
        Evidence = [],
        BootId = boot,
    };

    public static Problem Xid79(DateTimeOffset seen, string boot = "boot-1") => Problem("nvidia.xid.79", Subject.Device("GPU-0"), SuggestedAction.Reboot, seen, boot);
}
