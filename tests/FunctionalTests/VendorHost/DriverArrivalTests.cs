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
    public async Task A_driver_that_is_changed_below_a_child_without_a_word_is_served_by_a_new_child_after_one_round()
    {
        await using var vendor = new VendorFixture();
        await vendor.StartAndServeAsync();
        var old = vendor.Folder.Processes().Single();

        vendor.Folder.Set("version", "10.0");
        vendor.Folder.Set("driver", "2.0");
        vendor.Time.Advance(VendorFixture.Interval);

        await vendor.UntilInventoryAsync(inventory => inventory is { State: VendorState.Ready, DriverVersion: "2.0", LibraryVersion: "10.0" });
        await vendor.UntilToldAsync("sample board-1 3");
        await VendorFolder.WaitForEndAsync(old);
        Assert.NotEqual(old, vendor.Folder.Processes().Single());
        Assert.False(vendor.Run.IsCompleted);
    }

    [Fact]
    public async Task A_kernel_module_of_another_version_is_reason_enough_for_a_new_child()
    {
        await using var vendor = new VendorFixture();
        Directory.CreateDirectory(vendor.Folder.PathOf("sys/module/scripted"));
        vendor.Folder.Set("sys/module/scripted/version", "1.0\n");
        await vendor.StartAndServeAsync();
        var old = vendor.Folder.Processes().Single();
        await vendor.RoundsAsync(1);
        Assert.Equal(old, vendor.Folder.Processes().Single());

        vendor.Folder.Set("version", "10.0");
        vendor.Folder.Set("sys/module/scripted/version", "2.0\n");
        vendor.Time.Advance(VendorFixture.Interval);

        await vendor.UntilInventoryAsync(inventory => inventory is { State: VendorState.Ready, LibraryVersion: "10.0" });
        await VendorFolder.WaitForEndAsync(old);
    }

    [Fact]
    public async Task Boards_that_are_all_lost_in_truth_cost_one_new_child_a_minute_and_stay_lost()
    {
        await using var vendor = new VendorFixture();
        await vendor.StartAndServeAsync();
        vendor.Folder.Set("sample-0", "lost");
        vendor.Folder.Set("sample-1", "lost");
        vendor.Time.Advance(VendorFixture.Interval);
        await vendor.UntilToldAsync("lost board-1");
        await vendor.RoundEndsAsync();
        await vendor.RoundsAsync(12);

        Assert.InRange(vendor.Lines.Count(line => line.Text.Contains("has taken over", StringComparison.Ordinal)), 2, 3);
        Assert.Empty(vendor.Sampled);
        Assert.Single(vendor.Folder.Processes());
    }

    [Fact]
    public async Task A_change_of_another_makers_board_is_no_reason_to_look()
    {
        await using var vendor = new VendorFixture();
        await vendor.StartAndServeAsync();

        vendor.Boards.Bus!.Publish(new PciChange("bind 0000:41:00.0", "0x9999"));
        await vendor.RoundsAsync(1);
        Assert.DoesNotContain(vendor.Lines, line => line.Text.Contains("the bus changed", StringComparison.Ordinal));

        vendor.Boards.Bus!.Publish(new PciChange("bind 0000:01:00.0", "0x1234"));
        await vendor.RoundsAsync(1);
        Assert.Single(vendor.Lines, line => line.Text.Contains("the bus changed", StringComparison.Ordinal));
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
