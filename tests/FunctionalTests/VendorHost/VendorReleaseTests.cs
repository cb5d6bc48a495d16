using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.VendorHost;

namespace AIInfra.FunctionalTests.VendorHost;

/// <summary>An operator takes a vendor's devices from the agent and gives them back, with real processes that hold real files.</summary>
public sealed class VendorReleaseTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static async Task<VendorFixture> ServeWithOpenNodeAsync()
    {
        var vendor = new VendorFixture();
        Directory.CreateDirectory(vendor.Folder.PathOf("dev"));
        vendor.Folder.Set("dev/board0", "");
        vendor.Folder.Set("describe-0", $"hold {vendor.Folder.PathOf("dev/board0")}");
        await vendor.StartAndServeAsync();
        return vendor;
    }

    [Fact]
    public async Task A_release_ends_the_child_proves_that_no_node_is_held_and_keeps_the_devices_out_until_they_answer_again()
    {
        await using var vendor = await ServeWithOpenNodeAsync();
        Assert.True(IsHeld(vendor));

        var proof = await vendor.ReleaseAsync();

        Assert.Empty(proof.Ours);
        Assert.False(IsHeld(vendor));
        Assert.Empty(vendor.Folder.Processes());
        Assert.Equal(VendorState.Unavailable, vendor.Inventory.State);
        Assert.StartsWith("released by an operator at 2026-01-01 ", vendor.Inventory.Reason, StringComparison.Ordinal);
        Assert.Equal(2, vendor.Inventory.Devices.Length);
        Assert.Empty(vendor.Sampled);
        Assert.False(vendor.Part!.IsReady);
        Assert.All((string[])["board-0", "board-1"], device => Assert.Equal((Severity.Fatal, SuggestedAction.None), (vendor.Find("vendor.released", device)!.Severity, vendor.Find("vendor.released", device)!.Action)));

        vendor.Time.Advance(TimeSpan.FromHours(1));
        Assert.Empty(vendor.Folder.Processes());

        Assert.True(vendor.Boards.Releases!.Resume("scripted"));
        await vendor.UntilHealthAsync(health => health.Problems.IsEmpty);
        await vendor.UntilInventoryAsync(inventory => inventory.State == VendorState.Ready);
        Assert.Single(vendor.Folder.Processes());
        Assert.False(vendor.Boards.Releases.Resume("scripted"));
    }

    [Fact]
    public async Task Asked_again_it_is_proved_again_and_stands_since_the_first_time()
    {
        await using var vendor = await ServeWithOpenNodeAsync();
        var first = await vendor.ReleaseAsync();
        vendor.Time.Advance(TimeSpan.FromMinutes(5));

        var second = await vendor.ReleaseAsync();

        Assert.Equal(first.Release.Since, second.Release.Since);
        Assert.NotSame(first, second);
    }

    [Fact]
    public async Task A_release_outlives_the_agent()
    {
        await using var vendor = new VendorFixture(new VendorRelease("scripted", DateTimeOffset.UnixEpoch)) { Stored = VendorWorkerTests.Inventory("board-0") };
        vendor.Start();

        await vendor.UntilInventoryAsync(inventory => inventory is { State: VendorState.Unavailable, Devices.Length: 1 });

        await vendor.UntilHealthAsync(health => !health.IsHealthy("board-0"));
        Assert.Empty(vendor.Folder.Processes());
        vendor.Boards.Releases!.Resume("scripted");
        await vendor.UntilHealthAsync(health => health.IsHealthy("board-0"));
        await vendor.UntilInventoryAsync(inventory => inventory is { State: VendorState.Ready, Devices.Length: 2 });
    }

    [Fact]
    public async Task A_child_that_is_stuck_in_the_driver_is_named_until_its_call_returns()
    {
        await using var vendor = await ServeWithOpenNodeAsync();
        var stuck = vendor.Folder.Processes().Single();
        vendor.Folder.Set("sample-1", $"fifo {vendor.Folder.MakeFifo("gate")}");
        vendor.Time.Advance(VendorFixture.Interval);
        await vendor.TimeOutAsync("sample-1", VendorFixture.CallTimeout);
        await vendor.UntilSampledAsync("board-0");

        var proof = await vendor.ReleaseAsync();

        Assert.Equal([(stuck, vendor.Folder.PathOf("dev/board0"))], proof.Ours.Select(holder => (holder.ProcessId, holder.Node)));
        Assert.Contains($"NOT FREE: process {stuck} of the agent holds", vendor.Inventory.Reason, StringComparison.Ordinal);
        using var gate = vendor.Folder.Release("gate");
        await VendorFolder.WaitForEndAsync(stuck);
        Assert.Empty((await vendor.ReleaseAsync()).Ours);
    }

    [Fact]
    public async Task A_call_in_flight_is_let_finish_before_the_child_is_ended()
    {
        await using var vendor = await ServeWithOpenNodeAsync();
        vendor.Folder.Set("sample-1", $"fifo {vendor.Folder.MakeFifo("gate")}");
        vendor.Time.Advance(VendorFixture.Interval);
        await vendor.Folder.UntilThereAsync("stuck-sample-1");

        var release = vendor.ReleaseAsync();
        Assert.False(release.IsCompleted);
        Assert.Single(vendor.Folder.Processes());
        using var gate = vendor.Folder.Release("gate");

        Assert.Empty((await release).Ours);
        Assert.Null(vendor.Find("vendor.device-hung", "board-1"));
    }

    [Fact]
    public async Task A_vendor_that_waits_for_its_next_try_is_released_at_once_and_not_tried_again()
    {
        await using var vendor = new VendorFixture { Stored = VendorWorkerTests.Inventory("board-0") };
        vendor.Folder.Set("open-0", "refused");
        vendor.Start();
        await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(60));

        await vendor.ReleaseAsync();
        vendor.Folder.Unset("open-0");
        vendor.Time.Advance(TimeSpan.FromHours(1));

        Assert.Empty(vendor.Folder.Processes());
        Assert.NotNull(vendor.Find("vendor.released", "board-0"));
    }

    [Fact]
    public async Task After_the_resume_a_driver_that_does_not_answer_is_what_stands()
    {
        await using var vendor = await ServeWithOpenNodeAsync();
        await vendor.ReleaseAsync();
        vendor.Folder.Set("open-0", "transient");

        vendor.Boards.Releases!.Resume("scripted");
        await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(1));
        Assert.False(vendor.Boards.Health.Current.Value.IsHealthy("board-0")); // not offered before it has answered
        vendor.Time.Advance(TimeSpan.FromSeconds(1));
        await vendor.UntilHealthAsync(health => health.Problems.All(problem => problem.Id == "vendor.unanswered") && !health.IsHealthy("board-0"));

        vendor.Folder.Unset("open-0");
        await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(2));
        vendor.Time.Advance(TimeSpan.FromSeconds(2));
        await vendor.UntilHealthAsync(health => health.Problems.IsEmpty);
    }

    [Fact]
    public async Task Released_and_resumed_many_times_it_is_never_held_as_flapping()
    {
        await using var vendor = await ServeWithOpenNodeAsync();
        for (var turn = 0; turn < 6; turn++)
        {
            await vendor.ReleaseAsync();
            vendor.Boards.Releases!.Resume("scripted");
            await vendor.UntilHealthAsync(health => health.Problems.IsEmpty);
        }
    }

    private static bool IsHeld(VendorFixture vendor) => vendor.Folder.Processes().Any(id =>
        Directory.EnumerateFileSystemEntries($"/proc/{id}/fd").Any(fd => new FileInfo(fd).LinkTarget == vendor.Folder.PathOf("dev/board0")));
}
