using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AIInfra.Bench;

/// <param name="Bench">Whose.</param>
internal sealed record BenchNote(string Bench, string Text);

internal sealed record BenchMachine(string Processor, int Processors, double MemoryGb, string Kernel, string System);

/// <summary>A run of the benches as it is kept: <c>out/bench/bench.json</c>.</summary>
/// <param name="Date">As it was passed in; empty: it was not.</param>
/// <param name="Commit">As it was passed in; empty: it was not.</param>
/// <param name="LoadAverage">The machine's load of the last 15 minutes at the end, this run's own included; more than its processors: others wanted them too. Null: it was not noted.</param>
/// <param name="WatchSeconds">How long memory and processor time were watched.</param>
/// <param name="Failures">Benches that ended in an error; their rows up to there are kept.</param>
internal sealed record BenchRun(
    string Date, string Commit, BenchMachine Machine, double? LoadAverage, int WatchSeconds, IReadOnlyList<BenchRow> Rows, IReadOnlyList<BenchNote> Notes, IReadOnlyList<BenchNote> Failures)
{
    /// <summary>What the environment says of a run: <c>AIINFRA_BENCH_DATE</c>, <c>AIINFRA_BENCH_COMMIT</c>, <c>AIINFRA_BENCH_SECONDS</c> (default 600).</summary>
    public static BenchRun Of(BenchOutput output) => new(
        Environment.GetEnvironmentVariable("AIINFRA_BENCH_DATE") ?? "", Environment.GetEnvironmentVariable("AIINFRA_BENCH_COMMIT") ?? "", ThisMachine(),
        double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[2], CultureInfo.InvariantCulture), WatchedSeconds,
        output.Rows, output.Notes, output.Failures);

    public static int WatchedSeconds => int.TryParse(Environment.GetEnvironmentVariable("AIINFRA_BENCH_SECONDS"), out var seconds) ? seconds : 600;

    public BenchRow? Find(string id) => Rows.FirstOrDefault(row => row.Id == id);

    /// <exception cref="InvalidDataException">The file is not such a run.</exception>
    public static BenchRun Load(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            return JsonSerializer.Deserialize(stream, BenchJson.Default.BenchRun) is { Rows: not null, Machine: not null } run ? run : throw new InvalidDataException($"{file} holds no run of the benches.");
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"{file} holds no run of the benches: {fault.Message}", fault);
        }
    }

    public void Save(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        File.WriteAllText(file, JsonSerializer.Serialize(this, BenchJson.Default.BenchRun) + "\n");
    }

    private static BenchMachine ThisMachine() => new(
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(": ")[^1] ?? RuntimeInformation.ProcessArchitecture.ToString(),
        Environment.ProcessorCount,
        Math.Round(double.Parse(File.ReadLines("/proc/meminfo").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1e6, 1),
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        RuntimeInformation.OSDescription);
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(BenchRun))]
internal sealed partial class BenchJson : JsonSerializerContext;
