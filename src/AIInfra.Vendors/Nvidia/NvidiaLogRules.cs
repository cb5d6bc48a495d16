using System.Collections.Immutable;
using System.Text;
using AIInfra.Core.Health.Logs;

namespace AIInfra.Vendors.Nvidia;

/// <summary>NVIDIA's lines of the kernel log: Xids, lost boards, NVSwitch SXids. What a pattern can say is in <c>rules.yaml</c>.</summary>
internal sealed class NvidiaLogRules : ILogRules
{
    private const string Pack = "nvidia.rules.yaml";
    /// <summary>Lines of other writers may come between two of one message.</summary>
    private const long MessageLines = 12;
    /// <summary>Longest name of a process (TASK_COMM_LEN of the kernel, with its NUL).</summary>
    private const int LongestName = 16;
    private const int MostBoards = 128, MostLinesInRecord = 16;

    private readonly NvidiaXidLines _xids = new(NvidiaXidTable.Embedded, NvidiaLinkTable.Embedded);
    private readonly NvidiaSxidTable _sxids = NvidiaSxidTable.Embedded;
    private readonly Dictionary<string, string> _uuids = new(StringComparer.Ordinal);
    private (string Address, long Number, string Text)? _lost;

    /// <summary>The rules that are patterns.</summary>
    public static ImmutableArray<LogRule> Rules { get; } = RulePack.ReadEmbedded(typeof(NvidiaLogRules).Assembly, Pack);

    public IReadOnlyList<string> Literals { get; } =
    [
        "NVRM: Xid (", "NVRM: GPU at ", " has fallen off the bus.", "NVRM: The NVIDIA GPU ", "fallen off the bus and is not responding", ": SXid (PCI:",
    ];

    public void Read(in LogLine line, List<LogFinding> findings)
    {
        if (!line.MayBeFrom(LogOrigin.Kernel))
            return;
        var text = line.Text;
        if (text.StartsWith("NVRM: Xid ("u8))
            ReadXids(line, findings);
        else if (text.StartsWith("NVRM: GPU at "u8))
            ReadName(line, findings);
        else if (text.StartsWith("NVRM: GPU "u8))
            ReadLost(line, findings);
        else if (text.StartsWith("nvidia-nvswitch"u8))
            ReadSxid(line, findings);
        else
            ReadLongLost(line, findings);
    }

    /// <remarks>A record of the driver holds one Xid. Where a log was joined into fewer records, a further line counts only if the line feed
    /// cannot stand in a process's name, which anybody may choose.</remarks>
    private void ReadXids(in LogLine line, List<LogFinding> findings)
    {
        var rest = line.Text;
        for (var lines = 0; lines < MostLinesInRecord && rest.StartsWith("NVRM: Xid ("u8); lines++)
        {
            var end = EndOfXid(rest);
            _xids.Read(end < 0 ? rest : rest[..end], line.Number, UuidOf, findings);
            if (end < 0)
                return;
            rest = rest[(end + 1)..];
        }
    }

    /// <summary>The line feed after which another message may begin; -1 when there is none that can be believed.</summary>
    private static int EndOfXid(ReadOnlySpan<byte> text)
    {
        var feed = text.IndexOf((byte)'\n');
        var name = text.IndexOf("name="u8);
        return name >= 0 && feed > name && feed < name + "name="u8.Length + LongestName ? -1 : feed;
    }

    private string? UuidOf(string address) => _uuids.GetValueOrDefault(address);

    /// <summary><c>NVRM: GPU at PCI:0000:3b:00: GPU-5f0c2f1e-77aa-4a3f-9d01-0a1b2c3d4e5f</c>: printed once before a board's first Xid. Drivers
    /// up to about 340 said <c>NVRM: GPU at 0000:01:00.0 has fallen off the bus.</c></summary>
    private void ReadName(in LogLine line, List<LogFinding> findings)
    {
        var rest = new NvidiaLogText(line.Text["NVRM: GPU at "u8.Length..]);
        rest.Take("PCI:"u8);
        if (!rest.TakeAddress(out var address))
            return;
        if (rest.Take(" has fallen off the bus."u8))
            AddLost(address, line.Number, LogMatcher.Show(line.Text), "in words", findings);
        else if (rest.Take(": GPU-"u8) && rest.Rest.Length is >= 36 and <= 64 && _uuids.Count < MostBoards)
            _uuids[address] = $"GPU-{Encoding.ASCII.GetString(rest.Rest[..36])}";
    }

