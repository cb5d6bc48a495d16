using AIInfra.Core.Health;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.FunctionalTests.Vendors;

/// <summary>Events, losses and resets of simulated boards.</summary>
[Collection(SimulatedNvml.Collection)]
public sealed class NvidiaFaultTests : SimulatedBoards
{
    [Fact]
    public void An_xid_is_told_with_its_board_and_stays_the_last()
    {
        var (library, _, sim) = Open("node dgx-h100\n");
        var devices = DescribeAll(library, 8);
        Assert.False(library.WaitEvent(TimeSpan.Zero, out _)); // registers
        Assert.Equal(0, Value(Sample(library, 3), "last_xid"));

        sim.Inject("gpu 3 xid 31");

        Assert.Equal(new VendorEvent(devices[3].Id, "xid", 31, null), NextEvent(library));
        Assert.Equal(31, Value(Sample(library, 3), "last_xid"));
        Assert.Equal(0, Value(Sample(library, 2), "last_xid"));
    }

    [Fact]
    public void Events_about_memory_and_a_doubtful_Xid_are_told_by_what_the_board_says_of_them()
    {
        var (library, _, sim) = Open("node dgx-h100\n");
        var devices = DescribeAll(library, 8);
        library.WaitEvent(TimeSpan.Zero, out _);

        foreach (var (command, kind) in (ReadOnlySpan<(string, string)>)[
            ("ecc storm", "ecc-storm"), ("dram-retirement", "dram-retirement"), ("dram-retirement failed", "dram-retirement-failed"),
            ("poison non-fatal", "poison-contained"), ("poison fatal", "poison-fatal")])
        {
            sim.Inject($"gpu 3 {command}");
            Assert.Equal(new VendorEvent(devices[3].Id, kind, 0, null), NextEvent(library));
        }
        sim.Inject("gpu 4 xid 109");
        Assert.Equal(new VendorEvent(devices[4].Id, "xid-without-recovery", 109, null), NextEvent(library));
        sim.Inject("gpu 5 recovery-action 1");
        Assert.Equal("recovery-action", NextEvent(library).Kind);
        sim.Inject("gpu 5 xid 109");
        Assert.Equal(new VendorEvent(devices[5].Id, "xid", 109, null), NextEvent(library));
    }

    [Fact]
    public void Events_go_on_after_the_library_was_opened_anew()
    {
        var (library, _, sim) = Open("node dgx-h100\n");
        DescribeAll(library, 8);
        library.WaitEvent(TimeSpan.Zero, out _);
        library.Open(sim.Library);
        var devices = DescribeAll(library, 8);
        library.WaitEvent(TimeSpan.Zero, out _);

        sim.Inject("gpu 5 xid 48");

        Assert.Contains(new VendorEvent(devices[5].Id, "xid", 48, null), EventsUntilXid(library));
    }

    [Fact]
    public void A_lost_board_takes_neither_readings_nor_events_of_the_others()
    {
        var (library, _, sim) = Open("node dgx-h100\n");
        var devices = DescribeAll(library, 8);
        library.WaitEvent(TimeSpan.Zero, out _);
        sim.Inject("gpu 0 lost");

        var fault = FaultOf(library, 0);
        Assert.Equal((VendorFault.DeviceLost, 15), (fault.Fault, fault.Status));
        Assert.True(Sample(library, 1)[NvidiaFields.Table["temperature_celsius"]].IsPresent);
        Assert.False(library.WaitEvent(TimeSpan.FromMilliseconds(100), out _));

        sim.Inject("gpu 1 xid 79");
        Assert.Contains(new VendorEvent(devices[1].Id, "xid", 79, null), EventsUntilXid(library));
    }

    [Fact]
    public void A_reset_is_proved_by_counters_and_ends_what_needed_one()
    {
        var (library, _, sim) = Open("node dgx-h100\n");
        var device = library.Describe(2);
        using var board = new HealthBoard(TimeProvider.System, "boot-1", []);
        var rules = new NvidiaRules(NvidiaXidTable.Embedded, () => TimeSpan.FromHours(1));
        rules.OnEvent(device, new VendorEvent(device.Id, "xid", 48, null), DateTimeOffset.UnixEpoch, board);

        sim.Inject("gpu 2 ecc uncorrected 3");
        var before = SampleUntil(library, 2, now => Value(now, "ecc_volatile_uncorrected_total") == 3);
        rules.OnSample(device, null, before, DateTimeOffset.UnixEpoch, board);
        Assert.False(board.Current.Value.IsHealthy(device.Id));

        sim.Inject("gpu 2 reset");
        var after = SampleUntil(library, 2, now => Value(now, "ecc_volatile_uncorrected_total") == 0);
        rules.OnSample(device, before, after, DateTimeOffset.UnixEpoch, board);

        Assert.Equal(3, Value(after, "ecc_aggregate_uncorrected_total"));
        Assert.Empty(board.Current.Value.Problems);
    }

    [Fact]
    public void A_lost_board_answers_again_after_a_reset()
    {
        var (library, _, sim) = Open("node dgx-h100\n");
        library.Describe(4);
        sim.Inject("gpu 4 lost");
        FaultOf(library, 4);

        sim.Inject("gpu 4 reset");
        SampleUntil(library, 4, now => now[NvidiaFields.Table["temperature_celsius"]].IsPresent); // its handle is looked up anew
        library.Open(sim.Library);
        Assert.Equal(4, library.Describe(4).Index);
    }

    [Fact]
    public void A_wait_that_fails_is_told_and_works_again()
    {
        var (library, _, sim) = Open("node l4\n");
        var devices = DescribeAll(library, 4);
        library.WaitEvent(TimeSpan.Zero, out _);
        sim.Inject("event-wait fails");
        Assert.Throws<VendorException>(() => library.WaitEvent(Deadline, out _));

        sim.Inject("event-wait works");
        sim.Inject("gpu 0 xid 94");

        Until(() => Try(() => NextEvent(library), out var happened) is null && happened?.DeviceId == devices[0].Id);
    }
}
