using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorFiles;
using AIInfra.Vendors.Amd;
using AIInfra.Vendors.Simulation;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.UnitTests.VendorFiles;

public sealed class AmdDriverTests
{
    [Fact]
    public async Task GPUs_of_a_hive_are_joined_directly_and_what_they_are_is_told()
    {
        using var rig = new VendorRig("amd", "mi300x-8");
        await rig.RoundAsync();

        var gpu = rig.Devices[3];
        Assert.Equal(("AMD Instinct MI300X OAM", 192L << 30, "SIM000003"), (gpu.Model, gpu.MemoryBytes, gpu.Serial));
        Assert.Equal(["dri/renderD131", "dri/card3", "kfd"], gpu.DeviceNodes);
        Assert.Equal(7, gpu.Links.Length);
        Assert.All(gpu.Links, link => Assert.Equal((LinkKind.Direct, 1), (link.Kind, link.Count)));
        Assert.Equal(("gfx942", "304"), (gpu.Traits[AmdTraits.Target], gpu.Traits[AmdTraits.Units]));
        Assert.Equal(48, rig.Reading(gpu, "temperature_junction_celsius").Value);
        Assert.Equal(310, rig.Reading(gpu, "power_watts").Value);
        Assert.Equal(32, rig.Reading(gpu, "pcie_link_speed_gigatransfers").Value);

        var spec = rig.Allocator.Allocate(rig.Offer.Resources[0], [.. rig.Offer.Resources[0].Units.Take(2)]);
        Assert.Equal(["/dev/kfd rw", "/dev/dri/renderD128 rw", "/dev/dri/card0 rw", "/dev/dri/renderD129 rw", "/dev/dri/card1 rw"], spec.DeviceNodes.Select(node => $"{node.HostPath} {node.Permissions}"));
        Assert.Empty(spec.Environment);
    }

    [Theory]
    [InlineData("mi300x-8", 8, null)]
    [InlineData("mi300x-cpx-8", 0, "divided")]
    public async Task The_vendor_offers_a_reset_of_the_whole_hive_where_no_board_is_divided(string node, int together, string? whyNot)
    {
        using var rig = new VendorRig("amd", node);
        await rig.RoundAsync();
        using var services = new ServiceCollection().AddAmd(new FileVendorOptions(), AmdNaming.OneName).BuildServiceProvider();

        var plan = services.GetRequiredService<IDeviceResets>().Plan(rig.Whole[3], rig.Now);

        Assert.Equal(together, plan.Group.Length);
        if (whyNot is null)
            Assert.Equal(["reset", "--gpureset", "--gpu", rig.Whole[3].PciAddress!], Assert.IsType<CommandMove>(Assert.Single(plan.Moves)).Arguments);
        else
            Assert.Contains(whyNot, plan.WhyNot, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AmdNaming.OneName, "amd.com/gpu")]
    [InlineData(AmdNaming.ByDivision, "amd.com/cpx_nps1")]
    public async Task Partitions_are_offered_in_their_boards_place(AmdNaming naming, string resource)
    {
        using var rig = new VendorRig("amd", "mi300x-cpx-8", naming);
        await rig.RoundAsync();

        Assert.Equal((8, 72), (rig.Whole.Length, rig.Devices.Length));
        var offered = Assert.Single(rig.Offer.Resources);
        Assert.Equal((resource, 64), (offered.Name, offered.Units.Length));
        Assert.Equal("0000:10:00.0/xcp0", offered.Units[0].Id);
        Assert.Equal(64, offered.Units.Select(unit => unit.First.DeviceNodes[0]).Distinct().Count());
        Assert.Equal(24L << 30, offered.Units[0].First.MemoryBytes);
        Assert.Equal(["/dev/kfd", "/dev/dri/renderD129", "/dev/dri/card1"], rig.Allocator.Allocate(offered, [offered.Units[1]]).DeviceNodes.Select(node => node.HostPath));

        rig.Apply(0, "ecc uncorrected gfx 1");
        await rig.NextAsync();
        Assert.All(rig.Devices, device => Assert.Equal(device.PciAddress != "0000:10:00.0", rig.IsHealthy(device)));
    }

    [Fact]
    public async Task Boards_that_are_divided_otherwise_are_named_by_their_division_or_left_out_and_said()
    {
        using var rig = new VendorRig("amd", "mi300x-3", AmdNaming.ByDivision);
        rig.Files.Put($"sys/bus/pci/devices/{rig.Boards[2].Address}/current_memory_partition", "NPS4");
        await rig.RoundAsync();

        Assert.Equal(["amd.com/spx_nps1 2", "amd.com/spx_nps4 1"], rig.Offer.Resources.Select(resource => $"{resource.Name} {resource.Units.Length}"));
        var single = new AmdOffers(AmdNaming.OneName).Decide(rig.Now);
        Assert.Equal(2, Assert.Single(single.Resources).Units.Length);
        Assert.StartsWith("GPU 0000:12:00.0 is divided as spx_nps4 and most of this node as spx_nps1", Assert.Single(single.Faults), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_board_that_is_divided_anew_is_described_anew()
    {
        using var rig = new VendorRig("amd", "mi300x-2");
        await rig.RoundAsync();
        foreach (var board in rig.Boards)
            board.Remove();
        var divided = SimulatedBoards.Of(rig.Files, "mi300x-cpx-2").Boards!.Value;
        SimulatedBoards.Write(rig.Files, divided);
        await rig.NextAsync();

        Assert.Equal(18, rig.Devices.Length);
        Assert.Empty(rig.Health.Current.Value.Problems);
    }

    [Fact]
    public async Task Errors_from_before_the_agent_are_worth_an_alert_and_corrected_ones_not_even_that()
    {
        using var rig = new VendorRig("amd", "mi300x-2");
        rig.Apply(0, "ecc uncorrected sdma 2");
        rig.Apply(1, "ecc corrected umc 900");
        await rig.RoundAsync();

        var problem = Assert.Single(rig.Health.Current.Value.Problems);
        Assert.Equal((AmdRules.UncorrectedId, Severity.Degraded), (problem.Id, problem.Severity));
        Assert.True(rig.IsHealthy(rig.Devices[0]));
        Assert.Equal(900, rig.Reading(rig.Devices[1], "ecc_corrected_total").Value);
    }

    [Fact]
    public async Task Labels_are_those_of_the_labeller()
    {
        using var rig = new VendorRig("amd", "mi300x-8");
        await rig.RoundAsync();

        var labels = new AmdLabels(rig.Host).Make(rig.Now);
        Assert.Equal(("192G", "304", "1216", "74a1", "6.10.5", "spx_nps1", "true", "AI"), (labels["amd.com/gpu.vram"], labels["amd.com/gpu.cu-count"], labels["amd.com/gpu.simd-count"],
            labels["amd.com/gpu.device-id"], labels["amd.com/gpu.driver-version"], labels["amd.com/gpu.compute-memory-partition"], labels["amd.com/gpu.memory-partitioning-supported"], labels["amd.com/gpu.family"]));
        Assert.Empty(new AmdLabels(rig.Host).Make(new VendorInventory { Vendor = "amd", State = VendorState.Absent }));
    }
}
