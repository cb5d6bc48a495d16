using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Testing;
using AIInfra.Vendors.Ascend;

namespace AIInfra.UnitTests.Vendors.Ascend;

public sealed class AscendRulesTests : IDisposable
{
    private const uint LinkDown = 0x81078603, Hbm = 0x80E01801, Separate = 0x80E18402, Restart = 0x80C78008;

    private readonly ManualTime _time = new();
    private readonly HealthBoard _board;
    private readonly AscendRules _rules = new(AscendFaultTable.Embedded);
    private readonly Device _chip = new() { Id = "npu-a", Vendor = "ascend", Model = "Ascend 910B3", ResourceName = "huawei.com/Ascend910" };
    private Reading[]? _before;

    public AscendRulesTests() => _board = new HealthBoard(_time, "boot-1", []);

    public void Dispose() => _board.Dispose();

    private void Round(params uint[] codes) => Round(0, 0, codes);

    private void Round(int health, int network, params uint[] codes)
    {
        _time.Advance(TimeSpan.FromSeconds(10));
        var now = new Reading[AscendFields.Table.Count];
        (now[AscendFields.Table["health"]], now[AscendFields.Table["network_health"]], now[AscendFields.Table["error_codes"]]) = (Reading.Of(health), Reading.Of(network), Reading.Of(codes.Length));
        for (var place = 0; place < Math.Min(codes.Length, AscendFields.Codes); place++)
            now[AscendFields.Table[$"error_code_{place}"]] = Reading.Of(codes[place]);
        _rules.OnSample(_chip, _before, now, _time.GetUtcNow(), _board);
        _before = now;
    }

    private void Event(uint code, int assertion, int severity = 2, Device? on = null) =>
        _rules.OnEvent(on ?? _chip, AscendEvent.Of("npu-a", new DcmiFault(0, code, severity, assertion)), _time.GetUtcNow(), _board);

    private IEnumerable<string> Problems => _board.Current.Value.Problems.Select(problem => problem.Id);

    private Problem Find(string id) => _board.Current.Value.Problems.Single(problem => problem.Id == id);

    private bool IsHealthy => _board.Current.Value.IsHealthy(_chip);

    [Fact]
    public void A_code_stands_as_long_as_the_driver_lists_it_and_counts_once()
    {
        Round(Separate);
        Assert.False(IsHealthy);
        Assert.Equal((Severity.Fatal, SuggestedAction.Replace, Cause.Hardware), (Find("ascend.80E18402").Severity, Find("ascend.80E18402").Action, Find("ascend.80E18402").Cause));

        Round(Separate);
        Assert.Equal(1, Find("ascend.80E18402").Count);

        Round();
        Assert.True(IsHealthy);
        Assert.Empty(Problems);
    }

    [Theory]
    [InlineData(0x80E18402, "SeparateNPU", Severity.Fatal, SuggestedAction.Replace)]
    [InlineData(0x8118043C, "PreSeparateNPU", Severity.Fatal, SuggestedAction.Drain)]
    [InlineData(0x80C78008, "RestartNPU", Severity.Fatal, SuggestedAction.ResetDevice)]
    [InlineData(0x8C084E00, "FreeRestartNPU", Severity.Degraded, SuggestedAction.ResetDevice)]
    [InlineData(0x80E01801, "RestartBusiness", Severity.Degraded, SuggestedAction.TellPod)]
    [InlineData(0x80C98008, "RestartRequest", Severity.Degraded, SuggestedAction.TellPod)]
    [InlineData(0x81078605, "SubHealth", Severity.Degraded, SuggestedAction.Observe)]
    [InlineData(0x81078603, "NotHandle", Severity.Info, SuggestedAction.Observe)]
    [InlineData(0xA2301001, "SeparateNPU", Severity.Fatal, SuggestedAction.Replace)] // also in RestartBusiness: the worse one stands
    [InlineData(0x80BB800A, "RestartRequest", Severity.Degraded, SuggestedAction.TellPod)] // the end of a range
    [InlineData(0x8F180292, "SeparateNPU", Severity.Fatal, SuggestedAction.Replace)]
    public void Each_code_has_its_level(uint code, string level, Severity severity, SuggestedAction action)
    {
        var fault = AscendFaultTable.Embedded[code];

        Assert.Equal((level, severity, action), (fault.Level, fault.Severity, fault.Action));
        Assert.NotEqual("", fault.Meaning.Chinese);
    }

