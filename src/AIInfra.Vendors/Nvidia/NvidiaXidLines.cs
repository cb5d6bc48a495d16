using System.Globalization;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Logs;

namespace AIInfra.Vendors.Nvidia;

/// <summary>The line of an Xid. Its code stands in a fixed head; what follows may hold a process's name, which may be anything, so that only
/// the tail after it is believed for details.</summary>
/// <remarks>Heads: <c>NVRM: Xid (PCI:0000:3b:00): 79, pid=48213, name=python3, TEXT</c>; <c>(PCI:0000:01:00 GPU-I:05)</c> and
/// <c>(PCI:0000:01:00 GPU-I:05 GPU-CI:01)</c> for a partition; <c>(0000:04:00): 31, Ch 0000001c</c> of old drivers. Not one:
/// <c>NVRM: Xid error: xyz, invalid data</c>.</remarks>
internal sealed class NvidiaXidLines(NvidiaXidTable xids, NvidiaLinkTable links)
{
    public const int FallenOffBus = 79;
    private const int Contained = 94, Uncontained = 95, SmoothingBack = 162, SmoothingOff = 163, LargestCode = 99_999;

    public static LogVerdict VerdictOf(NvidiaXid xid) =>
        new(xid.ProblemId, xid.Severity, xid.Cause, xid.Action, xid.Clearing, xid.Message) { Rank = NvidiaRank.Of(xid.Code), IsPrecise = xid.Code != NvidiaRules.Doubtful };

    /// <param name="line">One line that begins with <c>NVRM: Xid (</c>.</param>
    public void Read(ReadOnlySpan<byte> line, long number, Func<string, string?> uuidOf, List<LogFinding> findings)
    {
        var rest = new NvidiaLogText(line["NVRM: Xid ("u8.Length..]);
        rest.Take("PCI:"u8);
        (int, int?)? partition = null;
        if (!rest.TakeAddress(out var address) || (rest.Take(" GPU-I:"u8) && !TakePartition(ref rest, out partition)) || !rest.Take("): "u8) || !rest.TakeNumber(out var code) || code > LargestCode || (!rest.Rest.IsEmpty && rest.Rest[0] is not ((byte)',' or (byte)' ' or (byte)'\r')))
            return;
        var finding = new LogFinding
        {
            Verdict = VerdictOf(xids[code]),
            PciAddress = address,
            DeviceId = uuidOf(address),
            Partition = partition,
            Evidence = LogMatcher.Show(line),
            Number = number,
        };
        if (code == NvidiaRecovery.Xid)
            ReadRecovery(finding, rest.Rest, findings);
        else
            findings.Add(finding with { Verdict = Refine(code, finding.Verdict, rest.Rest) });
        if (code == SmoothingBack)
            findings.Add(finding with { Verdict = VerdictOf(xids[SmoothingOff]), IsClear = true });
    }

    /// <summary><c>05</c>, or <c>05 GPU-CI:01</c>: in decimal.</summary>
    private static bool TakePartition(ref NvidiaLogText rest, out (int, int?)? partition)
    {
        partition = null;
        if (!rest.TakeNumber(out var instance))
            return false;
        int? subInstance = null;
        if (rest.Take(" GPU-CI:"u8))
        {
            if (!rest.TakeNumber(out var number))
                return false;
            subInstance = number;
        }
        partition = (instance, subInstance);
        return true;
    }

    private LogVerdict Refine(int code, LogVerdict verdict, ReadOnlySpan<byte> text) => code switch
    {
        Contained or Uncontained => Containment(verdict, text),
        >= NvidiaLinkTable.FirstXid and <= NvidiaLinkTable.LastXid => links.Decode(code, verdict, text),
        _ => CausedBy(verdict, text),
    };

    /// <summary><c>154, GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)</c>. The words vary; the number counts.</summary>
    private static void ReadRecovery(LogFinding finding, ReadOnlySpan<byte> text, List<LogFinding> findings)
    {
        var at = text.LastIndexOf("recovery action changed from "u8);
        var rest = new NvidiaLogText(at < 0 ? default : text[(at + "recovery action changed from "u8.Length)..]);
        if (!rest.TakeHex(out var before) || rest.Rest.IndexOf(") to 0x"u8) is not (>= 0 and var gap))
        {
            findings.Add(finding);
            return;
        }
        rest = new NvidiaLogText(rest.Rest[(gap + ") to "u8.Length)..]);
        if (!rest.TakeHex(out var after))
        {
            findings.Add(finding);
            return;
        }
        var recovery = NvidiaRecovery.Of(after);
        if (after == 0 || NvidiaRecovery.Of(before).Severity > recovery.Severity)
            findings.Add(finding with { IsClear = true, Verdict = finding.Verdict with { Clearing = Clearing.OnHealthyReading } });
        if (after == 0)
        {
            findings.Add(finding with { IsClear = true, Verdict = finding.Verdict with { ProblemId = NvidiaRules.RecoveryId } });
            return;
        }
        findings.Add(finding with
        {
            Verdict = new LogVerdict(finding.Verdict.ProblemId, recovery.Severity, recovery.Cause, recovery.Action, Clearing.OnHealthyReading, recovery.Message),
        });
    }

    /// <summary><c>Contained: SM (0x1). RST: No, D-RST: No</c>: the tail says what is needed, better than the code.</summary>
    private static LogVerdict Containment(LogVerdict verdict, ReadOnlySpan<byte> text)
    {
        var at = text.LastIndexOf(" RST: "u8);
        if (at < 0)
            return verdict;
        var rest = new NvidiaLogText(text[(at + " RST: "u8.Length)..]);
        var isReset = rest.Take("Yes"u8);
        if ((!isReset && !rest.Take("No"u8)) || !rest.Take(", D-RST: "u8))
            return verdict;
        if (isReset)
            return verdict with { Severity = Severity.Fatal, Action = SuggestedAction.ResetDevice, Clearing = Clearing.OnReset };
        return rest.Take("Yes"u8)
            ? verdict with { Severity = Severity.Fatal, Action = SuggestedAction.Drain, Clearing = Clearing.OnReset }
            : verdict with { Severity = Severity.Degraded, Action = SuggestedAction.TellPod, Clearing = Clearing.AfterQuiet(TimeSpan.FromHours(24)) };
    }

    /// <summary><c>45, pid=77120, name=python3, Ch 00000004 caused by previous Xid 149</c>.</summary>
    private static LogVerdict CausedBy(LogVerdict verdict, ReadOnlySpan<byte> text)
    {
        var at = text.LastIndexOf(" caused by previous Xid "u8);
        var rest = new NvidiaLogText(at < 0 ? default : text[(at + " caused by previous Xid "u8.Length)..]);
        return rest.TakeNumber(out var cause) && rest.Rest.TrimEnd("\r\n. "u8).IsEmpty
            ? verdict with { Message = string.Create(CultureInfo.InvariantCulture, $"{verdict.Message} The driver names Xid {cause} as its cause.") }
            : verdict;
    }
}
