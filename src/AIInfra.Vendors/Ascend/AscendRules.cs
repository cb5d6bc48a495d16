using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Ascend;

/// <summary>What DCMI's faults and readings mean for health. The list of codes that stand, read in each round, is the level; events only come sooner.</summary>
internal sealed class AscendRules(AscendFaultTable faults) : IVendorRules
{
    public const string LostId = "ascend.lost", UnhealthyId = "ascend.unhealthy", NetworkId = "ascend.network", LinkDownId = "ascend.link-down";
    /// <summary>The network port has no link: worth nothing for a moment, and the chip when it lasts.</summary>
    public const uint LinkDown = 0x81078603;

    /// <summary>A list of codes may be older than an event that came while it was read: so long the event stands against it.</summary>
    private static readonly TimeSpan ListMayLag = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LinkDownTooLong = TimeSpan.FromSeconds(20), LinkUpLongEnough = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan QuietAfterOne = TimeSpan.FromHours(1);

    private static readonly int Codes = AscendFields.Table["error_codes"], FirstCode = AscendFields.Table["error_code_0"], Health = AscendFields.Table["health"], Network = AscendFields.Table["network_health"];
    private static readonly int[] SinceReset = [AscendFields.Table["ecc_volatile_corrected_total"], AscendFields.Table["ecc_volatile_uncorrected_total"]];

    private readonly Lock _gate = new();
    private readonly AscendRepeats _repeats = new();
    private readonly Dictionary<(string Device, uint Code), DateTimeOffset> _told = [];
    private readonly Dictionary<string, DateTimeOffset> _linkUp = new(StringComparer.Ordinal); // since when, of those that were down

    public void OnEvent(Device? device, VendorEvent happened, DateTimeOffset at, HealthBoard board)
    {
        var (code, severity) = AscendEvent.Parse(happened.Value);
        var fault = faults[code, severity];
        var subject = device is null ? Subject.Node : Subject.Device(device.Id);
        var evidence = string.Create(CultureInfo.InvariantCulture, $"DCMI event: {happened.Kind} 0x{code:X8}, severity {severity}");
        lock (_gate)
        {
            if (happened.Kind == AscendEvent.Recovered)
            {
                _told.Remove((subject.Id, code));
                board.ReportOver(fault.ProblemId, subject, evidence);
                return;
            }
            if (device is null)
            {
                // Nobody knows which chip it is about: worth an alert, no reason to empty the whole node.
                fault = fault with { Severity = fault.Severity == Severity.Fatal ? Severity.Degraded : fault.Severity, Clearing = Clearing.AfterQuiet(QuietAfterOne) };
            }
            else if (happened.Kind == AscendEvent.OneOff)
            {
                fault = fault with { Clearing = fault.Severity == Severity.Fatal ? Clearing.OnReset : Clearing.AfterQuiet(QuietAfterOne) };
            }
            else
            {
                _told[(subject.Id, code)] = at;
                if (Stands(board, fault.ProblemId, subject))
                    return; // the list of codes had it first
            }
            Raise(fault, subject, evidence, at, board);
        }
    }

    public void OnSample(Device device, Reading[]? before, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        if (device.ParentId is not null)
            return; // all that can be wrong is its chip's
        var subject = Subject.Device(device.Id);
        board.ReportHealthy(LostId, subject, "the chip answers");
        if (before is not null && ProofOfReset(before, now) is { } proof)
            board.ReportReset(subject, proof);
        lock (_gate)
        {
            JudgeCodes(subject, now, at, board);
            JudgeLink(subject, now, at, board);
        }
        JudgeHealth(subject, now, at, board);
        JudgeNetwork(subject, before, now, at, board);
    }

    public void OnLost(Device device, VendorException fault, DateTimeOffset at, HealthBoard board) => board.Report(Report(
        LostId, Subject.Device(device.Id), Severity.Fatal, Cause.Hardware, SuggestedAction.ResetDevice, "The NPU does not answer its driver: the work on it is lost.", fault.Message, at));

    private void JudgeCodes(Subject subject, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        if (!now[Codes].IsPresent)
            return;
        var count = (int)now[Codes].Value;
        if (count == 0 && !HasAny(board, subject))
            return; // nearly always
        var standing = new HashSet<uint>();
        foreach (var problem in board.Current.Value.Problems)
        {
            if (problem.Subject == subject && AscendFaultTable.CodeOf(problem.Id) is { } code)
                standing.Add(code);
        }
        for (var place = 0; place < Math.Min(count, AscendFields.Codes); place++)
        {
            if (!now[FirstCode + place].IsPresent)
                continue;
            var code = (uint)now[FirstCode + place].Value;
            if (!standing.Remove(code))
                Raise(faults[code, Severest(now)], subject, string.Create(CultureInfo.InvariantCulture, $"DCMI error code 0x{code:X8}"), at, board);
        }
        if (count > AscendFields.Codes)
            return; // what is not among the first may be among the others
        foreach (var code in standing)
        {
            if (_told.TryGetValue((subject.Id, code), out var told) && at - told < ListMayLag)
                continue;
            _told.Remove((subject.Id, code));
            board.ReportHealthy(AscendFaultTable.IdOf(code), subject, "DCMI no longer lists the code");
        }
    }