    [Theory]
    [InlineData(0, "NotHandle"), InlineData(1, "NotHandle"), InlineData(2, "SubHealth"), InlineData(3, "SeparateNPU")]
    public void A_code_that_no_table_knows_is_as_bad_as_the_driver_says(int severity, string level)
    {
        Assert.Equal(level, AscendFaultTable.Embedded[0x12345678, severity].Level);
        Assert.Contains("12345678, which no table knows", AscendFaultTable.Embedded[0x12345678, severity].Meaning.English, StringComparison.Ordinal);
    }

    [Fact]
    public void All_codes_of_the_vendor_are_there() => Assert.Equal(33 + 24 + 23 + 162 + 214 + 199 + 11 + 131, AscendFaultTable.Embedded.Count); // one stands in two levels; nine digits are no code of DCMI

    [Fact]
    public void An_event_comes_before_the_list_and_a_list_from_before_it_does_not_end_it()
    {
        Event(Restart, assertion: 1);
        Assert.False(IsHealthy);

        _rules.OnSample(_chip, null, Empty(), _time.GetUtcNow(), _board); // read before the event
        Assert.False(IsHealthy);

        Round(Restart);
        Assert.Equal(1, Find("ascend.80C78008").Count);
        Round();
        Assert.True(IsHealthy);
    }

    [Fact]
    public void An_event_of_recovery_ends_it_at_once()
    {
        Round(Restart);
        Event(Restart, assertion: 0);

        Assert.True(IsHealthy);
    }

    [Fact]
    public void A_fault_that_happens_once_stands_until_a_reset_when_it_is_fatal_and_for_an_hour_otherwise()
    {
        Event(Restart, assertion: 2);
        Event(Hbm, assertion: 2);
        Round();
        Round();
        Assert.False(IsHealthy);

        _time.Advance(TimeSpan.FromHours(1));
        _board.ExpireQuiet();
        Assert.Equal(["ascend.80C78008"], Problems);

        _board.ReportReset(Subject.Device("npu-a"), "npu-smi");
        Assert.True(IsHealthy);
    }

    [Fact]
    public void A_fault_of_an_unknown_chip_empties_no_node()
    {
        _rules.OnEvent(null, AscendEvent.Of(null, new DcmiFault(9, Separate, 3, 1)), _time.GetUtcNow(), _board);

        Assert.Equal((Severity.Degraded, SubjectKind.Node), (Find("ascend.80E18402").Severity, Find("ascend.80E18402").Subject.Kind));
        Assert.True(IsHealthy);
    }

    [Fact]
    public void A_link_that_is_down_for_20_s_takes_the_chip_out_until_it_was_up_for_60()
    {
        Round(LinkDown);
        Round(LinkDown);
        Assert.True(IsHealthy); // 10 s
        Round(LinkDown);
        Assert.False(IsHealthy);
        Assert.Contains("ascend.link-down", Problems);

        for (var round = 0; round < 6; round++)
            Round();
        Assert.False(IsHealthy); // 50 s
        Round(LinkDown);
        Round();
        for (var round = 0; round < 5; round++)
            Round();
        Assert.False(IsHealthy); // counted anew
        Round();
        Assert.True(IsHealthy);
    }

