using System.Diagnostics;
using System.Text;
using AIInfra.Linux.Processes;

namespace AIInfra.FunctionalTests.Npd;

/// <summary>Commands as they behave at their worst, run for real.</summary>
public sealed class CommandRunnerTests : IDisposable
{
    private readonly CommandRunner _runner = new();

    public void Dispose() => _runner.Dispose();

    private Task<CommandResult> ShellAsync(string script, double seconds = 20) => _runner.RunAsync("/bin/sh", ["-c", script], TimeSpan.FromSeconds(seconds));

    [Fact]
    public async Task Gives_status_and_both_outputs()
    {
        var result = await ShellAsync("echo out; echo err > /dev/stderr; exit 3");

        Assert.Equal((3, "out\n", "err\n"), (result.Status!.Value.Code, Encoding.UTF8.GetString(result.Output), Encoding.UTF8.GetString(result.Errors)));
        await result.Gone.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_signal_is_told_as_one()
    {
        var result = await ShellAsync("kill -11 $$");

        Assert.Equal((null, 11), (result.Status!.Value.Code, result.Status.Value.Signal));
    }

    [Fact]
    public async Task Output_without_end_is_read_away_and_costs_no_memory()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var result = await ShellAsync("head -c 1073741824 /dev/zero | tr '\\0' x", seconds: 120);

        Assert.Equal((0, CommandRunner.OutputKept), (result.Status!.Value.Code, result.Output.Length));
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 4 << 20);
    }

    [Fact]
    public async Task A_command_that_hangs_is_killed_with_all_that_it_started()
    {
        var result = await ShellAsync("sleep 1000 & echo $!; sleep 1000", seconds: 1);

        Assert.True(result.IsTimeout);
        var child = int.Parse(Encoding.ASCII.GetString(result.Output).Trim(), System.Globalization.CultureInfo.InvariantCulture);
        await result.Gone.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        await WaitGoneAsync(child);
    }

    [Fact]
    public async Task What_a_command_leaves_behind_with_its_output_open_neither_delays_nor_outlives_it()
    {
        var watch = Stopwatch.StartNew();

        var result = await ShellAsync("sleep 1000 & echo $!; exit 1", seconds: 100);

        Assert.Equal(1, result.Status!.Value.Code);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 30);
        await WaitGoneAsync(int.Parse(Encoding.ASCII.GetString(result.Output).Trim(), System.Globalization.CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("/no/such/program", "No such file")]
    [InlineData("/etc/passwd", "ermission denied")]
    [InlineData("/", "ermission denied")]
    public async Task What_cannot_be_started_is_told(string program, string why)
    {
        var result = await _runner.RunAsync(program, [], TimeSpan.FromSeconds(20));

        Assert.Contains(why, result.Refusal, StringComparison.Ordinal);
        Assert.False(result.IsTimeout);
        await result.Gone.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_script_without_its_first_line_cannot_be_started()
    {
        var folder = Directory.CreateTempSubdirectory("commands-");
        try
        {
            var script = Path.Combine(folder.FullName, "bare");
            await File.WriteAllTextAsync(script, "echo hello\n", TestContext.Current.CancellationToken);
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);

            var result = await _runner.RunAsync(script, [], TimeSpan.FromSeconds(20));

            Assert.Contains("Exec format error", result.Refusal, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Many_run_side_by_side_on_one_thread()
    {
        var watch = Stopwatch.StartNew();

        var results = await Task.WhenAll(Enumerable.Range(0, 60).Select(at => ShellAsync($"sleep 1; echo {at}", seconds: 100)));

        Assert.Equal(Enumerable.Range(0, 60).Select(at => $"{at}\n"), results.Select(result => Encoding.ASCII.GetString(result.Output)));
        Assert.InRange(watch.Elapsed.TotalSeconds, 1, 30);
    }

    private static async Task WaitGoneAsync(int id)
    {
        for (var at = 0; at < 400 && IsAlive(id); at++)
            await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.False(IsAlive(id));
    }

    /// <summary>A zombie whose parent is another process is as good as gone.</summary>
    private static bool IsAlive(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/stat").Split(") ")[^1][0] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }
}
