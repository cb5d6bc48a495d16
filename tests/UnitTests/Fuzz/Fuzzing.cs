using System.Diagnostics;
using System.Globalization;
using System.Text;
using AIInfra.Linux.Processes;

namespace AIInfra.UnitTests.Fuzz;

/// <summary>Damaged inputs for one parser after another: each half a second by default, or as long as <c>AIINFRA_FUZZ_SECONDS</c> says (<c>make fuzz</c>).
/// Without that the inputs are the same in each run. What a parser may answer a wrong input with is its own declared error; anything else, and more than two seconds of processor time for one input, fails with the seed
/// and the input. <c>AIINFRA_FUZZ_SEED</c> begins at a seed.</summary>
internal static class Fuzzing
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(
        double.TryParse(Environment.GetEnvironmentVariable("AIINFRA_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out var seconds) ? seconds : 0.5);
    private static readonly bool IsBrief = Environment.GetEnvironmentVariable("AIINFRA_FUZZ_SECONDS") is null;
    private static readonly int First = int.TryParse(Environment.GetEnvironmentVariable("AIINFRA_FUZZ_SEED"), out var seed) ? seed : IsBrief ? 1 : Environment.TickCount;
    private static readonly int Most = IsBrief ? 500 : int.MaxValue;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    private static readonly byte[][] Tokens = [.. new[]
    {
        "\0", "\n", "\r\n", "\t", " ", ":", ",", "=", "-", "--", "#", "/", "\\", "\"", "'", "{", "}", "[", "]", "(", ")", "*", "?", "|", "&x", "*x", "!!int", "<<: ", "- ", "null", "~", "true", "0", "-1", "1e999", "NaN",
        "0x7fffffff", "2147483648", "-9223372036854775808", "18446744073709551616", "99999999999999999999999", "é", "\u202e", "😀", "\ufeff", "%", "%s", "${x}", "../", "\\u0000", "\\ud800", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00",
    }.Select(Encoding.UTF8.GetBytes), [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xff, 0xff, 0xff, 0xff], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]];

    /// <param name="seeds">Good inputs, which are damaged.</param>
    /// <param name="parse">Throws nothing but what the parser declares, which it takes here itself.</param>
    public static void RunBytes(IReadOnlyList<byte[]> seeds, Action<byte[]> parse)
    {
        foreach (var seed in seeds)
            Once(seed, parse, "unchanged");
        var clock = Stopwatch.StartNew();
        for (var number = First; clock.Elapsed < Budget && number - First < Most; number++)
            Once(Damaged(seeds, new Random(number)), parse, $"{number}");
    }

    public static void RunBytes(IReadOnlyList<string> seeds, Action<byte[]> parse) => RunBytes([.. seeds.Select(Encoding.UTF8.GetBytes)], parse);

    public static void Run(IReadOnlyList<string> seeds, Action<string> parse) => RunBytes(seeds, bytes => parse(Encoding.UTF8.GetString(bytes)));

    /// <summary>A good input, with one to eight places damaged; one in fifty not at all.</summary>
    public static byte[] Damaged(IReadOnlyList<byte[]> seeds, Random random)
    {
        var bytes = new List<byte>(seeds[random.Next(seeds.Count)]);
        for (var changes = random.Next(50) == 0 ? 0 : random.Next(1, 9); changes > 0; changes--)
        {
            var at = random.Next(bytes.Count + 1);
            var length = Math.Min(random.Next(1, 1 + random.Next(1, 40)), bytes.Count - at);
            switch (random.Next(9))
            {
                case 0 when at < bytes.Count:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1 when at < bytes.Count:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, length);
                    break;
                case 3:
                    bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, length));
                    break;
                case 4 when random.Next(4) == 0:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 5 when random.Next(20) == 0 && length > 0 && bytes.Count < 100_000:
                    bytes.InsertRange(at, Enumerable.Repeat(bytes.GetRange(at, length), random.Next(2, 2000)).SelectMany(part => part).ToArray());
                    break;
                case 6:
                    var other = seeds[random.Next(seeds.Count)];
                    var from = random.Next(other.Length + 1);
                    bytes.InsertRange(at, other[from..Math.Min(other.Length, from + random.Next(60))]);
                    break;
                default:
                    bytes.InsertRange(at, Tokens[random.Next(Tokens.Length)]);
                    break;
            }
        }
        return [.. bytes];
    }

    private static void Once(byte[] input, Action<byte[]> parse, string seed)
    {
        var before = ThreadClock.CpuTime();
        try
        {
            parse(input);
        }
        catch (Exception fault)
        {
            throw new InvalidOperationException($"Seed {seed}: {fault.GetType().Name}: {fault.Message}\ninput (base64): {Convert.ToBase64String(input, 0, Math.Min(input.Length, 6000))}\n{fault.StackTrace}", fault);
        }
        var took = ThreadClock.CpuTime() - before;
        if (took > Longest)
            throw new InvalidOperationException($"Seed {seed} took {took.TotalSeconds:0.0} s of processor time\ninput (base64): {Convert.ToBase64String(input, 0, Math.Min(input.Length, 6000))}");
    }
}
