using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.UnitTests.Vendors;

/// <summary>What readings of boards say of their health, over time.</summary>
public sealed class NvidiaConditionsTests : IDisposable
{
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(10);
    private static readonly Device Gpu = new() { Id = "GPU-a", Vendor = "nvidia", Model = "H100", ResourceName = "nvidia.com/gpu" };

    private readonly HealthBoard _board = new(TimeProvider.System, "boot-1", []);
    private readonly NvidiaWatches _watches;
    private TimeSpan _uptime = TimeSpan.FromHours(1);
    private DateTimeOffset _at = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);

    public NvidiaConditionsTests() => _watches = new NvidiaWatches(() => _uptime);

    public void Dispose() => _board.Dispose();

    [Theory]
    [InlineData("nvidia.row-remap-failed", Severity.Fatal, SuggestedAction.Replace, "row_remap_failed", 1, 0)]
    [InlineData("nvidia.row-remap-pending", Severity.Info, SuggestedAction.ResetDevice, "row_remap_pending", 1, 0)]
    [InlineData("nvidia.sram-threshold", Severity.Fatal, SuggestedAction.Replace, "sram_threshold_exceeded", 1, 0)]
    [InlineData("nvidia.ecc-uncorrected", Severity.Degraded, SuggestedAction.Observe, "ecc_volatile_uncorrected_total", 3, 0)]
    [InlineData("nvidia.retired-pages-pending", Severity.Info, SuggestedAction.ResetDevice, "retired_pages_pending", 2, 0)]
    [InlineData("nvidia.inforom-corrupted", Severity.Degraded, SuggestedAction.Replace, "inforom_corrupted", 1, 0)]
    public void What_one_round_shows_is_one_problem_until_a_round_does_not(
        string id, Severity severity, SuggestedAction action, string field, double bad, double good)
    {
        Look((field, bad));
        Look((field, bad));

        var problem = Assert.Single(Problems);
        Assert.Equal((id, severity, action, 1L), (problem.Id, problem.Severity, problem.Action, problem.Count));

        Look(); // silence concludes nothing
        Assert.Single(Problems);
        Look((field, good));
        Assert.Empty(Problems);
    }

    [Theory]
    [InlineData("nvidia.persistence-off", Severity.Info, "persistence_mode", 0, 1)]
    [InlineData("nvidia.fabric-not-ready", Severity.Fatal, "fabric_state", 2, 3)]
    [InlineData("nvidia.fabric-not-ready", Severity.Fatal, "fabric_state", 1, 3)]
    [InlineData("nvidia.fabric-unhealthy", Severity.Degraded, "fabric_health_mask", 0x1a9, 0x1aa)] // bandwidth degraded
    [InlineData("nvidia.fabric-unhealthy", Severity.Degraded, "fabric_health_summary", 3, 1)]
    public void What_may_flicker_must_last_for_a_minute(string id, Severity severity, string field, double bad, double good)
    {
        for (var round = 0; round < 6; round++)
            Look((field, bad));
        Assert.Empty(Problems);
        Look((field, good));
        for (var round = 0; round < 6; round++)
            Look((field, bad));
        Assert.Empty(Problems); // the minute began anew

        Look((field, bad));
        Assert.Equal((id, severity), (Assert.Single(Problems).Id, Problems[0].Severity));

        for (var round = 0; round < 7; round++)
            Look((field, good));
        Assert.Empty(Problems);
    }

    [Fact]
    public void A_fabric_that_is_still_forming_after_a_boot_is_no_fault()
    {
        _uptime = TimeSpan.FromMinutes(5);
        for (var round = 0; round < 20; round++)
            Look(("fabric_state", 2));
        Assert.Empty(Problems);

        _uptime = TimeSpan.FromMinutes(10);
        Look(("fabric_state", 2));
        Assert.Equal("nvidia.fabric-not-ready", Assert.Single(Problems).Id);
    }

    [Fact]
    public void A_fabric_that_completed_with_a_failure_is_not_ready()
    {
        for (var round = 0; round < 7; round++)
            Look(("fabric_state", 3), ("fabric_status", 999));

        Assert.EndsWith("status 999", Assert.Single(Assert.Single(Problems).Evidence));
    }

    [Theory]
    [InlineData(0x1aau, "")]
    [InlineData(0u, "")] // nothing of it is supported
    [InlineData(0x155u, "degraded bandwidth, route recovery, route unhealthy, access timeout recovery")]
    [InlineData(0x2aau, "wrong system GUID")]
    [InlineData(0x5aau, "too few NVLinks")]
    [InlineData(0xfaau, "configuration fault 15")]
    [InlineData(0xfffff0aau, "")] // a newer header's bits
    public void The_fabric_mask_is_told_in_words(uint mask, string words)
    {
        Assert.Equal(words, string.Join(", ", NvidiaFabricHealth.Faults(mask)));
    }

    [Fact]
    public void A_pending_remapping_gets_worse_after_a_day()
    {
        Look(("row_remap_pending", 1));
        _at += TimeSpan.FromHours(23);
        Look(("row_remap_pending", 1));
        Assert.Equal((Severity.Info, 1L), (Problems[0].Severity, Problems[0].Count));

        _at += TimeSpan.FromHours(1);
        Look(("row_remap_pending", 1));
        Assert.Equal((Severity.Degraded, 2L), (Problems[0].Severity, Problems[0].Count));
    }

    [Theory]
    [InlineData(0, 0, false)]
    [InlineData(1, 0, true)]
    [InlineData(0, 1, true)]
    public void Banks_without_spare_rows_are_a_warning(double low, double none, bool isTold)
    {
        Look(("row_remap_banks_low", low), ("row_remap_banks_none", none));

        Assert.Equal(isTold, Problems.Any(problem => problem is { Id: "nvidia.row-remap-spares", Severity: Severity.Degraded }));
    }

    [Fact]
    public void Nearly_all_retired_pages_ask_for_a_new_board()
    {
        Look(("retired_pages_single_bit_total", 40), ("retired_pages_double_bit_total", 19));
        Assert.Empty(Problems);

        Look(("retired_pages_single_bit_total", 40), ("retired_pages_double_bit_total", 20));
        Assert.Equal(SuggestedAction.Replace, Assert.Single(Problems).Action);
    }

    [Theory]
    [InlineData(0x48u, "nvidia.thermal-slowdown")]
    [InlineData(0x88u, "nvidia.power-brake")]
    [InlineData(0x08u, "nvidia.hardware-slowdown")]
    public void A_slowdown_in_six_minutes_of_ten_is_a_problem_until_ten_are_quiet(uint bits, string id)
    {
        for (var minute = 0; minute < 5; minute++)
            Minute(hits: 1, bits);
        Assert.Empty(Problems);
        Minute(hits: 1, bits);
        Assert.Equal((id, Severity.Degraded, 1L), (Assert.Single(Problems).Id, Problems[0].Severity, Problems[0].Count));

        for (var minute = 0; minute < 9; minute++)
            Minute(hits: 0, bits);
        Assert.Single(Problems);
        Minute(hits: 0, bits);
        Assert.Empty(Problems);
    }

    [Fact]
    public void What_is_normal_for_clocks_is_no_slowdown()
    {
        for (var minute = 0; minute < 20; minute++)
            Minute(hits: 6, 0x1 | 0x2 | 0x4 | 0x10 | 0x100 | 0x8000);

        Assert.Empty(Problems);
    }

    [Fact]
    public void Software_slowdown_counts_when_it_lasts_for_most_of_ten_minutes()
    {
        for (var minute = 0; minute < 12; minute++)
            Minute(hits: 3, 0x20);
        Assert.Empty(Problems);

        for (var minute = 0; minute < 10; minute++)
            Minute(hits: 5, 0x20);
        Assert.Equal("nvidia.software-thermal", Assert.Single(Problems).Id);

        for (var minute = 0; minute < 10; minute++)
            Minute(hits: 1, 0x20);
        Assert.Empty(Problems);
    }

    [Fact]
    public void A_problem_from_before_the_agent_was_started_ends_only_after_ten_watched_minutes()
    {
        for (var minute = 0; minute < 6; minute++)
            Minute(hits: 1, 0x48);
        var restarted = new NvidiaWatches(() => _uptime);

        for (var round = 0; round < 59; round++)
            restarted.Look(Gpu, Readings(("clock_event_reasons", 0)), _at += Round, _board);
        Assert.Single(Problems);
        restarted.Look(Gpu, Readings(("clock_event_reasons", 0)), _at += 2 * Round, _board);
        Assert.Empty(Problems);
    }

    [Fact]
    public void Links_that_peers_have_and_links_that_were_there_before_are_missed()
    {
        var peer = Gpu with { Id = "GPU-b" };
        var other = Gpu with { Id = "GPU-c", Model = "H100 PCIe" };
        for (var round = 0; round < 8; round++) // in the first one its peers are not known yet
            LookAt((Gpu, Links(16, 2)), (peer, Links(18, 0)), (other, Links(0, 18)));

        Assert.Equal(("nvidia.nvlink-down", Subject.Device(Gpu.Id)), (Assert.Single(Problems).Id, Problems[0].Subject));

        for (var round = 0; round < 7; round++)
            LookAt((Gpu, Links(18, 0)), (peer, Links(18, 0)), (other, Links(0, 18)));
        Assert.Empty(Problems);

        for (var round = 0; round < 7; round++)
            LookAt((Gpu, Links(17, 1)), (peer, Links(17, 1)), (other, Links(0, 18)));
        Assert.Equal(2, Problems.Length); // both had more
    }

    [Fact]
    public void A_divided_board_needs_no_links()
    {
        var peer = Gpu with { Id = "GPU-b" };
        for (var round = 0; round < 10; round++)
            LookAt((peer, Links(18, 0)), (Gpu, [.. Links(0, 18), ("mig_mode", 1)]));

        Assert.Empty(Problems);
    }

    [Fact]
    public void A_clock_that_is_set_back_begins_anew_and_raises_nothing_by_itself()
    {
        Look(("persistence_mode", 0));
        _at -= TimeSpan.FromDays(1);
        Look(("persistence_mode", 0));
        Assert.Empty(Problems);

        _at += TimeSpan.FromMinutes(1);
        Look(("persistence_mode", 0));
        Assert.Single(Problems);
    }

    [Fact]
    public void Unknown_and_absurd_values_conclude_nothing()
    {
        for (var round = 0; round < 10; round++)
            Look(("fabric_state", 200), ("compute_mode", 77), ("performance_state", 15), ("clock_event_reasons", uint.MaxValue - 0xe8));

        Assert.Empty(Problems);
    }

    private System.Collections.Immutable.ImmutableArray<Problem> Problems => _board.Current.Value.Problems;

    private void Look(params (string, double)[] readings) => LookAt((Gpu, readings));

    private void LookAt(params (Device Device, (string, double)[] Readings)[] boards)
    {
        foreach (var (device, readings) in boards)
            _watches.Look(device, Readings(readings), _at, _board);
        _at += Round;
    }

    /// <summary>Six rounds, of which the first ones show the bits.</summary>
    private void Minute(int hits, uint bits)
    {
        for (var round = 0; round < 6; round++)
            Look(("clock_event_reasons", round < hits ? bits : 0));
    }

    private static (string, double)[] Links(double up, double down) => [("nvlink_links_up", up), ("nvlink_links_down", down)];

    private static Reading[] Readings(params (string Name, double Value)[] present)
    {
        var readings = new Reading[NvidiaFields.Table.Count];
        foreach (var (name, value) in present)
            readings[NvidiaFields.Table[name]] = Reading.Of(value);
        return readings;
    }
}
