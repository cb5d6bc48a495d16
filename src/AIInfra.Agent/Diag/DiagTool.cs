using System.Globalization;
using System.Text.Json;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Hosting;
using AIInfra.Linux.Processes;

namespace AIInfra.Agent.Diag;

/// <summary>Why a tool did not say that all is well.</summary>
/// <param name="IsKnown">False: the tool itself did not work, so that it says nothing about the node.</param>
internal sealed record ToolVerdict(string What, bool IsKnown = true);

/// <summary>A program of others that loads the devices and says whether they are well.</summary>
/// <param name="Name">As it is asked for: <c>dcgmi</c>.</param>
/// <param name="Programs">Its file's names.</param>
/// <param name="Runs">The commands of a level, as argument vectors: those of one run at the same time. Empty: there is nothing for it here.</param>
/// <param name="Deadline">Of one run.</param>
/// <param name="Judge">Null: well. Else what is wrong, from the output and the exit status of a run's last command.</param>
internal sealed record DiagTool(
    string Name, IReadOnlyList<string> Programs, Func<DiagLevel, HostPaths, IReadOnlyList<IReadOnlyList<string>[]>> Runs, Func<DiagLevel, TimeSpan> Deadline, Func<string, int, ToolVerdict?> Judge)
{
    private const int FirstPort = 18515;

    /// <summary>In the order in which they are run: what loads less comes first.</summary>
    public static IReadOnlyList<DiagTool> All { get; } =
    [
        new("dcgmi", ["dcgmi"],
            (level, _) => [[["diag", "-r", level switch { DiagLevel.Quick => "1", DiagLevel.Medium => "2", _ => "3" }, "-j"]]],
            level => level switch { DiagLevel.Quick => TimeSpan.FromMinutes(3), DiagLevel.Medium => TimeSpan.FromMinutes(15), _ => TimeSpan.FromMinutes(60) }, JudgeDcgm),
        new("nccl", ["all_reduce_perf"], (level, host) => Boards(host) is >= 2 and var boards
                ? [[["-b", "8", "-e", level == DiagLevel.Quick ? "64M" : level == DiagLevel.Medium ? "1G" : "8G", "-f", "2", "-g", boards.ToString(CultureInfo.InvariantCulture), "-c", "1"]]] : [],
            level => level == DiagLevel.Long ? TimeSpan.FromMinutes(20) : TimeSpan.FromMinutes(5), JudgeNccl),
        new("ib_write_bw", ["ib_write_bw"], (level, host) => [.. ActivePorts(host).Select((device, at) => Loop(device, FirstPort + at, level))],
            level => level == DiagLevel.Long ? TimeSpan.FromMinutes(2) : TimeSpan.FromSeconds(40), JudgeBandwidth),
    ];

    /// <summary>A server and a client on the same card, so that nothing but the card, its link and its slot is tried.</summary>
    private static IReadOnlyList<string>[] Loop(string device, int port, DiagLevel level)
    {
        string[] common = ["-d", device, "-p", port.ToString(CultureInfo.InvariantCulture), "-D", level == DiagLevel.Long ? "30" : "5", "--report_gbits"];
        return [common, [.. common, "localhost"]];
    }

    private static int Boards(HostPaths host) => HostText.Names(Path.Combine(host.Proc, "driver/nvidia/gpus")).Count;

    private static IEnumerable<string> ActivePorts(HostPaths host)
    {
        var root = Path.Combine(host.Sys, "class/infiniband");
        return HostText.Names(root).Where(device => HostText.Read(Path.Combine(root, device, "ports/1/state"))?.EndsWith("ACTIVE", StringComparison.Ordinal) is true);
    }

    /// <summary>Every test has a result whose status is Pass, Skip, Warn or Fail, however deep it lies.</summary>
    internal static ToolVerdict? JudgeDcgm(string output, int status)
    {
        try
        {
            var start = output.IndexOf('{');
            using var document = JsonDocument.Parse(start < 0 ? "" : output[start..]);
            var failed = new List<string>();
            Collect(document.RootElement, "", failed);
            return failed.Count > 0 ? new($"failed: {string.Join(", ", failed.Distinct().Take(8))}") : status == 0 ? null : new($"ended with {status}");
        }
        catch (Exception fault) when (BrokenJson.IsTold(fault))
        {
            return new($"ended with {status} and no report: does its host engine run", IsKnown: false);
        }
    }

    private static void Collect(JsonElement element, string test, List<string> failed)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray())
                Collect(item, test, failed);
        }
        if (element.ValueKind != JsonValueKind.Object)
            return;
        if (element.TryGetProperty("name", out var name) && name.ValueKind == JsonValueKind.String)
            test = name.GetString()!;
        foreach (var member in element.EnumerateObject())
        {
            if (member.NameEquals("status") && member.Value.ValueKind == JsonValueKind.String && string.Equals(member.Value.GetString(), "fail", StringComparison.OrdinalIgnoreCase))
                failed.Add(test);
            else
                Collect(member.Value, test, failed);
        }
    }

    internal static ToolVerdict? JudgeNccl(string output, int status)
    {
        if (status != 0)
            return new($"ended with {status}");
        var wrong = output.Split('\n').FirstOrDefault(line => line.Contains("Out of bounds values", StringComparison.Ordinal));
        return wrong is null ? new("says nothing about wrong values", IsKnown: false) : wrong.Contains(": 0 OK", StringComparison.Ordinal) ? null : new(wrong.Trim('#', ' ', '\r'));
    }

    internal static ToolVerdict? JudgeBandwidth(string output, int status) =>
        status != 0 ? new($"ended with {status}") : output.Contains("BW average", StringComparison.OrdinalIgnoreCase) ? null : new("reports no bandwidth", IsKnown: false);
}

