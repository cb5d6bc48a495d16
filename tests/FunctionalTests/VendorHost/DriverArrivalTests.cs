using AIInfra.Core.Devices;
using Microsoft.Extensions.Logging;

namespace AIInfra.FunctionalTests.VendorHost;

/// <summary>A driver that comes late, goes, or is changed, and boards that come and go: all while one and the same worker runs on.</summary>
public sealed class DriverArrivalTests
{
    [Fact]
    public async Task A_driver_that_arrives_late_is_taken_up_at_once_when_the_kernel_tells_of_it()
    {
        await using var vendor = new VendorFixture();
        vendor.Folder.Set("open-0", "absent");
        vendor.Start();
        await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(60));

        vendor.Folder.Unset("open-0");
        vendor.BusChanges();

        await vendor.UntilInventoryAsync(inventory => inventory is { State: VendorState.Ready, Devices.Length: 2 }); // no time has gone by
        await vendor.UntilSampledAsync("board-0", "board-1");
    }

    [Fact]
    public async Task A_driver_that_arrives_late_is_found_within_a_minute_when_nobody_tells()
    {
        await using var vendor = new VendorFixture { Stored = VendorWorkerTests.Inventory("board-0", "board-1") };
        vendor.Folder.Set("open-0", "absent");
        vendor.Start();
        await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(60));
        vendor.Time.Advance(TimeSpan.FromSeconds(60));
        await vendor.UntilHealthAsync(health => !health.IsHealthy("board-0")); // known from before, and its driver is missing

        vendor.Folder.Unset("open-0");
        await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(60));
        vendor.Time.Advance(TimeSpan.FromSeconds(60));

        await vendor.UntilInventoryAsync(inventory => inventory.State == VendorState.Ready);
        await vendor.UntilHealthAsync(health => health.Problems.IsEmpty);
    }

    [Fact]
    public async Task A_board_that_is_taken_out_and_put_back_is_noticed_at_once_both_times()
    {
        await using var vendor = new VendorFixture();
        await vendor.StartAndServeAsync();

        vendor.Folder.Set("count", "1");
        vendor.BusChanges();
        await vendor.UntilHealthAsync(health => !health.IsHealthy("board-1"));
        Assert.NotNull(vendor.Find("vendor.device-gone", "board-1"));
        await vendor.RoundEndsAsync();

        vendor.Time.Advance(TimeSpan.FromSeconds(2)); // of the ten to the next round
        vendor.Folder.Unset("count");
        vendor.BusChanges();
        await vendor.UntilHealthAsync(health => health.Problems.IsEmpty);
        await vendor.UntilSampledAsync("board-0", "board-1");
        Assert.Single(vendor.Folder.Processes());
    }

    [Fact]
    public async Task A_bus_that_changes_all_the_time_is_looked_at_once_a_second_and_its_last_change_is_not_missed()
    {
        await using var vendor = new VendorFixture();
        await vendor.StartAndServeAsync();
        vendor.BusChanges();
        await vendor.UntilToldAsync("sample board-1 3"); // looked at, and read again
        await vendor.RoundEndsAsync();

        vendor.Folder.Set("count", "1");
        for (var change = 0; change < 100; change++)
            vendor.BusChanges();
        await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(1));
        Assert.True(vendor.Boards.Health.Current.Value.IsHealthy("board-1"));
        vendor.Time.Advance(TimeSpan.FromSeconds(1));

        await vendor.UntilHealthAsync(health => !health.IsHealthy("board-1"));
        Assert.InRange(vendor.Lines.Count(line => line.Text.Contains("the bus changed", StringComparison.Ordinal)), 2, 2);
    }

    [Fact]
    public async Task A_driver_that_is_changed_under_a_release_is_served_in_its_new_version_by_the_same_worker()
    {
        await using var vendor = new VendorFixture();
        await vendor.StartAndServeAsync();
        Assert.Equal("9.9", vendor.Inventory.LibraryVersion);
        await vendor.ReleaseAsync();

        vendor.Folder.Set("version", "10.0");
        vendor.Boards.Releases!.Resume("scripted");

        await vendor.UntilInventoryAsync(inventory => inventory is { State: VendorState.Ready, LibraryVersion: "10.0" });
        await vendor.UntilHealthAsync(health => health.Problems.IsEmpty);
        Assert.False(vendor.Run.IsCompleted);
        Assert.DoesNotContain(vendor.Lines, line => line.Level >= LogLevel.Warning);
    }

    [Fact]
    public async Task A_driver_that_is_swapped_by_force_takes_its_child_down_and_is_served_again_without_a_restart()
    {
        await using var vendor = new VendorFixture();
        await vendor.StartAndServeAsync();

        vendor.Folder.Set("open-0", "refused"); // the library does not fit the new driver yet
        VendorFolder.Signal(vendor.Folder.Processes().Single(), 9);
        await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(1));
        vendor.Time.Advance(TimeSpan.FromSeconds(1));
        await vendor.UntilHealthAsync(health => !health.IsHealthy("board-0"));
        await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(60));

        vendor.Folder.Set("version", "10.0");
        vendor.Folder.Unset("open-0");
        vendor.BusChanges();

        await vendor.UntilInventoryAsync(inventory => inventory is { State: VendorState.Ready, LibraryVersion: "10.0" });
        await vendor.UntilHealthAsync(health => health.IsHealthy("board-0") && health.IsHealthy("board-1"));
    }
}
