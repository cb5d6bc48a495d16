using System.Diagnostics;
using System.Globalization;
using System.Text;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Logs.Scan;
using AIInfra.Linux.KernelLog;

namespace AIInfra.UnitTests.Logs;

/// <summary>Hostile logs for as long as <c>AIINFRA_FUZZ_SECONDS</c> says, 3 s by default. A failing seed is in the message.</summary>
[Trait("Kind", "Fuzz")]
public sealed class LogFuzz
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(
        double.TryParse(Environment.GetEnvironmentVariable("AIINFRA_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out var seconds) ? seconds : 3);

    private static readonly string[] Pieces =
    [
        "NVRM: Xid (PCI:0000:3b:00", "): ", "79", "154, GPU recovery action changed from 0x0 (None) to 0x", "145, RLW_REMAP  Fatal   XC0 i0 Link 03 (0x04056082 0x00000040)",
        ", pid=", ", name=", "GPU-I:", "\n", "\\x0a", "nvidia-nvswitch0: SXid (PCI:0000:05:00.0): 20034, Fatal, ", "NVRM: The NVIDIA GPU 0000:ca:00.0", "NVRM: GPU at PCI:", "0000:",
        "fallen off the bus and is not responding", "[  842.1]", "[ T1]", " ", "<4>", "<4>1 ", "kern  :err   : ", "Feb 19 08:41:22 ", "kernel: ", "host ", "2026-02-19T08:41:22.1Z ",
        "__CURSOR=s", "MESSAGE=", "MESSAGE", "_TRANSPORT=kernel", "6,1,2,-;", "12,", ";", "-", "\\", "\\x", "NVRM: GPU ", ": GPU has fallen off the bus.", " RST: ", "Yes, D-RST: ", "[", "]", ":",
        "NVRM: API mismatch: ", "detected NVSwitch fatal error ", "Link ", "(0x", "caused by previous Xid ",
    ];

    [Fact]
    public void Any_bytes_are_scanned_without_a_fault_and_the_same_however_they_arrive() => Fuzz(random =>
    {
        var bytes = Bytes(random);
        var whole = Scan(new MemoryStream(bytes));
        Assert.Equal(whole, Scan(new Trickle(bytes, random)));
    });

    [Fact]
    public void Any_bytes_are_a_record_or_none_and_a_record_s_parts_lie_within_them() => Fuzz(random =>
    {
        var bytes = Bytes(random);
        var length = bytes.Length;
        if (!KernelLogRecord.TryParse(bytes, out var record))
            return;
        Assert.True(record.Message.Length + record.Dictionary.Length + record.Flags.Length < length);
        Assert.InRange(record.Level, 0, 7);
        Assert.True(record.Facility >= 0 && record.Sequence >= 0 && record.Microseconds >= 0);
        record.TryGetField("DEVICE"u8, out _);
    });

    [Fact]
    public void Literals_are_found_as_a_plain_search_finds_them() => Fuzz(random =>
    {
        string Word(int longest) => new([.. Enumerable.Range(0, random.Next(1, longest)).Select(_ => "abcé"[random.Next(4)])]);
        var literals = Enumerable.Range(0, random.Next(1, 30)).Select(_ => Word(6)).ToArray();
        var set = new LiteralSet(literals);
        var hits = new LiteralHits(literals.Length);
        for (var line = 0; line < 5; line++)
        {
            var text = Word(60);
            set.Find(Encoding.UTF8.GetBytes(text), hits);
            Assert.Equal(Enumerable.Range(0, literals.Length).Where(at => text.Contains(literals[at], StringComparison.Ordinal)), hits.Places.ToArray().Order());
            hits.Clear();
        }
    });

    private static void Fuzz(Action<Random> once)
    {
        var clock = Stopwatch.StartNew();
        for (var seed = Environment.TickCount; clock.Elapsed < Budget; seed++)
        {
            try
            {
                once(new Random(seed));
            }
            catch (Exception fault)
            {
                throw new InvalidOperationException($"Seed {seed}: {fault.Message}", fault);
            }
        }
    }

    private static string Scan(Stream stream)
    {
        var found = new StringBuilder();
        var end = new LogScanner(LogCheck.Matcher(), trustUserspace: false).Scan(
            stream, finding => found.Append(CultureInfo.InvariantCulture, $"{finding.Number} {finding.Verdict.ProblemId} {finding.PciAddress};"), _ => { }, CancellationToken.None);
        return $"{found} {end.Lines}";
    }

    private static byte[] Bytes(Random random)
    {
        var text = new List<byte>();
        for (var pieces = random.Next(1, 25); pieces > 0; pieces--)
        {
            if (random.Next(8) == 0)
                text.AddRange(Enumerable.Range(0, random.Next(1, 12)).Select(_ => (byte)random.Next(256)));
            else
                text.AddRange(Encoding.UTF8.GetBytes(Pieces[random.Next(Pieces.Length)]));
        }
        return random.Next(300) == 0 ? [.. text, .. new byte[200_000], .. text] : [.. text];
    }

    /// <summary>Gives a few bytes at a time.</summary>
    private sealed class Trickle(byte[] bytes, Random random) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, Length > 1000 ? 9999 : random.Next(1, 7)));
    }
}