/// <summary>Runs the tools that are wanted, one after another, and kills what runs when it is broken off.</summary>
internal sealed class DiagTools(HostPaths host, TimeProvider time) : IDisposable
{
    private const int OutputKept = 256 * 1024, MostEvidence = 300;
    private static readonly string[] Folders = ["/usr/bin", "/usr/local/bin", "/usr/sbin", "/usr/local/sbin", "/opt/nccl-tests/build", "/usr/local/nccl-tests/build"];
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2), HeadStart = TimeSpan.FromSeconds(1);

    private readonly CommandRunner _commands = new();

    public async Task<DiagCheck> RunAsync(DiagTool tool, DiagLevel level, CancellationToken cancellationToken)
    {
        if (Find(tool.Programs) is not { } program)
            return new DiagCheck(tool.Name, DiagOutcome.Skip, $"{tool.Programs[0]} is not installed.", 0, []);
        var (started, findings, runs, isKnown) = (time.GetTimestamp(), new List<DiagFinding>(), tool.Runs(level, host), true);
        if (runs.Count == 0)
            return new DiagCheck(tool.Name, DiagOutcome.Skip, "There is nothing for it on this host.", 0, []);
        foreach (var run in runs)
        {
            var (wrong, output) = await RunAsync(program, run, tool, level, cancellationToken);
            isKnown &= wrong is null or { IsKnown: true };
            if (wrong is not null)
                findings.Add(new DiagFinding($"diag.{tool.Name}", "node", wrong.IsKnown ? Severity.Fatal : Severity.Degraded, $"{tool.Name} {string.Join(' ', run[^1])}: {wrong.What}.", Tail(output), 1));
        }
        if (!isKnown && findings.All(finding => finding.Severity < Severity.Fatal))
            return new DiagCheck(tool.Name, DiagOutcome.Unknown, findings[0].Message, time.GetElapsedTime(started).TotalSeconds, findings);
        return DiagCheck.Of(tool.Name, $"{program}: passed{(runs.Count == 1 ? "" : $" {runs.Count} runs")}.", time.GetElapsedTime(started).TotalSeconds, findings);
    }

    public void Dispose() => _commands.Dispose();

    private async Task<(ToolVerdict? Wrong, string Output)> RunAsync(string program, IReadOnlyList<string>[] commands, DiagTool tool, DiagLevel level, CancellationToken cancellationToken)
    {
        var deadline = tool.Deadline(level);
        var running = new List<Task<CommandResult>>();
        foreach (var arguments in commands)
        {
            if (running.Count > 0)
                await Task.Delay(HeadStart, time, cancellationToken); // the server first
            running.Add(_commands.RunAsync(program, arguments, deadline, OutputKept));
        }
        try
        {
            var results = await Task.WhenAll(running).WaitAsync(cancellationToken);
            var last = results[^1];
            var output = System.Text.Encoding.UTF8.GetString(last.Output);
            var errors = System.Text.Encoding.UTF8.GetString(last.Errors);
            if (last.Refusal is { } refusal)
                return (new($"could not be started: {refusal}", IsKnown: false), "");
            if (last.Status is not { } status)
                return (new(FormattableString.Invariant($"did not end within {deadline.TotalMinutes:0.#} min and was killed"), IsKnown: false), output + errors);
            return (status.Code is { } code ? tool.Judge(output, code) : new ToolVerdict($"was ended by {status}"), errors.Length > 0 ? errors : output);
        }
        catch (OperationCanceledException)
        {
            _commands.Dispose(); // kills the groups
            await Task.WhenAny(Task.WhenAll(running), Task.Delay(Farewell, CancellationToken.None));
            throw;
        }
    }

    private static string? Find(IReadOnlyList<string> programs) => programs
        .SelectMany(program => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Where(Path.IsPathRooted).Concat(Folders).Select(folder => Path.Combine(folder, program)))
        .FirstOrDefault(File.Exists);

    private static string Tail(string output) => output.Trim() is var text && text.Length <= MostEvidence ? text : $"…{text[^MostEvidence..]}";
}