    /// <summary><c>NVRM: GPU 0000:5e:00.0: GPU has fallen off the bus.</c>; not <c>NVRM: GPU Board Serial Number: 1650123013999</c>.</summary>
    private void ReadLost(in LogLine line, List<LogFinding> findings)
    {
        var rest = new NvidiaLogText(line.Text["NVRM: GPU "u8.Length..]);
        if (rest.TakeAddress(out var address) && rest.Take(": GPU has fallen off the bus."u8))
            AddLost(address, line.Number, LogMatcher.Show(line.Text), "in words", findings);
    }

    /// <summary>One message in three records, or in one with line feeds, each with or without its <c>NVRM: </c>:
    /// <c>NVRM: The NVIDIA GPU 0000:ca:00.0</c>, <c>NVRM: (PCI ID: 10de:2330) installed in this system has</c>,
    /// <c>NVRM: fallen off the bus and is not responding to commands.</c></summary>
    private void ReadLongLost(in LogLine line, List<LogFinding> findings)
    {
        var end = "fallen off the bus and is not responding"u8;
        if (line.Text.StartsWith("NVRM: The NVIDIA GPU "u8))
        {
            var rest = new NvidiaLogText(line.Text["NVRM: The NVIDIA GPU "u8.Length..]);
            if (!rest.TakeAddress(out var address))
                return;
            if (rest.Rest.IndexOf(end) >= 0)
                AddLost(address, line.Number, LogMatcher.Show(line.Text), "at the start", findings);
            else
                _lost = (address, line.Number, LogMatcher.Show(line.Text));
            return;
        }
        var last = line.Text.TrimStart(" "u8);
        if (last.StartsWith("NVRM: "u8))
            last = last["NVRM: "u8.Length..];
        if (_lost is not { } first || line.Number - first.Number > MessageLines || !last.StartsWith(end))
            return;
        _lost = null;
        AddLost(first.Address, first.Number, $"{first.Text} … {LogMatcher.Show(line.Text)}", "at the start", findings);
    }

    /// <summary>The driver says it once as an Xid and once in words: one sighting.</summary>
    private void AddLost(string address, long number, string evidence, string form, List<LogFinding> findings)
    {
        var xid = NvidiaXidTable.Embedded[NvidiaXidLines.FallenOffBus];
        findings.Add(new LogFinding { Verdict = NvidiaXidLines.VerdictOf(xid), PciAddress = address, DeviceId = UuidOf(address), Form = form, Evidence = evidence, Number = number });
    }

    /// <summary><c>nvidia-nvswitch0: SXid (PCI:0000:05:00.0): 20034, Fatal, Link 41 LTSSM Fault Up</c>. Lines of the same head with
    /// <c>Severity 1 Engine instance 60</c> or <c>Data {0x50610002}</c> after the code are details of it and say nothing new.</summary>
    private void ReadSxid(in LogLine line, List<LogFinding> findings)
    {
        var rest = new NvidiaLogText(line.Text["nvidia-nvswitch"u8.Length..]);
        if (!rest.TakeNumber(out _) || !rest.Take(": SXid (PCI:"u8) || !rest.TakeAddress(out var address) || !rest.Take("): "u8)
            || !rest.TakeNumber(out var code))
            return;
        var isFatal = rest.Take(", Fatal,"u8);
        if (isFatal || rest.Take(", Non-fatal,"u8))
            findings.Add(new LogFinding { Verdict = _sxids.VerdictOf(code, isFatal), PciAddress = address, IsPart = true, Evidence = LogMatcher.Show(line.Text), Number = line.Number });
    }
}
