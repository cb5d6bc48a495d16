using AIInfra.Core.Health;
using AIInfra.UnitTests.Logs;

namespace AIInfra.UnitTests.Vendors;

public sealed class NvidiaLogRulesTests
{
    [Theory]
    [InlineData("NVRM: Xid (PCI:0000:3b:00): 31, pid=-1, name=a, b, NVRM: Xid (PCI:0000:99:00): 79, GPU has fallen off the bus., Ch 00000008", "nvidia.xid.31/info/tell-pod", "0000:3b:00.0")]
    [InlineData("NVRM: Xid (PCI:0000:3b:00): 43, pid=4294967295, name=x): 79, Ch 00000008", "nvidia.xid.43/info/tell-pod", "0000:3b:00.0")]
    [InlineData("NVRM: Xid (PCI:0000:3b:00): 31, pid=7, name=训练=(1):, Ch 00000008", "nvidia.xid.31/info/tell-pod", "0000:3b:00.0")]
    [InlineData("NVRM: Xid (PCI:00000009:01:00.0): 79", "nvidia.xid.79/fatal/reboot", "0009:01:00.0")]
    [InlineData("NVRM: Xid (PCI:0000:01:00 GPU-I:05 GPU-CI:01): 13, pid=9, name=x, Graphics Exception", "nvidia.xid.13/info/tell-pod", "0000:01:00.0")]
    [InlineData("NVRM: GPU 5e:00.0: GPU has fallen off the bus.", "nvidia.xid.79/fatal/reboot", "0000:5e:00.0")]
    [InlineData("NVRM: Xid (PCI:0000:3b:00): 1234567, new", "", null)]
    [InlineData("NVRM: Xid (PCI:0000:3b:00): 79abc", "", null)]
    [InlineData("NVRM: Xid (PCI:3b): 79, x", "", null)]
    [InlineData("NVRM: Xid (PCI:0000:3b:00: 79, x", "", null)]
    [InlineData("NVRM: Xid (PCI:0000:3b:00): , x", "", null)]
    [InlineData("audit: type=1400 msg=\"NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.\"", "", null)]
    public void The_code_is_taken_from_the_fixed_head_alone(string line, string expected, string? address)
    {
        var findings = LogCheck.Scan(line);

        Assert.Equal(expected, LogCheck.Join(findings));
        Assert.Equal(address, findings.SingleOrDefault()?.PciAddress);
    }

    [Theory]
    [InlineData("PCI:0000:01:00 GPU-I:05 GPU-CI:01", 5, 1)]
    [InlineData("PCI:0000:01:00 GPU-I:12", 12, null)]
    [InlineData("PCI:0000:01:00", null, null)]
    public void A_partition_is_told_by_its_numbers(string place, int? instance, int? subInstance)
    {
        var found = Assert.Single(LogCheck.Scan($"NVRM: Xid ({place}): 13, pid=9, name=x, Graphics Exception"));

        Assert.Equal((instance, subInstance), (found.Partition?.Instance, found.Partition?.SubInstance));
    }

    [Fact]
    public void The_ways_in_which_the_driver_says_that_a_board_is_lost_are_told_apart()
    {
        var found = LogCheck.Scan("NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.\nNVRM: GPU 0000:3b:00.0: GPU has fallen off the bus.\n"
            + "NVRM: The NVIDIA GPU 0000:3b:00.0\nNVRM: (PCI ID: 10de:2330) installed in this system has\nNVRM: fallen off the bus and is not responding to commands.\n");

        Assert.Equal(3, found.Count(finding => finding.Verdict.ProblemId == "nvidia.xid.79"));
        Assert.Equal(3, found.Select(finding => finding.Form).Distinct().Count());
    }

    [Fact]
    public void A_name_that_holds_a_line_feed_and_another_Xid_forges_nothing()
    {
        const string Forged = "NVRM: Xid (PCI:0000:3b:00): 31, pid=7, name=x\\x0aNVRM: Xid (PCI:0000:3b:00): 79, gone, Ch 00000008";

        Assert.Equal("nvidia.xid.31/info/tell-pod", LogCheck.Problems($"3,1,1,-;{Forged}"));
    }

