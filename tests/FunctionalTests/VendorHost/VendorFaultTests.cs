using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using Microsoft.Extensions.Logging;

namespace AIInfra.FunctionalTests.VendorHost;

/// <summary>What a library that crashes, hangs or is replaced does to the node, with real processes that do so.</summary>
public sealed class VendorFaultTests
{
    [Fact]
    public async Task A_library_that_segfaults_is_started_again_after_1_2_and_4_seconds_and_its_devices_are_unhealthy_after_the_second_time()
    {
        await using var vendor = new VendorFixture();
        await vendor.StartAndServeAsync();
        vendor.Folder.Set("sample-0", "segfault");

        vendor.Time.Advance(VendorFixture.Interval);
        await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(1));
        var crash = vendor.Find("vendor.crashed", Subject.Node)!;
        Assert.Equal((Severity.Degraded, Cause.Driver, ClearingKind.Quiet), (crash.Severity, crash.Cause, crash.Clearing.Kind));
        Assert.Equal(VendorState.Unavailable, vendor.Inventory.State);
        Assert.Equal(2, vendor.Inventory.Devices.Length);
        Assert.Empty(vendor.Sampled);
        Assert.True(vendor.Boards.Health.Current.Value.IsHealthy("board-1"));

        vendor.Time.Advance(TimeSpan.FromSeconds(1));
        await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(2));
        Assert.False(vendor.Boards.Health.Current.Value.IsHealthy("board-0"));
        Assert.False(vendor.Boards.Health.Current.Value.IsHealthy("board-1"));
        Assert.False(vendor.Part!.IsReady);

        vendor.Folder.Unset("sample-0");
        vendor.Time.Advance(TimeSpan.FromSeconds(2));
        await vendor.RoundEndsAsync();
        Assert.Equal("vendor.crashed", Assert.Single(vendor.Boards.Health.Current.Value.Problems).Id); // seen for a while yet
        Assert.Equal((VendorState.Ready, true), (vendor.Inventory.State, vendor.Part!.IsReady));
        Assert.Equal(["board-0", "board-1"], vendor.Sampled);
    }

    [Fact]
    public async Task The_wait_between_children_grows_to_a_minute()
    {
        await using var vendor = new VendorFixture();
        vendor.Folder.Set("impostor", "exits");
        vendor.Start();

        foreach (var seconds in (int[])[1, 2, 4, 8, 16, 32, 60, 60])
        {
            await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(seconds));
            vendor.Time.Advance(TimeSpan.FromSeconds(seconds));
        }
    }

    [Fact]
    public async Task A_child_that_dies_between_two_rounds_is_noticed_at_once()
    {
        await using var vendor = new VendorFixture();
        await vendor.StartAndServeAsync();

        VendorFolder.Signal(vendor.Folder.Processes().Single(), 9);

        await vendor.UntilInventoryAsync(inventory => inventory is { State: VendorState.Unavailable, Reason: { } reason } && reason.EndsWith("signal 9 (SIGKILL)", StringComparison.Ordinal));
        Assert.Empty(vendor.Sampled);
    }

    [Fact]
    public async Task A_board_that_hangs_costs_only_itself_until_its_call_returns()
    {
        await using var vendor = new VendorFixture();
        await vendor.StartAndServeAsync();
        var first = vendor.Folder.Processes().Single();
        vendor.Folder.Set("sample-0", $"fifo {vendor.Folder.MakeFifo("gate")}");

        vendor.Time.Advance(VendorFixture.Interval);
        await vendor.TimeOutAsync("sample-0", VendorFixture.CallTimeout);
        await vendor.UntilSampledAsync("board-1");
        await vendor.RoundEndsAsync();

        var hung = vendor.Find("vendor.device-hung", "board-0")!;
        Assert.Equal(Severity.Fatal, hung.Severity);
        Assert.Contains($"reading board 0 has not returned for 7 s (process {first})", hung.Message, StringComparison.Ordinal);
        Assert.True(vendor.Boards.Health.Current.Value.IsHealthy("board-1"));
        Assert.Equal(2, vendor.Folder.Processes().Count); // the first one is left alone
        Assert.Equal((VendorState.Ready, 2), (vendor.Inventory.State, vendor.Inventory.Devices.Length));
        Assert.Contains(vendor.Lines, line => line.Level == LogLevel.Error);

        vendor.Folder.Unset("sample-0");
        using var gate = vendor.Folder.Release("gate");
        await vendor.UntilHealthAsync(health => health.IsHealthy("board-0"));
        await vendor.UntilSampledAsync("board-0", "board-1");
        await VendorFolder.WaitForEndAsync(first);
    }

    [Fact]
    public async Task A_board_that_never_returns_stays_out_and_the_others_are_read_round_after_round()
    {
        await using var vendor = new VendorFixture();
        vendor.Folder.Set("count", "3");
        vendor.Folder.Set("describe-1", "hang");
        vendor.Start();

        await vendor.TimeOutAsync("describe-1", VendorFixture.CallTimeout);
        await vendor.RoundEndsAsync();
        await vendor.RoundsAsync(7);

        Assert.Equal(["board-0", "board-2"], vendor.Sampled);
        Assert.Equal(Severity.Degraded, vendor.Find("vendor.device-hung", new Subject(SubjectKind.Unit, "vendor-host scripted"))!.Severity); // it never had a name
        await vendor.StopAsync();
        Assert.Empty(vendor.Folder.Processes());
    }

    [Fact]
    public async Task When_the_driver_no_longer_counts_the_board_that_hangs_the_others_are_asked_under_their_new_indexes()
    {
        await using var vendor = new VendorFixture();
        vendor.Folder.Set("count", "3");
        await vendor.StartAndServeAsync();
        vendor.Folder.Set("sample-0", $"fifo {vendor.Folder.MakeFifo("gate")}");
        vendor.Time.Advance(VendorFixture.Interval);
        await vendor.Folder.UntilThereAsync("stuck-sample-0");

        vendor.Folder.Set("count", "2");
        vendor.Folder.Set("id-0", "board-1");
        vendor.Folder.Set("id-1", "board-2");
        vendor.Folder.Unset("sample-0");
        await vendor.TimeOutAsync("sample-0", VendorFixture.CallTimeout);

        await vendor.UntilSampledAsync("board-1", "board-2");
        Assert.Equal(3, vendor.Inventory.Devices.Length);
        Assert.NotNull(vendor.Find("vendor.device-hung", "board-0"));
    }

    [Fact]
    public async Task A_child_that_was_left_alone_tells_events_of_its_own_board_only()
    {
        await using var vendor = new VendorFixture();
        vendor.Folder.MakeFifo("event");
        using var events = vendor.Folder.Release("event");
        await vendor.StartAndServeAsync();
        vendor.Folder.Unset("event"); // the next child has no events: what comes is from the first one
        vendor.Folder.Set("sample-0", "hang");
        vendor.Time.Advance(VendorFixture.Interval);
        await vendor.TimeOutAsync("sample-0", VendorFixture.CallTimeout);
        await vendor.UntilSampledAsync("board-1");

        events.Write([1, 100, 0, 100]); // board and value, twice
        events.Flush();

        await vendor.UntilToldAsync("xid 100 on board-0");
        Assert.DoesNotContain("xid 100 on board-1", vendor.Told.Value);
    }

    [Fact]
    public async Task After_two_children_that_hang_the_vendor_is_given_up_loudly_until_one_of_them_answers()
    {
        await using var vendor = new VendorFixture();
        await vendor.StartAndServeAsync();
        vendor.Folder.Set("sample-0", $"fifo {vendor.Folder.MakeFifo("gate-0")}");
        vendor.Folder.Set("sample-1", $"fifo {vendor.Folder.MakeFifo("gate-1")}");

        vendor.Time.Advance(VendorFixture.Interval);
        await vendor.TimeOutAsync("sample-0", VendorFixture.CallTimeout);
        await vendor.TimeOutAsync("sample-1", VendorFixture.CallTimeout);
        await vendor.UntilInventoryAsync(inventory => inventory.State == VendorState.Unavailable);
        await vendor.UntilHealthAsync(health => health.Problems.Count(problem => problem.Id == "vendor.unanswered") == 2);

        Assert.Equal(2, vendor.Folder.Processes().Count);
        Assert.Empty(vendor.Sampled);
        Assert.False(vendor.Part!.IsReady);
        Assert.Contains("No third one is started", vendor.Part.Detail, StringComparison.Ordinal);
        Assert.Equal(3, vendor.Lines.Count(line => line.Level == LogLevel.Error));

        vendor.Folder.Unset("sample-0");
        using var gate = vendor.Folder.Release("gate-0");
        await vendor.UntilHealthAsync(health => health.IsHealthy("board-0") && !health.IsHealthy("board-1"));
        await vendor.UntilSampledAsync("board-0");
    }

    [Fact]
    public async Task A_library_that_hangs_while_opening_counts_as_a_hang_of_the_vendor()
    {
        await using var vendor = new VendorFixture { Stored = VendorWorkerTests.Inventory("board-0", "board-1") };
        vendor.Folder.Set("open-0", "hang");
        vendor.Start();

        await vendor.TimeOutAsync("open-0", VendorFixture.OpenTimeout);
        await vendor.TimeOutAsync("open-0", VendorFixture.OpenTimeout);

        await vendor.UntilHealthAsync(health => !health.IsHealthy("board-0") && !health.IsHealthy("board-1"));
        Assert.Contains("opening libscripted.so.1 has not returned for 25 s", vendor.Inventory.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_library_replaced_on_disk_is_loaded_by_a_new_child_while_the_old_one_serves()
    {
        var folder = Directory.CreateTempSubdirectory("library-");
        var library = Path.Combine(folder.FullName, "libscripted.so.1");
        File.Copy(SmallLibrary, library);
        await using var vendor = new VendorFixture { Library = library };
        await vendor.StartAndServeAsync();
        var first = vendor.Folder.Processes().Single();

        vendor.Folder.Set("version", "10.0");
        File.Copy(SmallLibrary, library + ".new");
        File.Move(library + ".new", library, overwrite: true);
        await vendor.RoundsAsync(1);
        Assert.Equal("9.9", vendor.Inventory.LibraryVersion); // seen once: an installer may be at work
        await vendor.RoundsAsync(1);

        Assert.Equal("10.0", vendor.Inventory.LibraryVersion);
        Assert.Equal(["board-0", "board-1"], vendor.Sampled);
        await VendorFolder.WaitForEndAsync(first);
        Assert.Single(vendor.Folder.Processes());
        Assert.DoesNotContain(vendor.Lines, line => line.Level > LogLevel.Information);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_new_library_that_does_not_open_leaves_the_old_one_serving()
    {
        var folder = Directory.CreateTempSubdirectory("library-");
        var library = Path.Combine(folder.FullName, "libscripted.so.1");
        File.Copy(SmallLibrary, library);
        await using var vendor = new VendorFixture { Library = library };
        await vendor.StartAndServeAsync();

        vendor.Folder.Set("open-0", "refused"); // as NVML does while the kernel module is still the old one
        File.Copy(SmallLibrary, library + ".new");
        File.Move(library + ".new", library, overwrite: true);
        await vendor.RoundsAsync(4);

        Assert.Equal((VendorState.Ready, true), (vendor.Inventory.State, vendor.Part!.IsReady));
        Assert.Equal(["board-0", "board-1"], vendor.Sampled);
        Assert.Single(vendor.Lines, line => line.Level == LogLevel.Warning);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_program_replaced_by_another_version_says_to_restart_the_agent()
    {
        await using var vendor = new VendorFixture();
        vendor.Folder.Set("impostor", "old-version");
        vendor.Start();
        await vendor.Time.WhenWaitingAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(VendorState.Unavailable, vendor.Inventory.State);
        Assert.EndsWith("restart the agent.", vendor.Part!.Detail, StringComparison.Ordinal);
        Assert.Null(vendor.Find("vendor.crashed", Subject.Node));
    }

    /// <summary>Any library that nothing else in the child needs.</summary>
    private static string SmallLibrary => Directory.EnumerateFiles("/usr/lib", "libBrokenLocale.so.1", SearchOption.AllDirectories)
        .Concat(Directory.EnumerateFiles("/usr/lib", "libanl.so.1", SearchOption.AllDirectories)).First();
}
