using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using Microsoft.Extensions.Logging;

namespace AIInfra.FunctionalTests.VendorHost;

public sealed class VendorWorkerTests
{
    [Fact]
    public async Task Boards_become_inventory_and_samples_with_the_NUMA_node_of_the_host()
    {
        await using var vendor = new VendorFixture();
        var place = Directory.CreateDirectory(vendor.Folder.PathOf("sys/bus/pci/devices/0000:02:00.0"));
        await File.WriteAllTextAsync(Path.Combine(place.FullName, "numa_node"), "1\n", TestContext.Current.CancellationToken);

        await vendor.StartAndServeAsync();

        Assert.Equal(VendorState.Ready, vendor.Inventory.State);
        Assert.Equal(("1.0", "9.9", true), (vendor.Inventory.DriverVersion, vendor.Inventory.LibraryVersion, vendor.Inventory.IsSimulated));
        Assert.Equal([("board-0", null), ("board-1", 1)], vendor.Inventory.Devices.Select(device => (device.Id, device.NumaNode)));
        Assert.Equal(["board-0", "board-1"], vendor.Sampled);
        Assert.Equal(["sample board-0 0", "sample board-1 0"], vendor.Told.Value);
        Assert.True(vendor.Part!.IsReady);

        var before = vendor.Inventory;
        await vendor.RoundsAsync(1);

        Assert.Equal(["sample board-0 3", "sample board-1 3"], vendor.Told.Value[2..]);
        Assert.Same(before, vendor.Inventory); // nothing has changed: nobody is woken, and nothing written
    }

    [Fact]
    public async Task Devices_of_the_last_run_are_listed_before_a_slow_driver_answers()
    {
        await using var vendor = new VendorFixture { Stored = Inventory("board-0") };
        vendor.Folder.Set("open-0", $"fifo {vendor.Folder.MakeFifo("gate")}");

        vendor.Start();

        await vendor.UntilInventoryAsync(inventory => inventory is { State: VendorState.Starting, Devices.Length: 1 });
        Assert.False(vendor.Part!.IsReady);

        using var gate = vendor.Folder.Release("gate");
        await vendor.UntilInventoryAsync(inventory => inventory is { State: VendorState.Ready, Devices.Length: 2 });
    }

    [Fact]
    public async Task An_event_reaches_the_rules_while_a_round_is_in_flight()
    {
        await using var vendor = new VendorFixture();
        vendor.Folder.MakeFifo("event");
        using var events = vendor.Folder.Release("event");
        await vendor.StartAndServeAsync();
        vendor.Folder.Set("sample-1", $"fifo {vendor.Folder.MakeFifo("gate")}");
        vendor.Time.Advance(VendorFixture.Interval);
        await vendor.Folder.UntilThereAsync("stuck-sample-1");

        events.Write([0, 79]);
        events.Flush();

        await vendor.UntilToldAsync("xid 79 on board-0");
        using var gate = vendor.Folder.Release("gate");
    }

    [Fact]
    public async Task A_board_that_refuses_keeps_its_readings_for_two_rounds_and_leaves_the_others()
    {
        await using var vendor = new VendorFixture();
        await vendor.StartAndServeAsync();
        vendor.Folder.Set("sample-1", "transient");

        await vendor.RoundsAsync(2);
        Assert.Equal(["board-0", "board-1"], vendor.Sampled);

        await vendor.RoundsAsync(1);
        Assert.Equal(["board-0"], vendor.Sampled);
        Assert.True(vendor.Boards.Health.Current.Value.IsHealthy("board-1")); // silence is no verdict

        vendor.Folder.Unset("sample-1");
        await vendor.RoundsAsync(1);
        Assert.Equal(["board-0", "board-1"], vendor.Sampled);
    }

    [Fact]
    public async Task A_lost_board_loses_its_readings_at_once_and_its_rules_hear_of_it_once()
    {
        await using var vendor = new VendorFixture();
        await vendor.StartAndServeAsync();
        vendor.Folder.Set("sample-0", "lost");

        await vendor.RoundsAsync(1);
        Assert.Equal(["board-1"], vendor.Sampled);
        await vendor.RoundsAsync(1);

        Assert.Single(vendor.Told.Value, "lost board-0");
        Assert.Equal(VendorState.Ready, vendor.Inventory.State);
    }

    [Fact]
    public async Task Without_the_library_an_automatic_vendor_is_absent_quietly_and_looked_for_every_minute()
    {
        await using var vendor = new VendorFixture();
        vendor.Folder.Set("open-0", "absent");
        vendor.Start();
        await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(60));

        Assert.Equal((VendorState.Absent, "open answered 12: the library is not on this host"), (vendor.Inventory.State, vendor.Inventory.Reason));
        Assert.True(vendor.Part!.IsReady);

        vendor.Time.Advance(TimeSpan.FromSeconds(60));
        await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(LogLevel.Information, Assert.Single(vendor.Lines).Level);
        Assert.Empty(vendor.Boards.Health.Current.Value.Problems);

