using AIInfra.Core.Health.Probes;
using AIInfra.Core.Health.Probes.Fabric;
using AIInfra.Core.Sampling;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Probes;

/// <summary>A node with two accelerators and a card below a switch each: root port, upstream port, downstream port, function.</summary>
public sealed class PcieLinkProbeTests : IDisposable
{
    private const string Full = "32.0 GT/s PCIe x16", Port = "0x060400", Gpu = "0x030200", Nic = "0x020700";

    private readonly ProbedHost _host = new(PcieLinkProbe.Definition);

    public PcieLinkProbeTests()
    {
        foreach (var bus in (string[])["1", "2"])
        {
            _host.WritePci([$"0000:00:0{bus}.0"], Port, Full, Full);
            _host.WritePci([$"0000:00:0{bus}.0", $"0000:{bus}0:00.0"], Port, Full, Full);
            _host.WritePci([$"0000:00:0{bus}.0", $"0000:{bus}0:00.0", $"0000:{bus}1:00.0"], Port, Full, Full);
            WriteGpu(bus, Full);
        }
    }

    public void Dispose() => _host.Dispose();

    private static string[] Gpus(string bus) => [$"0000:00:0{bus}.0", $"0000:{bus}0:00.0", $"0000:{bus}1:00.0", $"0000:{bus}2:00.0"];

    private void WriteGpu(string bus, string link, string kind = Gpu) => _host.WritePci(Gpus(bus), kind, link, Full);

    [Fact]
    public async Task Links_at_what_both_ends_can_do_are_well()
    {
        var round = await _host.LookAsync();

        Assert.Equal(4, round.Results.Length); // two boards and the switches above them
        Assert.All(round.Results, result => Assert.Equal(ProbeAnswer.Healthy, result.Answer));
    }

    [Fact]
    public async Task Missing_lanes_are_a_fault_and_a_slow_link_without_work_is_power_saving()
    {
        WriteGpu("1", "32.0 GT/s PCIe x8");
        WriteGpu("2", "2.5 GT/s PCIe x16");

        var round = await _host.LookAsync();

        var bad = Assert.Single(round.Results, result => result.Answer == ProbeAnswer.Problem);
        Assert.Equal("device 0000:12:00.0", bad.Subject.ToString());
        Assert.Contains("8 of 16 lanes", bad.Message, StringComparison.Ordinal);
        Assert.Equal("device 0000:22:00.0", Assert.Single(round.Results, result => result.Answer == ProbeAnswer.Unknown).Subject.ToString());
    }

    [Fact]
    public async Task A_slow_link_of_a_board_with_work_is_a_fault()
    {
        WriteGpu("2", "2.5 GT/s PCIe x16");
        _host.Inventory.Publish(TestGpus.Inventory([TestGpus.Switched(1)[0] with { PciAddress = "0000:22:00.0" }]));
        _host.Samples.Publish(new VendorSample(new FieldTable(TestGpus.Vendor, [new Field("utilization_ratio", FieldKind.Gauge)]), [new DeviceSample(TestGpus.Id(0), [Reading.Of(0.9)], 0)]));

        Assert.Equal([$"pcie.link-degraded on device {TestGpus.Id(0)}"], await _host.BadAsync());
    }

    [Fact]
    public async Task A_slow_card_is_a_fault_because_it_saves_no_power_by_its_speed()
    {
        WriteGpu("1", "16.0 GT/s PCIe x16", Nic);

        Assert.Equal(["pcie.link-degraded on device 0000:12:00.0"], await _host.BadAsync());
    }

    [Fact]
    public async Task A_slot_that_has_fewer_lanes_than_the_board_is_no_fault()
    {
        WriteGpu("1", "32.0 GT/s PCIe x8");
        _host.WritePci(Gpus("1")[..3], Port, "32.0 GT/s PCIe x8", "32.0 GT/s PCIe x8");

        Assert.Empty(await _host.BadAsync());
    }

    [Fact]
    public async Task A_switch_with_missing_lanes_upwards_is_told_once_with_what_is_below_it()
    {
        _host.WritePci(["0000:00:01.0", "0000:10:00.0"], Port, "32.0 GT/s PCIe x4", Full);

        var bad = Assert.Single((await _host.LookAsync()).Results, result => result.Answer == ProbeAnswer.Problem);

        Assert.Equal("device 0000:10:00.0", bad.Subject.ToString());
        Assert.Contains("all 1 devices below it", bad.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Unknown x0")]
    [InlineData("garbage x255")]
    public async Task What_sysfs_does_not_know_says_nothing(string link)
    {
        WriteGpu("1", link);

        Assert.DoesNotContain("device 0000:12:00.0", (await _host.LookAsync()).Results.Select(result => result.Subject.ToString()));
    }
}