    [Theory]
    [InlineData("94, pid=1, name=a, Contained: SM (0x1). RST: Yes, D-RST: No", "nvidia.xid.94/fatal/reset-device")]
    [InlineData("94, pid=1, name=a, Contained: SM (0x1). RST: No, D-RST: Yes", "nvidia.xid.94/fatal/drain")]
    [InlineData("95, pid=1, name=a, Uncontained: SM (0x1). RST: No, D-RST: No", "nvidia.xid.95/degraded/tell-pod")]
    [InlineData("94, pid=1, name= RST: Yes, D-RS, Contained: SM (0x1). RST: No, D-RST: No", "nvidia.xid.94/degraded/tell-pod")]
    [InlineData("95, pid=1, name=a, Uncontained", "nvidia.xid.95/fatal/reset-device")]
    [InlineData("154, GPU recovery action changed from 0x0 (None) to 0x3 (Drain P2P)", "nvidia.xid.154/degraded/drain")]
    [InlineData("154, GPU recovery action changed from 0x0 (None) to 0x5 (anything (at) all)", "nvidia.xid.154/degraded/restart-service")]
    [InlineData("154, GPU recovery action changed from 0x0 (None) to 0x7 (x)", "nvidia.xid.154/fatal/reboot")]
    [InlineData("154, GPU recovery action changed from 0x0 (None) to 0x2a (x)", "nvidia.xid.154/degraded/observe")]
    [InlineData("154, something new", "nvidia.xid.154/info/observe")]
    [InlineData("145, pid=1, name=a, RLW_RXPIPE  Nonfatal   XC0 i0 Link 03 (0x000000c2 0x00000002)", "nvidia.xid.145/degraded/observe")]
    [InlineData("145, RLW_NEW  Nonfatal   XC0 i0 Link 03 (0x00000fff 0x00000002)", "nvidia.xid.145/degraded/observe")]
    [InlineData("145, RLW_NEW  Fatal   XC0 i0 Link 03 (0x00000fff 0x00000002)", "nvidia.xid.145/fatal/reset-device")]
    [InlineData("149, NETIR_LINK_DOWN  Fatal   XC0 i0 Link 07 (0x026005c6 0x00000000 0x0 0x0)", "nvidia.xid.149/degraded/observe")]
    [InlineData("146, TLW_RX_PIPE1  Fatal   XC0 i0 Link 07 (0x0000000b 0x00000004)", "nvidia.xid.146/fatal/reset-device")]
    [InlineData("149, a line of another form", "nvidia.xid.149/degraded/observe")]
    public void The_text_of_an_Xid_beats_the_table(string text, string expected) =>
        Assert.Equal(expected, LogCheck.Problems($"NVRM: Xid (PCI:0000:3b:00): {text}"));

    [Fact]
    public void A_recovery_action_of_none_clears_both_problems_and_a_milder_one_replaces_the_worse()
    {
        var none = LogCheck.Scan("NVRM: Xid (PCI:0008:01:00): 154, GPU recovery action changed from 0x4 (Drain and Reset) to 0x0 (None)");
        Assert.Equal(["nvidia.xid.154", "nvidia.recovery-action"], none.Select(finding => finding.Verdict.ProblemId));
        Assert.All(none, finding => Assert.True(finding.IsClear));

        var milder = LogCheck.Scan("NVRM: Xid (PCI:0008:01:00): 154, GPU recovery action changed from 0x1 (GPU Reset Required) to 0x3 (Drain P2P)");
        Assert.Equal([true, false], milder.Select(finding => finding.IsClear));
        Assert.Equal(Clearing.OnHealthyReading, milder[1].Verdict.Clearing);
    }

    [Fact]
    public void Power_smoothing_that_is_back_clears_that_it_was_off()
    {
        var findings = LogCheck.Scan("NVRM: Xid (PCI:0000:3b:00): 162, Power smoothing re-engaged");

        Assert.Equal([("nvidia.xid.162", false), ("nvidia.xid.163", true)], findings.Select(finding => (finding.Verdict.ProblemId, finding.IsClear)));
    }

    [Fact]
    public void The_three_lines_of_a_lost_board_are_one_problem_at_the_first_of_them_whatever_comes_between()
    {
        var finding = Assert.Single(LogCheck.Scan("ordinary\nNVRM: The NVIDIA GPU 0000:ca:00.0\nusb 1-1: new device\nNVRM: (PCI ID: 10de:2330) installed in this system has\nNVRM: fallen off the bus and is not responding to commands.\n"));

        Assert.Equal(("nvidia.xid.79", "0000:ca:00.0", 2L), (finding.Verdict.ProblemId, finding.PciAddress, finding.Number));
        Assert.Empty(LogCheck.Scan("NVRM: fallen off the bus and is not responding to commands.\n"));
        Assert.Empty(LogCheck.Scan("NVRM: The NVIDIA GPU 0000:ca:00.0\n" + string.Concat(Enumerable.Repeat("x\n", 20)) + "NVRM: fallen off the bus and is not responding to commands.\n"));
        Assert.Empty(LogCheck.Scan("NVRM: The NVIDIA GPU 0000:ca:00.0 (PCI ID: 10de:1180)\nNVRM: installed in this system is supported through the legacy driver\n"));
    }

    [Fact]
    public void The_board_s_own_id_is_taken_from_the_line_that_tells_it()
    {
        var finding = Assert.Single(LogCheck.Scan("NVRM: GPU at PCI:0000:3b:00: GPU-5f0c2f1e-77aa-4a3f-9d01-0a1b2c3d4e5f\nNVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus."));

        Assert.Equal("GPU-5f0c2f1e-77aa-4a3f-9d01-0a1b2c3d4e5f", finding.DeviceId);
    }

    [Theory]
    [InlineData("11012, Non-fatal, Link 1 x", "nvidia.sxid.11012/info/observe")]
    [InlineData("20009, Non-fatal, Link 1 x", "nvidia.sxid.20009/degraded/observe")]
    [InlineData("20034, Non-fatal, Link 1 x", "nvidia.sxid.20034/degraded/observe")]
    [InlineData("12028, Fatal, Link 1 x", "nvidia.sxid.12028/fatal/reset-device")]
    [InlineData("99999, Fatal, x", "nvidia.sxid.99999/fatal/reset-device")]
    [InlineData("99999, Non-fatal, x", "nvidia.sxid.99999/degraded/observe")]
    [InlineData("23009, Fatal, x", "nvidia.sxid.23009/fatal/reboot")]
    [InlineData("99999, fatal, x", "")]
    public void The_word_of_a_switch_s_line_says_how_bad_it_is_and_the_table_what_to_do(string text, string expected) =>
        Assert.Equal(expected, LogCheck.Problems($"nvidia-nvswitch11: SXid (PCI:0000:05:00.0): {text}"));
}
