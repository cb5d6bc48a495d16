using AIInfra.Core.Devices;
using AIInfra.Core.VendorHost;

namespace AIInfra.UnitTests.VendorFiles;

/// <summary>An operator takes the devices of a vendor without library, so that its driver can be changed.</summary>
public sealed class FileReleaseTests
{
    private static CancellationToken Patience => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("amd", "mi300x-2", "dri/renderD129")]
    [InlineData("intel", "b60-2", "dri/renderD229")]
    [InlineData("rdma", "ib-hdr-2", "infiniband/uverbs1")]
    public async Task Its_files_are_closed_its_devices_get_no_work_and_who_holds_their_nodes_is_told_until_it_is_resumed(string vendor, string node, string held)
    {
        using var rig = new VendorRig(vendor, node);
        rig.Files.Put("proc/1/stat", "1 (init) S 0 1 1 0 -1");
        rig.Files.Put("proc/77/stat", "77 (python3) S 1 77 77 0 -1");
        rig.Files.Put("proc/77/cmdline", "python3");
        rig.Files.Link("proc/77/fd/9", $"/dev/{held}");
        Directory.CreateDirectory(rig.Files.Here("proc/1/fd"));
        using var stop = new CancellationTokenSource();
        var running = rig.RunAsync(stop.Token);
        await UntilAsync(() => rig.Inventory.Current.Value.Vendors is [{ State: VendorState.Ready }] && rig.Answering == 2);
        Assert.Contains(vendor, rig.Releases.Served);
        Assert.NotEmpty(OpenFiles(rig));

        var proof = await rig.Releases.ReleaseAsync(vendor, Patience).WaitAsync(TimeSpan.FromSeconds(30), Patience);

        Assert.Empty(proof.Ours);
        Assert.Equal($"77 python3 /dev/{held}", string.Join(' ', proof.Others.Select(holder => $"{holder.ProcessId} {holder.Program} {holder.Node}")));
        Assert.Empty(OpenFiles(rig));
        Assert.Equal((VendorState.Unavailable, 0), (rig.Now.State, rig.Answering));
        Assert.All(rig.Whole, device => Assert.Equal([VendorReleases.ProblemId], rig.Problems(device)));
        Assert.All(rig.Whole, device => Assert.False(rig.IsHealthy(device)));

        var again = await rig.Releases.ReleaseAsync(vendor, Patience).WaitAsync(TimeSpan.FromSeconds(30), Patience);
        Assert.True(again.Release.Asked > proof.Release.Asked);

        Assert.True(rig.Releases.Resume(vendor));
        await UntilAsync(() => rig.Now.State == VendorState.Ready && rig.Answering == 2);
        Assert.All(rig.Whole, device => Assert.True(rig.IsHealthy(device)));
        Assert.Empty(rig.Health.Current.Value.Problems);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    /// <summary>Of this process, below the simulated host.</summary>
    private static string[] OpenFiles(VendorRig rig) =>
        [.. new DirectoryInfo("/proc/self/fd").EnumerateFileSystemInfos().Select(entry => entry.LinkTarget).OfType<string>().Where(target => target.StartsWith(rig.Host.Root + "/sys", StringComparison.Ordinal))];

    private static async Task UntilAsync(Func<bool> holds)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(30));
            await Task.Delay(5, Patience);
        }
    }
}