        vendor.Folder.Unset("open-0");
        vendor.Time.Advance(TimeSpan.FromSeconds(60));
        await vendor.RoundEndsAsync();
        Assert.Equal(VendorState.Ready, vendor.Inventory.State);
    }

    [Fact]
    public async Task Without_the_library_a_wanted_vendor_is_not_ready_and_says_what_to_do()
    {
        await using var vendor = new VendorFixture { Enabled = true };
        vendor.Folder.Set("open-0", "absent");
        vendor.Start();
        await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(60));
        vendor.Time.Advance(TimeSpan.FromSeconds(60));
        await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(60));

        Assert.False(vendor.Part!.IsReady);
        Assert.Equal("vendors.scripted.enabled is true, but there is no driver or library: open answered 12: the library is not on this host. "
            + "Install the driver, correct vendors.scripted.library, or set enabled to auto. Looked for again every 60 s.", vendor.Part.Detail);
        Assert.Equal(LogLevel.Warning, Assert.Single(vendor.Lines).Level);
    }

    [Fact]
    public async Task A_library_that_refuses_is_shown_with_its_reason_and_asked_again_every_minute()
    {
        await using var vendor = new VendorFixture { Stored = Inventory("board-0", "board-1") };
        vendor.Folder.Set("open-0", "refused");
        vendor.Start();
        await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(60));

        Assert.Equal((VendorState.Unavailable, "open answered 4: no permission"), (vendor.Inventory.State, vendor.Inventory.Reason));
        Assert.False(vendor.Part!.IsReady);
        Assert.True(vendor.Boards.Health.Current.Value.IsHealthy("board-1"));

        vendor.Time.Advance(TimeSpan.FromSeconds(60));
        await vendor.UntilHealthAsync(health => !health.IsHealthy("board-0") && !health.IsHealthy("board-1"));

        vendor.Folder.Unset("open-0");
        await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(60));
        vendor.Time.Advance(TimeSpan.FromSeconds(60));
        await vendor.UntilHealthAsync(health => health.IsHealthy("board-0") && health.IsHealthy("board-1"));
    }

    [Fact]
    public async Task A_device_that_left_the_drivers_list_stays_listed_and_is_fatal_until_it_is_back()
    {
        await using var vendor = new VendorFixture();
        await vendor.StartAndServeAsync();
        vendor.Folder.Set("count", "1");

        await vendor.RoundsAsync(6);
        Assert.Equal(["board-0", "board-1"], vendor.Inventory.Devices.Select(device => device.Id));
        Assert.Equal(Severity.Fatal, vendor.Find("vendor.device-gone", "board-1")!.Severity);
        Assert.Equal(["board-0"], vendor.Sampled);

        vendor.Folder.Unset("count");
        await vendor.RoundsAsync(6);
        Assert.Empty(vendor.Boards.Health.Current.Value.Problems);
        Assert.Equal(["board-0", "board-1"], vendor.Sampled);
    }

    [Fact]
    public async Task A_device_that_the_driver_counts_but_will_not_describe_is_unhealthy_after_the_second_look()
    {
        await using var vendor = new VendorFixture { Stored = Inventory("board-0", "board-1") };
        vendor.Folder.Set("describe-1", "transient");
        await vendor.StartAndServeAsync();
        Assert.Equal(["board-0"], vendor.Sampled);
        Assert.True(vendor.Boards.Health.Current.Value.IsHealthy("board-1"));

        await vendor.RoundsAsync(6);
        Assert.Equal("vendor.unanswered", Assert.Single(vendor.Boards.Health.Current.Value.Problems).Id);

        vendor.Folder.Unset("describe-1");
        await vendor.RoundsAsync(6);
        Assert.Empty(vendor.Boards.Health.Current.Value.Problems);
    }

    [Fact]
    public async Task A_fault_in_a_rule_ends_the_worker_so_that_it_is_started_again_and_its_child_with_it()
    {
        await using var vendor = new VendorFixture();
        vendor.Folder.MakeFifo("event");
        using var events = vendor.Folder.Release("event");
        await vendor.StartAndServeAsync();

        events.Write([0, VendorFixture.Unbearable]);
        events.Flush();

        await Assert.ThrowsAsync<InvalidDataException>(() => vendor.Run.WaitAsync(VendorFixture.Deadline, TestContext.Current.CancellationToken));
        vendor.Start();
        await vendor.RoundEndsAsync();
        Assert.Equal(VendorState.Ready, vendor.Inventory.State);
    }

    [Fact]
    public async Task A_gone_device_is_forgotten_when_a_person_clears_its_problem()
    {
        await using var vendor = new VendorFixture();
        await vendor.StartAndServeAsync();
        vendor.Folder.Set("count", "1");
        await vendor.RoundsAsync(6);

        Assert.True(vendor.Boards.Health.Clear("vendor.device-gone", Subject.Device("board-1")));
        await vendor.RoundsAsync(6);

        Assert.Equal(["board-0"], vendor.Inventory.Devices.Select(device => device.Id));
    }

    [Fact]
    public async Task A_board_with_another_id_in_the_same_slot_replaces_the_one_that_was_stored()
    {
        await using var vendor = new VendorFixture { Stored = Inventory("old-board", "board-1") };

        await vendor.StartAndServeAsync();

        Assert.Equal(["board-0", "board-1"], vendor.Inventory.Devices.Select(device => device.Id));
        Assert.Empty(vendor.Boards.Health.Current.Value.Problems);
    }

    [Fact]
    public async Task A_worker_that_is_stopped_leaves_no_child()
    {
        await using var vendor = new VendorFixture();
        await vendor.StartAndServeAsync();
        Assert.Single(vendor.Folder.Processes());

        await vendor.StopAsync();

        Assert.Empty(vendor.Folder.Processes());
    }

    internal static VendorInventory Inventory(params string[] ids) => new()
    {
        Vendor = "scripted",
        State = VendorState.Ready,
        Devices = [.. ids.Select((id, index) => new Device
        {
            Id = id,
            Vendor = "scripted",
            Model = "Board",
            ResourceName = "example.com/board",
            Index = index,
            PciAddress = $"0000:{index + 1:x2}:00.0",
        })],
    };
}