    /// <summary>A link that is down for long takes the chip out, and must be up for long to bring it back.</summary>
    private void JudgeLink(Subject subject, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        if (!now[Codes].IsPresent)
            return;
        var problems = board.Current.Value.Problems;
        if (problems.FirstOrDefault(problem => problem.Subject == subject && problem.Id == AscendFaultTable.IdOf(LinkDown)) is { Over: null } down)
        {
            _linkUp.Remove(subject.Id);
            if (at - down.FirstSeen >= LinkDownTooLong && !Stands(board, LinkDownId, subject))
                board.Report(Report(LinkDownId, subject, Severity.Fatal, Cause.Fabric, SuggestedAction.Drain, "The NPU's network port has had no link for 20 s or more: work over several nodes cannot go on there.",
                    string.Create(CultureInfo.InvariantCulture, $"DCMI error code 0x{LinkDown:X8} since {down.FirstSeen.UtcDateTime:HH:mm:ss}Z"), at));
            return;
        }
        if (!Stands(board, LinkDownId, subject))
            return;
        if (!_linkUp.TryGetValue(subject.Id, out var since))
            _linkUp[subject.Id] = at;
        else if (at - since >= LinkUpLongEnough && _linkUp.Remove(subject.Id))
            board.ReportHealthy(LinkDownId, subject, "the link has been up for 60 s");
    }

    private static void JudgeHealth(Subject subject, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        if (!now[Health].IsPresent)
            return;
        var isExplained = now[Codes] is { IsPresent: true, Value: > 0 };
        if (now[Health].Value < 2 || isExplained)
        {
            board.ReportHealthy(UnhealthyId, subject, isExplained ? "its faults are named" : string.Create(CultureInfo.InvariantCulture, $"DCMI health {now[Health].Value}"));
            return;
        }
        var (severity, action, word) = now[Health].Value == 3 ? (Severity.Fatal, SuggestedAction.Drain, "critical") : (Severity.Degraded, SuggestedAction.Observe, "bad");
        if (Stands(board, UnhealthyId, subject, severity))
            return;
        board.ReportHealthy(UnhealthyId, subject, "another state"); // a milder report below a standing one would change no word of it
        board.Report(Report(UnhealthyId, subject, severity, Cause.Hardware, action, $"The driver calls the NPU's health {word} and names no fault that would explain it.",
            string.Create(CultureInfo.InvariantCulture, $"DCMI health {now[Health].Value}"), at));
    }

    private static void JudgeNetwork(Subject subject, Reading[]? before, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        if (now[Network] is { IsPresent: true, Value: 0 or 6 })
            board.ReportHealthy(NetworkId, subject, "DCMI: the port reaches its partner");
        else if (now[Network].IsPresent && before?[Network] != now[Network])
            board.Report(Report(NetworkId, subject, Severity.Degraded, Cause.Fabric, SuggestedAction.Observe, $"The NPU's own network port does not reach the address that it is set to check: {Reason((int)now[Network].Value)}.",
                string.Create(CultureInfo.InvariantCulture, $"DCMI network health {now[Network].Value}"), at));
    }

    private void Raise(AscendFault fault, Subject subject, string evidence, DateTimeOffset at, HealthBoard board)
    {
        board.Report(Report(fault.ProblemId, subject, fault.Severity, fault.Cause, fault.Action, fault.Meaning.English, $"{evidence} ({fault.Level})", at) with { Clearing = fault.Clearing });
        if (subject.Kind == SubjectKind.Device)
            _repeats.Look(fault, subject, at, board);
    }

    /// <summary>Of a code that no table knows, the chip's health says how bad it is.</summary>
    private static int Severest(Reading[] now) => now[Health].IsPresent ? (int)now[Health].Value : 0;

    private static string Reason(int result) => result switch
    {
        1 => "no socket",
        2 => "no answer in time",
        3 => "unreachable",
        4 => "too many hops",
        5 => "a fault of the check",
        7 => "the check does not run",
        _ => "its address is being set",
    };

    private static bool HasAny(HealthBoard board, Subject subject)
    {
        foreach (var problem in board.Current.Value.Problems)
        {
            if (problem.Subject == subject)
                return true;
        }
        return false;
    }

    private static bool Stands(HealthBoard board, string id, Subject subject, Severity? severity = null)
    {
        foreach (var problem in board.Current.Value.Problems)
        {
            if (problem.Id == id && problem.Subject == subject)
                return severity is null || problem.Severity == severity;
        }
        return false;
    }

    /// <summary>Counts since the chip was started.</summary>
    private static string? ProofOfReset(Reading[] before, Reading[] now)
    {
        foreach (var place in SinceReset)
        {
            if (before[place].IsPresent && now[place].IsPresent && now[place].Value < before[place].Value)
                return string.Create(CultureInfo.InvariantCulture, $"{AscendFields.Table.Fields[place].Name} went from {before[place].Value} to {now[place].Value}");
        }
        return null;
    }

    private static ProblemReport Report(string id, Subject subject, Severity severity, Cause cause, SuggestedAction action, string message, string evidence, DateTimeOffset at) => new()
    {
        Id = id,
        Subject = subject,
        Severity = severity,
        Cause = cause,
        Action = action,
        Clearing = Clearing.OnHealthyReading,
        Message = message,
        Evidence = evidence,
        At = at,
    };
}
