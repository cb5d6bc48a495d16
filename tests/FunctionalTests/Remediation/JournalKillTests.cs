using System.Diagnostics;
using AIInfra.Core.Remediation.Journal;
using AIInfra.FunctionalTests.VendorHost;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.FunctionalTests.Remediation;

/// <summary>A real process with the engine, killed at each point of a step, and started again on the same journal.</summary>
public sealed class JournalKillTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("journal-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("before", "InvocationId", 1, 0, "Closed Done")] // nothing was begun: it is done now
    [InlineData("intended", "InvocationId", 0, 1, "Closed Failed")]
    [InlineData("acted", "InvocationId", 1, 1, "Closed Done")]
    [InlineData("recorded", "InvocationId", 1, 0, "Closed Done")]
    [InlineData("intended", "None", 0, 1, "Closed Unknown")]
    [InlineData("acted", "None", 1, 1, "Closed Unknown")]
    [InlineData("recorded", "None", 1, 0, "Closed Done")]
    [InlineData("verified", "InvocationId", 1, 0, "Closed Done")]
    [InlineData("full-after", "InvocationId", 1, 1, "Closed Done")]
    [InlineData("full-after", "None", 1, 1, "Closed Unknown")]
    public async Task Killed_at_any_point_it_is_settled_once_and_never_done_twice(string where, string proof, int acts, int looks, string settled)
    {
        await RunAsync(proof, where, isKilled: true);
        Assert.Equal(where.StartsWith("full", StringComparison.Ordinal), (await File.ReadAllTextAsync(PathOf("killed"), Stop)).Contains("state.path", StringComparison.Ordinal));
        await RunAsync(proof, "never");
        Assert.Equal([settled, ""], Said());
        await RunAsync(proof, "never");

        Assert.Equal([settled, ""], Said());
        Assert.Equal((acts, looks), (Lines("acts"), Lines("resolves")));
    }

    [Fact]
    public async Task Killed_again_after_it_was_settled_it_is_not_looked_at_again()
    {
        await RunAsync("InvocationId", "acted", isKilled: true);
        await RunAsync("InvocationId", "resolved", isKilled: true);
        await RunAsync("InvocationId", "never");

        Assert.Equal(["Closed Done", ""], Said());
        Assert.Equal((1, 1), (Lines("acts"), Lines("resolves")));
    }

    [Fact]
    public async Task Where_the_intent_cannot_be_written_nothing_is_done_and_the_reason_is_said()
    {
        await RunAsync("InvocationId", "full-before", isKilled: true);

        Assert.Contains(_folder.FullName, await File.ReadAllTextAsync(PathOf("killed"), Stop), StringComparison.Ordinal);
        Assert.Contains("state.path", await File.ReadAllTextAsync(PathOf("killed"), Stop), StringComparison.Ordinal);
        Assert.Equal(0, Lines("acts"));
        await RunAsync("InvocationId", "never"); // there is room again
        Assert.Equal(["Closed Done", ""], Said());
        Assert.Equal((1, 0), (Lines("acts"), Lines("resolves")));
    }

    [Fact]
    public async Task Killed_at_any_moment_the_act_is_intended_on_the_disk_before_it_and_is_never_done_twice()
    {
        var started = Stopwatch.GetTimestamp();
        await RunAsync("InvocationId", "never");
        var whole = (int)Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        var random = new Random(17);
        for (var round = 0; round < 12; round++)
        {
            foreach (var file in _folder.GetFiles())
                file.Delete();
            var delay = random.Next(whole / 2, whole);
            using (var process = Start("InvocationId", "never"))
            {
                await Task.WhenAny(process.WaitForExitAsync(Stop), Task.Delay(delay, Stop)); // the moment of the kill is what is tested
                process.Kill();
                await process.WaitForExitAsync(Stop).WaitAsync(Deadline, Stop);
            }
            var acted = Lines("acts");
            await RunAsync("InvocationId", "never");
            var said = Said();

            Assert.True(acted == 0 || said[0] == "Closed Done", $"after {delay} ms it was done, and the journal says {said[0]}");
            Assert.Equal(said[0] == "Closed Done" ? 1 : 0, Lines("acts"));
            Assert.InRange(Lines("resolves"), 0, 1);
        }
    }

    [Fact]
    public async Task A_second_agent_on_the_same_journal_does_nothing()
    {
        using var first = new RemediationJournal(_folder.FullName, TimeProvider.System, NullLogger<RemediationJournal>.Instance);
        Assert.Null(await first.RecoverAsync());

        await RunAsync("InvocationId", "never");

        Assert.Contains("journal.db", Assert.Single(Said()), StringComparison.Ordinal);
        Assert.Contains("is locked by another process", Said()[0], StringComparison.Ordinal);
        Assert.Equal(0, Lines("acts"));
    }

    private async Task RunAsync(string proof, string where, bool isKilled = false)
    {
        File.Delete(PathOf("said"));
        using var process = Start(proof, where);
        await process.WaitForExitAsync(Stop).WaitAsync(Deadline, Stop);
        Assert.Equal(isKilled ? 137 : 0, process.ExitCode);
    }

    private Process Start(string proof, string where)
    {
        var start = new ProcessStartInfo(VendorFolder.Program, [_folder.FullName, "journal", proof, where]);
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0"; // or the runtime's own memory counts against the limit of files
        return Process.Start(start)!;
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    private string[] Said() => File.ReadAllLines(PathOf("said"));

    private int Lines(string name) => File.Exists(PathOf(name)) ? File.ReadAllLines(PathOf(name)).Length : 0;
}
