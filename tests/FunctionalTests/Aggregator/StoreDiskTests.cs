using System.Diagnostics;
using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;
using static AIInfra.FunctionalTests.Aggregator.TestFleet;

namespace AIInfra.FunctionalTests.Aggregator;

/// <summary>The store on a real file system that is full.</summary>
public sealed class StoreDiskTests : IAsyncLifetime
{
    private readonly DirectoryInfo _mount = Directory.CreateTempSubdirectory("aifleet-disk-");
    private bool _isMounted;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Needs root, to mount a small file system.");
        var exitCode = await RunAsync("mount", "-t", "tmpfs", "-o", "size=2m", "aifleet-test", _mount.FullName);
        Assert.SkipUnless(exitCode == 0, "Needs to mount a tmpfs, which is refused here.");
        _isMounted = true;
    }

    public async ValueTask DisposeAsync()
    {
        if (_isMounted)
            await RunAsync("umount", "-l", _mount.FullName);
        _mount.Delete();
    }

    [Fact]
    public async Task On_a_full_disk_nothing_is_granted_or_taken_in_and_afterwards_all_goes_on()
    {
        var filler = Path.Combine(_mount.FullName, "filler");
        await using var fleet = Open($"Data Source={Path.Combine(_mount.FullName, "fleet.db")}", Armed(new Budget("fleet", "", Amount.Of(5))));
        await fleet.ReportAsync(Many(10, 5));
        var held = await fleet.AskAsync("n000");
        Assert.Equal(GrantOutcome.Granted, held.Outcome);
        Fill(filler);

        var refused = await Assert.ThrowsAsync<StoreException>(() => fleet.Nodes.WriteAsync([.. Many(200, 5).Select(node => new NodeChange(node.Name, null, node with { Sequence = 2 }))], Token));
        Assert.True(refused.IsTransient);
        Assert.Contains("(store.connection) is full: free some space.", refused.Message, StringComparison.Ordinal);
        Assert.Equal(10, (await fleet.Nodes.ReadSinceAsync(0, Token)).Nodes.Length); // what is there can be read

        File.Delete(filler);
        await fleet.BeatAsync();
        Assert.Equal(GrantOutcome.Granted, (await fleet.RenewAsync("n000", held)).Outcome);
        Assert.Equal(GrantOutcome.Granted, (await fleet.AskAsync("n001")).Outcome);
    }

    private static void Fill(string file)
    {
        using var stream = new FileStream(file, FileMode.Create);
        var block = new byte[4096];
        try
        {
            while (true)
            {
                stream.Write(block);
                stream.Flush();
            }
        }
        catch (IOException)
        {
            // Full, as was wanted.
        }
    }

    private static async Task<int> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync(Token);
        return process.ExitCode;
    }
}
