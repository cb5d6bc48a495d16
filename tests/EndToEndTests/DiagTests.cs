using System.Text.Json;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary><c>diag</c> as a job's prologue and epilogue run it: alone, with a daemon, with tools, and broken off.</summary>
public sealed class DiagTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly string _config;

    public DiagTests() => _config = _folder.WriteConfig(AgentProgram.FreePort());

    public void Dispose() => _folder.Dispose();

    private static async Task<(int Status, JsonElement Report)> JsonAsync(string config, params string[] more)
    {
        var (status, output) = await AgentProgram.RunAsync(["diag", "-o", "json", "--config", config, .. more]);
        return (status, JsonDocument.Parse(output).RootElement.Clone());
    }

    private static JsonElement Check(JsonElement report, string name) => report.GetProperty("checks").EnumerateArray().Single(check => check.GetProperty("name").GetString() == name);

    /// <summary>A program in a folder of PATH that says and does what a script says.</summary>
    private Dictionary<string, string> Tool(string name, string script)
    {
        var path = _folder.Write(name, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return new() { ["PATH"] = $"{_folder.Path}:/usr/bin:/bin" };
    }

    [Fact]
    public async Task Without_a_daemon_a_quiet_host_is_fit_and_one_whose_log_tells_of_a_lost_GPU_is_not()
    {
        var (status, report) = await JsonAsync(_config);
        Assert.Equal((0, "fit", false), (status, report.GetProperty("verdict").GetString()!.ToLowerInvariant(), report.GetProperty("daemon").GetBoolean()));

        await File.AppendAllTextAsync(_folder.Combine("host/dev/kmsg"), "4,1,1,-;NVRM: Xid (PCI:0000:3b:00): 79, pid=1, name=python3, GPU has fallen off the bus.\n", TestContext.Current.CancellationToken);
        var (text, output) = await AgentProgram.RunAsync("diag", "--config", _config);

        Assert.Equal(1, text);
        Assert.Contains("test-node: NOT FIT for work\n", output, StringComparison.Ordinal);
        Assert.Contains("\nFATAL nvidia.xid.79 on device 0000:3b:00.0\n", output, StringComparison.Ordinal);
        Assert.Contains("\nFAIL     kernelLog ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_that_cannot_be_read_leaves_it_unknown()
    {
        File.Delete(_folder.Combine("host/dev/kmsg"));

        var (status, report) = await JsonAsync(_config);

        Assert.Equal((2, "Unknown"), (status, Check(report, "kernelLog").GetProperty("outcome").GetString()));
    }

    [Fact]
    public async Task An_earlier_report_tells_what_the_job_brought()
    {
        var before = _folder.Combine("before.json");
        var (_, earlier) = await AgentProgram.RunAsync("diag", "-o", "json", "--config", _config);
        await File.WriteAllTextAsync(before, earlier, TestContext.Current.CancellationToken);
        await File.AppendAllTextAsync(_folder.Combine("host/dev/kmsg"), "4,1,1,-;NVRM: Xid (PCI:0000:86:00): 31, pid=9921, name=python3, Ch 00000004\n", TestContext.Current.CancellationToken);

        var (status, report) = await JsonAsync(_config, "--compare", before);

        Assert.Equal(0, status); // an Xid 31 is the program's
        Assert.Equal("nvidia.xid.31", Assert.Single(report.GetProperty("new").EnumerateArray()).GetProperty("problem").GetString());
        Assert.Equal(66, (await AgentProgram.RunAsync("diag", "--config", _config, "--compare", _folder.Write("bad.json", "{}"))).Status);
    }

    [Fact]
    public async Task A_tool_is_run_only_when_it_is_wanted_and_its_verdict_counts()
    {
        var path = Tool("dcgmi", $"echo run >> {_folder.Path}/ran; echo \"$@\" > {_folder.Path}/arguments; echo '{{\"tests\":[{{\"name\":\"PCIe\",\"results\":[{{\"status\":\"Fail\"}}]}}]}}'; exit 226");
        await using (var quiet = PeerProcess.Start(AgentProgram.Path, ["diag", "--config", _config], path))
            Assert.Equal(0, await quiet.WaitForExitAsync(TestContext.Current.CancellationToken));
        Assert.False(File.Exists(_folder.Combine("ran")));

        await using var wanted = PeerProcess.Start(AgentProgram.Path, ["diag", "--tool", "dcgmi", "--tool", "nccl", "--level", "quick", "--config", _config], path);

        Assert.Equal(1, await wanted.WaitForExitAsync(TestContext.Current.CancellationToken));
        Assert.Contains("failed: PCIe", wanted.Transcript, StringComparison.Ordinal);
        Assert.Contains("nccl", wanted.Transcript.Split("SKIP")[1], StringComparison.Ordinal);
        Assert.Equal("diag -r 1 -j\n", await File.ReadAllTextAsync(_folder.Combine("arguments"), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("dcgmi", """echo '{"DCGM Diagnostic":{"test_categories":[{"category":"Hardware","tests":[{"name":"Memory","results":[{"gpu_id":"0","status":"Pass"},{"status":"Skip"}]}]}]}}'""", 0, "passed")]
    [InlineData("dcgmi", """echo '{"tests":[{"name":"PCIe","status":"FAIL"},{"name":"PCIe","status":"Fail"}]}'""", 1, "failed: PCIe.")]
    [InlineData("dcgmi", "echo 'Error: unable to establish a connection to the specified host: localhost'; exit 255", 2, "ended with 255 and no report")]
    [InlineData("dcgmi", """echo '{"tests":['""", 2, "no report")]
    [InlineData("dcgmi", "kill -9 $$", 1, "was ended by signal 9")]
    [InlineData("all_reduce_perf", "echo \"$@\"; echo '# Out of bounds values : 0 OK'", 0, "passed")]
    [InlineData("all_reduce_perf", "echo '# Out of bounds values : 12 FAILED'", 1, "Out of bounds values : 12 FAILED")]
    [InlineData("all_reduce_perf", "exit 3", 1, "-b 8 -e 64M -f 2 -g 2 -c 1: ended with 3")]
    [InlineData("ib_write_bw", "echo ' BW average[Gb/sec]'; echo '391.2'", 0, "passed")]
    [InlineData("ib_write_bw", "case \"$*\" in *localhost) exit 1;; esac", 1, "-d mlx5_0 -p 18515 -D 5 --report_gbits localhost: ended with 1")]
    public async Task What_a_tool_says_is_told_apart_from_a_tool_that_could_not_work(string program, string script, int status, string says)
    {
        foreach (var board in (string[])["0000:01:00.0", "0000:02:00.0"])
            Directory.CreateDirectory(_folder.Combine($"host/proc/driver/nvidia/gpus/{board}"));
        Directory.CreateDirectory(_folder.Combine("host/sys/class/infiniband/mlx5_0/ports/1"));
        _folder.Write("host/sys/class/infiniband/mlx5_0/ports/1/state", "4: ACTIVE\n");
        var name = program == "all_reduce_perf" ? "nccl" : program;

        await using var run = PeerProcess.Start(AgentProgram.Path, ["diag", "--tool", name, "-o", "json", "--config", _config], Tool(program, script));

        Assert.Equal(status, await run.WaitForExitAsync(TestContext.Current.CancellationToken));
        Assert.Contains(says, Check(JsonDocument.Parse(run.Transcript).RootElement, name).GetRawText().Replace("\\u0022", "\"", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Breaking_off_kills_the_tools_whole_group_and_tells_what_was_found()
    {
        var path = Tool("dcgmi", $"sleep 300 & echo $! > {_folder.Path}/child; wait");
        await using var run = PeerProcess.Start(AgentProgram.Path, ["diag", "--tool", "dcgmi", "--config", _config], path);
        await Eventually.AsyncTrue(() => Task.FromResult(File.Exists(_folder.Combine("child")) && new FileInfo(_folder.Combine("child")).Length > 0), () => run.Transcript);
        var child = (await File.ReadAllTextAsync(_folder.Combine("child"), TestContext.Current.CancellationToken)).Trim();

        await AgentProgram.SignalAsync(run.Id, 2);

        Assert.Equal(130, await run.WaitForExitAsync(TestContext.Current.CancellationToken));
        Assert.Contains("broken off", run.Transcript, StringComparison.Ordinal);
        await Eventually.AsyncTrue(() => Task.FromResult(!Directory.Exists($"/proc/{child}")), () => $"process {child} lives");
    }

    [Fact]
    public async Task A_daemon_is_asked_for_its_devices_and_problems_too()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n");
        await run.WaitForListAsync(healthy: 4, of: 4);
        await Eventually.AsyncTrue(async () => (await JsonAsync(run.Config)).Report.GetProperty("daemon").GetBoolean(), () => run.Node.Transcript);
        await run.InjectAsync("gpu 1 xid 79");
        await run.WaitForListAsync(healthy: 3, of: 4);

        var (status, report) = await JsonAsync(run.Config);

        Assert.Equal(1, status);
        Assert.Equal("3 of 4 are healthy.", Check(report, "devices").GetProperty("says").GetString());
        Assert.Equal("Fail", Check(report, "problems").GetProperty("outcome").GetString());
        Assert.Equal(JsonValueKind.Object, Check(report, "mounts").ValueKind);
    }
}
