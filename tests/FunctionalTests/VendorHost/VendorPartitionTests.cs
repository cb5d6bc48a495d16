using AIInfra.Core.Health;

namespace AIInfra.FunctionalTests.VendorHost;

/// <summary>Partitions of boards, and boards that only the bus knows.</summary>
public sealed class VendorPartitionTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Partitions_stand_after_their_board_with_its_place_and_are_read_with_it()
    {
        await using var vendor = new VendorFixture();
        vendor.Folder.Set("partitions-1", "small small");

        await vendor.StartAndServeAsync();

        Assert.Equal(["board-0", "board-1", "part-1-0", "part-1-1"], vendor.Inventory.Devices.Select(device => device.Id));
        var part = vendor.Inventory.Devices[3];
        Assert.Equal(("board-1", "0000:02:00.0", 1, true, 1), (part.ParentId, part.PciAddress, part.Index, part.IsHeldBack, part.Partition!.Instance));
        Assert.Equal(["board-0", "board-1", "part-1-0", "part-1-1"], vendor.Sampled);
        Assert.Contains("sample part-1-1 0", vendor.Told.Value);
    }

    [Fact]
    public async Task Partitions_come_and_go_without_a_restart_and_what_stood_on_them_goes_too()
    {
        await using var vendor = new VendorFixture();
        vendor.Folder.Set("partitions-1", "small");
        await vendor.StartAndServeAsync();
        vendor.Boards.Health.Report(Fatal("part-1-0"));

        vendor.Folder.Set("partitions-1", "");
        vendor.Folder.Set("partitions-0", "large");
        await vendor.RoundsAsync(1);

        Assert.Equal(["board-0", "part-0-0", "board-1"], vendor.Inventory.Devices.Select(device => device.Id));
        Assert.Equal(["board-0", "part-0-0", "board-1"], vendor.Sampled);
        Assert.Empty(vendor.Boards.Health.Current.Value.Problems);
    }

    [Fact]
    public async Task A_partition_of_another_size_under_the_same_id_is_described_again()
    {
        await using var vendor = new VendorFixture();
        vendor.Folder.Set("partitions-0", "small");
        await vendor.StartAndServeAsync();

        vendor.Folder.Set("partitions-0", "large");
        await vendor.RoundsAsync(1);

        Assert.Equal("large", vendor.Inventory.Devices[1].Partition!.Profile);
    }

    [Fact]
    public async Task An_event_makes_the_boards_be_described_at_once()
    {
        await using var vendor = new VendorFixture();
        vendor.Folder.MakeFifo("event");
        using var events = vendor.Folder.Release("event");
        await vendor.StartAndServeAsync();
        vendor.Folder.Set("partitions-0", "small");

        events.Write([0, 0]);
        events.Flush();

        await vendor.UntilInventoryAsync(inventory => inventory.Devices.Length == 3); // the clock stands still
        Assert.DoesNotContain("xid 0 on board-0", vendor.Told.Value);
    }

    [Fact]
    public async Task Silence_about_partitions_takes_none_away()
    {
        await using var vendor = new VendorFixture();
        vendor.Folder.Set("partitions-0", "small");
        await vendor.StartAndServeAsync();

        vendor.Folder.Set("partitions-0", "?");
        vendor.Folder.Set("count", "1"); // makes them be described again, a minute later
        await vendor.RoundsAsync(7);

        Assert.Equal(["board-0", "part-0-0", "board-1"], vendor.Inventory.Devices.Select(device => device.Id));
        Assert.NotNull(vendor.Find("vendor.device-gone", "board-1"));
        Assert.Null(vendor.Find("vendor.device-gone", "part-0-0"));
    }

    [Fact]
    public async Task A_lost_board_takes_the_readings_of_its_partitions_along()
    {
        await using var vendor = new VendorFixture();
        vendor.Folder.Set("partitions-0", "small");
        await vendor.StartAndServeAsync();

        vendor.Folder.Set("sample-0", "lost");
        await vendor.RoundsAsync(1);

        Assert.Equal(["board-1"], vendor.Sampled);
        Assert.Equal(3, vendor.Inventory.Devices.Length);
    }

    [Fact]
    public async Task A_board_that_only_the_bus_lists_is_a_problem_until_it_is_found()
    {
        await using var vendor = new VendorFixture();
        await OnBusAsync(vendor, "0000:02:00.0", "scripted"); // listed by the library
        await OnBusAsync(vendor, "0000:07:00.0", null);
        await OnBusAsync(vendor, "0000:08:00.0", "vfio-pci"); // a guest's
        await vendor.StartAndServeAsync();

        await vendor.RoundsAsync(6); // one look
        Assert.Empty(vendor.Boards.Health.Current.Value.Problems);
        await vendor.RoundsAsync(6);
        Assert.Equal(("vendor.device-missing", Subject.Device("0000:07:00.0"), Severity.Fatal), Only(vendor));

        Directory.Delete(vendor.Folder.PathOf("sys/bus/pci/devices/0000:07:00.0"), recursive: true);
        await vendor.RoundsAsync(6);
        Assert.Empty(vendor.Boards.Health.Current.Value.Problems);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_rules_say_of_a_refusal_is_not_said_twice(bool areRefusalsTold)
    {
        await using var vendor = new VendorFixture { AreRefusalsTold = areRefusalsTold };
        vendor.Folder.Set("partitions-0", "small");
        await vendor.StartAndServeAsync();
        vendor.Folder.Set("open-0", "refused");
        vendor.Folder.Set("sample-0", "abort");

        vendor.Time.Advance(VendorFixture.Interval);
        await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(1)); // crashed
        vendor.Time.Advance(TimeSpan.FromSeconds(1));
        await vendor.UntilToldAsync("refused 4 board-0 board-1");
        await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(areRefusalsTold, vendor.Find("vendor.unanswered", "board-0") is null);
        Assert.Null(vendor.Find("vendor.unanswered", "part-0-0"));
    }

    private static (string, Subject, Severity) Only(VendorFixture vendor)
    {
        var problem = Assert.Single(vendor.Boards.Health.Current.Value.Problems);
        return (problem.Id, problem.Subject, problem.Severity);
    }

    private static async Task OnBusAsync(VendorFixture vendor, string address, string? driver)
    {
        var place = Directory.CreateDirectory(vendor.Folder.PathOf($"sys/bus/pci/devices/{address}"));
        await File.WriteAllTextAsync(Path.Combine(place.FullName, "vendor"), "0x1234\n", Stop);
        await File.WriteAllTextAsync(Path.Combine(place.FullName, "class"), "0x030200\n", Stop);
        if (driver is not null)
            File.CreateSymbolicLink(Path.Combine(place.FullName, "driver"), $"../../drivers/{driver}");
    }

    private static ProblemReport Fatal(string device) => new()
    {
        Id = "scripted.fault",
        Subject = Subject.Device(device),
        Severity = Severity.Fatal,
        Cause = Cause.Hardware,
        Action = SuggestedAction.ResetDevice,
        Clearing = Clearing.OnReset,
        Message = "A fault.",
        Evidence = "seen",
        At = DateTimeOffset.UnixEpoch,
    };
}