    [Fact]
    public void A_fault_that_comes_back_within_a_day_keeps_the_chip_out_until_a_person_has_looked()
    {
        Round(Restart);
        Round();
        Assert.True(IsHealthy);
        _time.Advance(TimeSpan.FromHours(20));
        Round(Restart);
        Round();

        Assert.Equal(["ascend.repeated"], Problems);
        Assert.Contains("came 2 times within 24 h", Find("ascend.repeated").Message, StringComparison.Ordinal);
        Assert.False(IsHealthy);

        Assert.True(_board.Clear("ascend.repeated", Subject.Device("npu-a")));
        _time.Advance(TimeSpan.FromHours(1));
        Round(Restart);
        Round();
        Assert.True(IsHealthy); // counted anew
    }

    [Fact]
    public void A_fault_that_comes_back_after_a_day_is_a_first_one()
    {
        Round(Restart);
        Round();
        _time.Advance(TimeSpan.FromHours(25));
        Round(Restart);
        Round();

        Assert.True(IsHealthy);
    }

    [Fact]
    public void A_link_that_is_lost_five_times_in_a_day_ends_by_itself_after_two_quiet_days()
    {
        for (var time = 0; time < 5; time++)
        {
            Assert.True(IsHealthy);
            _time.Advance(TimeSpan.FromHours(1));
            Event(LinkDown, assertion: 1);
            Event(LinkDown, assertion: 0);
        }
        Assert.Equal(["ascend.repeated-link"], Problems);

        _time.Advance(TimeSpan.FromHours(48));
        _board.ExpireQuiet();
        Assert.True(IsHealthy);
    }

    [Fact]
    public void Bad_health_without_a_code_is_told_and_ends_both_ways()
    {
        Round(health: 3, network: 0);
        Assert.Equal((Severity.Fatal, false), (Find("ascend.unhealthy").Severity, IsHealthy));
        Round(health: 2, network: 0);
        Assert.Equal((Severity.Degraded, true), (Find("ascend.unhealthy").Severity, IsHealthy));
        Round(health: 2, network: 0, Hbm);
        Assert.Equal(["ascend.80E01801"], Problems);
        Round();
        Assert.Empty(Problems);
    }

    [Fact]
    public void A_network_that_is_not_reached_is_worth_an_alert()
    {
        Round(health: 0, network: 6);
        Assert.Empty(Problems);
        Round(health: 0, network: 3);
        Round(health: 0, network: 3);
        Assert.Equal((1, Severity.Degraded), (Find("ascend.network").Count, Find("ascend.network").Severity));
        Assert.EndsWith("unreachable.", Find("ascend.network").Message, StringComparison.Ordinal);
        Round();
        Assert.Empty(Problems);
    }

    [Fact]
    public void A_list_that_is_longer_than_is_read_ends_nothing()
    {
        Round(Restart);
        Round([.. Enumerable.Range(0, 40).Select(place => 0x8F180200u + (uint)place)]);

        Assert.Contains("ascend.80C78008", Problems);
    }

    [Fact]
    public void Codes_from_before_the_agent_was_started_end_too()
    {
        Round(Restart);
        using var restarted = new HealthBoard(_time, "boot-1", _board.Current.Value.Problems);
        new AscendRules(AscendFaultTable.Embedded).OnSample(_chip, null, Empty(), _time.GetUtcNow(), restarted);

        Assert.Empty(restarted.Current.Value.Problems);
    }

    [Fact]
    public void A_lost_chip_is_well_when_it_answers()
    {
        _rules.OnLost(_chip, new VendorException("dcmi_get_device_health", -8008, VendorFault.DeviceLost, "gone"), _time.GetUtcNow(), _board);
        Assert.Equal(SuggestedAction.ResetDevice, Find("ascend.lost").Action);
        Round();
        Assert.Empty(Problems);
    }

    private static Reading[] Empty()
    {
        var now = new Reading[AscendFields.Table.Count];
        now[AscendFields.Table["error_codes"]] = Reading.Of(0);
        return now;
    }
}
