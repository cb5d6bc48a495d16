using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Testing;
using AIInfra.Vendors;
using AIInfra.Vendors.Cambricon;

namespace AIInfra.UnitTests.Vendors.Cambricon;

public sealed class CambriconRulesTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly HealthBoard _board;
    private readonly CambriconXids _xids = new();
    private readonly CambriconRules _rules;
    private readonly Device _device = CambriconNode.Board(0);
    private Reading[]? _before;
    private double _beats;

    public CambriconRulesTests()
    {
        _board = new HealthBoard(_time, "boot-1", []);
        _rules = new CambriconRules(_xids);
    }

    public void Dispose() => _board.Dispose();

    [Fact]
    public void The_drivers_verdict_takes_the_board_out_and_brings_it_back()
    {
        Round();
        Assert.Empty(Ids);
        Round(("health", 0), ("device_state", 0));
        Assert.Equal([CambriconRules.HealthId], Ids);
        Assert.False(_board.Current.Value.IsHealthy(_device));
        Assert.Contains("health 0, device state 0, driver state 4", Only.Evidence[0], StringComparison.Ordinal);
        Round(("health", 0), ("device_state", 0));
        Assert.Equal(1, Only.Count); // a lasting fault is one report
        Round();
        Assert.Empty(Ids);
    }

    [Theory]
    [InlineData(6, SuggestedAction.Observe, "resetting the board")]
    [InlineData(7, SuggestedAction.Reboot, "failed to reset the board")]
    [InlineData(5, SuggestedAction.Reboot, "failed to boot the board")]
    public void A_driver_that_does_not_run_is_said_with_what_it_does(int state, SuggestedAction action, string words)
    {
        Round(("driver_state", state));

        Assert.Equal((CambriconRules.DriverId, Severity.Fatal, action), (Only.Id, Only.Severity, Only.Action));
        Assert.Contains(words, Only.Message, StringComparison.Ordinal);
        Round();
        Assert.Empty(Ids);
    }

    [Fact]
    public void A_board_that_no_program_may_use_gets_no_work_and_exclusive_is_no_fault()
    {
        Round(("compute_mode", 1));
        Assert.Empty(Ids);
        Round(("compute_mode", 2));
        Assert.Equal([CambriconRules.ProhibitedId], Ids);
        Round(("compute_mode", 0));
        Assert.Empty(Ids);
    }

    [Fact]
    public void Every_incident_raises_its_problem_and_clears_it()
    {
        foreach (var incident in CambriconIncidents.All)
        {
            Round((incident.Field, CambriconIncidents.Failure));
            Assert.Equal((incident.Name, incident.ProblemId, incident.Severity), (incident.Name, Only.Id, Only.Severity));
            Assert.Contains($"incident {incident.Name}, failure", Only.Evidence[0], StringComparison.Ordinal);
            Round((incident.Field, CambriconIncidents.Warning));
            Assert.Equal((incident.Name, incident.Severity > Severity.Degraded ? Severity.Degraded : incident.Severity), (incident.Name, Only.Severity)); // a warning takes no board out
            Round();
            Assert.Empty(Ids);
            _time.Advance(TimeSpan.FromHours(1)); // not taken for flapping
        }
    }

    [Theory]
    [InlineData("MLULINK_DOWN", Severity.Fatal)]
    [InlineData("DBE_VIOLATION", Severity.Fatal)]
    [InlineData("ROW_REMAP_FAILURE", Severity.Fatal)]
    [InlineData("DRIVER_ERROR", Severity.Fatal)]
    [InlineData("DEVSYS_ERROR", Severity.Fatal)]
    [InlineData("DEVICE_COUNT_MISMATCH", Severity.Fatal)]
    [InlineData("PENDING_ROW_REMAP", Severity.Info)]
    [InlineData("PENDING_PAGE_RETIREMENTS", Severity.Info)]
    [InlineData("PCIE_WIDTH", Severity.Degraded)]
    [InlineData("LOW_BANDWIDTH", Severity.Degraded)]
    [InlineData("THERMAL_VIOLATION", Severity.Degraded)]
    public void How_bad_an_incident_is(string name, Severity severity) => Assert.Equal(severity, CambriconIncidents.All.Single(incident => incident.Name == name).Severity);

    [Fact]
    public void Of_two_incidents_of_one_problem_the_graver_is_told_and_one_that_is_unknown_clears_nothing()
    {
        Round(("incident_mlulink_replay", CambriconIncidents.Warning), ("incident_mlulink_crc_error_threshold", CambriconIncidents.Failure));
        Assert.Contains("MLULINK_CRC_ERROR_THRESHOLD", Only.Evidence[0], StringComparison.Ordinal);
        Round(readings => readings[CambriconFields.Table["incident_mlulink_replay"]] = Reading.Unknown);
        Assert.Equal(["cambricon.mlulink-errors"], Ids);
        Round();
        Assert.Empty(Ids);
    }

    [Fact]
    public void On_a_driver_that_lists_no_incidents_the_readings_stand_in()
    {
        OldRound(("mlulink_links_up", 6), ("ecc_volatile_uncorrected_total", 2));
        Assert.Empty(Ids); // what was there before the agent is worth nothing
        OldRound(("mlulink_links_up", 5), ("ecc_volatile_uncorrected_total", 3), ("row_remap_failed", 1), ("row_remap_pending", 1), ("throttle_thermal", 1));
        Assert.Equal(["cambricon.double-bit-error", "cambricon.mlulink-down", "cambricon.row-remap-failed", "cambricon.row-remap-pending", "cambricon.thermal-slowdown"], Ids.Order());
        OldRound(("mlulink_links_up", 6), ("ecc_volatile_uncorrected_total", 3));
        Assert.Equal(["cambricon.double-bit-error"], Ids); // until a reset
        OldRound(("mlulink_links_up", 6), ("ecc_volatile_uncorrected_total", 0));
        Assert.Empty(Ids);
    }

    [Fact]
    public void A_heart_that_stops_is_said_after_a_minute_and_beats_again()
    {
        Round();
        for (var round = 0; round < 6; round++)
            Round(("heartbeats_total", 1));
        Assert.Empty(Ids);
        Round(("heartbeats_total", 1));
        Assert.Equal((CambriconHeartbeats.Id, Severity.Degraded), (Only.Id, Only.Severity));
        Round(("heartbeats_total", 2));
        Assert.Empty(Ids);
    }

    [Fact]
    public void An_Xid_is_told_with_all_its_bits_and_counted_and_takes_no_board_out()
    {
        _rules.OnEvent(_device, new VendorEvent(_device.Id, CambriconEvent.Xid, unchecked((long)0xfedcba9876543210), null), _time.GetUtcNow(), _board);
        _rules.OnEvent(_device, new VendorEvent(_device.Id, CambriconEvent.Xid, 7, "instance 1"), _time.GetUtcNow(), _board);

        Assert.Equal((CambriconRules.XidId, Severity.Degraded), (Only.Id, Only.Severity));
        Assert.Contains("Xid 0xfedcba9876543210", Only.Evidence[0], StringComparison.Ordinal);
        Assert.True(_board.Current.Value.IsHealthy(_device));
        Assert.Equal(2, _xids.Of(_device.Id).Count);
    }

    [Fact]
    public void An_Xid_of_nobody_is_the_nodes() =>
        Assert.Equal(Subject.Node, Told(null).Subject);

    [Fact]
    public void A_lost_board_is_back_when_it_answers()
    {
        _rules.OnLost(_device, CndevStatus.Failure("cndevGetUUID", CndevReturn.InProblem), _time.GetUtcNow(), _board);
        Assert.Equal((CambriconRules.LostId, Severity.Fatal, SuggestedAction.Reboot), (Only.Id, Only.Severity, Only.Action));
        Round();
        Assert.Empty(Ids);
    }

    [Fact]
    public void Silence_clears_and_raises_nothing()
    {
        Round(("health", 0), ("incident_dbe_violation", 20));
        var standing = Ids.ToArray();

        _time.Advance(TimeSpan.FromSeconds(10));
        var unknown = new Reading[CambriconFields.Table.Count];
        Array.Fill(unknown, Reading.Unknown);
        _rules.OnSample(_device, _before, unknown, _time.GetUtcNow(), _board);

        Assert.Equal(standing, Ids);
    }

    [Fact]
    public void Every_problem_of_the_code_has_its_texts() => Assert.All(
        new[] { CambriconRules.LostId, CambriconRules.HealthId, CambriconRules.DriverId, CambriconRules.ProhibitedId, CambriconRules.XidId, CambriconHeartbeats.Id }
            .Concat(CambriconIncidents.All.Select(incident => incident.ProblemId)),
        id => Assert.Equal(id, ProblemCatalog.Find(id)?.Id));

    private Problem Told(Device? device)
    {
        _rules.OnEvent(device, new VendorEvent(null, CambriconEvent.Xid, 7, null), _time.GetUtcNow(), _board);
        return Only;
    }

    private Problem Only => Assert.Single(_board.Current.Value.Problems);

    private IEnumerable<string> Ids => _board.Current.Value.Problems.Select(problem => problem.Id);

    private void Round(params (string Field, double Value)[] values) => Round(readings => Set(readings, values));

    /// <summary>On a driver that lists no incidents.</summary>
    private void OldRound(params (string Field, double Value)[] values) => Round(readings =>
    {
        foreach (var incident in CambriconIncidents.All)
            readings[CambriconFields.Table[incident.Field]] = Reading.Absent;
        foreach (var field in new[] { "row_remap_failed", "row_remap_pending", "throttle_thermal" })
            readings[CambriconFields.Table[field]] = Reading.Of(0);
        Set(readings, values);
    });

    private static void Set(Reading[] readings, (string Field, double Value)[] values)
    {
        foreach (var (field, value) in values)
            readings[CambriconFields.Table[field]] = Reading.Of(value);
    }

    private void Round(Action<Reading[]> change)
    {
        _time.Advance(TimeSpan.FromSeconds(10));
        var readings = CambriconNode.WellReadings();
        readings[CambriconFields.Table["heartbeats_total"]] = Reading.Of(100 + ++_beats);
        change(readings);
        _rules.OnSample(_device, _before, readings, _time.GetUtcNow(), _board);
        _before = readings;
    }
}
