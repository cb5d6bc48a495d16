using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Cdi;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Core.Sharing;
using AIInfra.Vendors.Ascend;

namespace AIInfra.UnitTests.Vendors.Ascend;

/// <summary>What of a node is offered, how it is chosen and given, named and reset.</summary>
[Collection(FakeDcmi.Collection)]
public sealed class AscendOffersTests
{
    private static readonly AscendHostView Bare = new(new[] { "davinci0", "davinci1", "vdavinci100", "vdavinci101", "davinci_manager", "devmm_svm", "hisi_hdc", "dvpp_cmdlist" }.ToFrozenSet(), ["/usr/local/Ascend/driver"], false);

    private static OfferedResource[] Offer(VendorInventory inventory) => [.. NodeOffer.Join([new AscendOffers().Decide(inventory)]).Resources];

    private static AllocationSpec Allocate(AscendInjection injection, AscendHostView view, OfferedResource resource, params ImmutableArray<OfferedUnit> units) =>
        new AscendAllocator(new AscendOptions { Injection = injection }, () => view, () => CdiNames.None).Allocate(resource, units);

    private static string[] Choose(VendorInventory inventory, int[] free, int size)
    {
        var resource = Offer(inventory).Single();
        return [.. new Placement(new UnitTopology(resource.Units), SharedPlacement.Distributed, NicNearness.None).Choose(free.Select(phy => $"Ascend910-{phy}"), [], size)];
    }

    [Theory]
    [InlineData("910A", 0xd801, "huawei.com/Ascend910", "Ascend910-0")]
    [InlineData("910B3", 0xd802, "huawei.com/Ascend910", "Ascend910-0")]
    [InlineData("310P3", 0xd500, "huawei.com/Ascend310P", "Ascend310P-0")]
    [InlineData("310", 0xd100, "huawei.com/Ascend310", "Ascend310-0")]
    [InlineData("950PR", 0xd900, "huawei.com/npu", "npu-0")]
    public void Chips_are_offered_under_the_names_and_ids_of_the_vendors_plugin(string name, int pci, string resource, string id)
    {
        var offered = Assert.Single(Offer(AscendNode.Of(2, name, (uint)pci)));

        Assert.Equal((resource, id, 2, null), (offered.Name, offered.Units[0].Id, offered.Units.Length, offered.MostPerContainer));
    }

    [Fact]
    public void A_divided_chip_is_offered_by_its_parts_one_to_a_container()
    {
        FakeDcmi.Reset(2, "910A", 0xd801);
        FakeDcmi.Chip(1).Parts.AddRange([(100, "vir02", 2), (101, "vir02", 2), (103, "vir08", 8)]);

        var offered = Offer(AscendNode.Now());

        Assert.Equal(["huawei.com/Ascend910", "huawei.com/Ascend910-2c", "huawei.com/Ascend910-8c"], offered.Select(resource => resource.Name));
        Assert.Equal(["Ascend910-0"], offered[0].Units.Select(unit => unit.Id));
        Assert.Equal(["Ascend910-2c-100-1", "Ascend910-2c-101-1"], offered[1].Units.Select(unit => unit.Id));
        Assert.Equal([null, 1, 1], offered.Select(resource => resource.MostPerContainer));
    }

    [Fact]
    public void Up_to_four_chips_of_the_first_generation_come_from_one_ring()
    {
        var node = AscendNode.Of(8, "910A", 0xd801);

        Assert.Equal(["Ascend910-4", "Ascend910-5"], Choose(node, [0, 4, 5], 2));
        Assert.Equal(["Ascend910-4", "Ascend910-5", "Ascend910-6", "Ascend910-7"], Choose(node, [1, 2, 3, 4, 5, 6, 7], 4));
        Assert.Equal(["Ascend910-0"], Choose(node, [0, 4, 5, 6, 7], 1)); // the ring with one free
        Assert.Equal(8, Choose(node, [0, 1, 2, 3, 4, 5, 6, 7], 8).Length);
    }

    [Fact]
    public void The_vendors_runtime_is_told_numbers_and_nothing_else()
    {
        var resource = Offer(AscendNode.Of(2, "910B3", 0xd802)).Single();

        foreach (var spec in new[] { Allocate(AscendInjection.Runtime, Bare, resource, resource.Units), Allocate(AscendInjection.ByHost, Bare with { HasRuntime = true }, resource, resource.Units) })
        {
            Assert.Equal([new("ASCEND_VISIBLE_DEVICES", "0,1")], spec.Environment);
            Assert.Empty(spec.DeviceNodes);
            Assert.Empty(spec.Mounts);
        }
    }

    [Fact]
    public void Any_other_runtime_is_given_nodes_and_the_drivers_files()
    {
        var resource = Offer(AscendNode.Of(2, "910B3", 0xd802)).Single();

        var spec = Allocate(AscendInjection.ByHost, Bare, resource, resource.Units[1]);

        Assert.Equal([new("ASCEND_VISIBLE_DEVICES", "1")], spec.Environment);
        Assert.Equal(["/dev/davinci1", "/dev/davinci_manager", "/dev/devmm_svm", "/dev/hisi_hdc", "/dev/dvpp_cmdlist"], spec.DeviceNodes.Select(node => node.HostPath));
        Assert.Equal([new AllocatedMount("/usr/local/Ascend/driver", "/usr/local/Ascend/driver", true)], spec.Mounts);
    }

    [Fact]
    public void A_virtual_NPU_is_a_chip_of_its_own_to_the_container()
    {
        FakeDcmi.Reset(1, "910A", 0xd801);
        FakeDcmi.Chip(0).Parts.Add((101, "vir02", 2));
        var resource = Offer(AscendNode.Now()).Single();

        var spec = Allocate(AscendInjection.Nodes, Bare, resource, resource.Units);

        Assert.Equal([new("ASCEND_RUNTIME_OPTIONS", "VIRTUAL"), new("ASCEND_VISIBLE_DEVICES", "101")], spec.Environment);
        Assert.Equal(new AllocatedNode("/dev/vdavinci101", "/dev/davinci101", "rw"), spec.DeviceNodes[0]);
    }

    [Fact]
    public void A_node_that_is_not_there_and_a_name_that_is_not_written_are_refused_with_a_sentence()
    {
        var resource = Offer(AscendNode.Of(3, "910B3", 0xd802)).Single();

        Assert.Contains("/dev/davinci2", Assert.Throws<AllocationRefusedException>(() => Allocate(AscendInjection.Nodes, Bare, resource, resource.Units[2])).Message, StringComparison.Ordinal);
        Assert.Contains("vendors.ascend.injection", Assert.Throws<AllocationRefusedException>(() => Allocate(AscendInjection.Cdi, Bare, resource, resource.Units[0])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_CDI_spec_has_the_nodes_and_files_that_are_there()
    {
        FakeDcmi.Reset(2, "910A", 0xd801);
        FakeDcmi.Chip(1).Parts.Add((100, "vir16", 16));
        var node = AscendNode.Now();
        var root = Directory.CreateTempSubdirectory("ascend-");
        foreach (var name in new[] { "davinci0", "vdavinci100", "davinci_manager", "hisi_hdc" })
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(root.FullName, "dev")).FullName, name), "");
        Directory.CreateDirectory(Path.Combine(root.FullName, "usr/local/Ascend/driver"));

        var offer = new AscendCdiSource(new HostPaths { Root = root.FullName }).Describe(node);
        root.Delete(recursive: true);

        var spec = Assert.Single(offer.Specs).Spec;
        Assert.Equal([node.Devices[0].Id, "0", node.Devices[2].Id], spec.Devices.Select(device => device.Name));
        Assert.Equal(("/dev/davinci100", "/dev/vdavinci100"), (spec.Devices[2].ContainerEdits.DeviceNodes[0].Path, spec.Devices[2].ContainerEdits.DeviceNodes[0].HostPath));
        Assert.Equal(["/dev/davinci_manager", "/dev/hisi_hdc"], spec.ContainerEdits!.DeviceNodes.Select(device => device.Path));
        Assert.Equal("huawei.com/npu=" + node.Devices[0].Id, offer.Names[node.Devices[0].Id]);
        Assert.Contains("/dev/davinci1", offer.Absence, StringComparison.Ordinal);
        Assert.NotEmpty(spec.ToJson());
    }

    [Theory]
    [InlineData("910A", 0xd801, 8, 1, 4)] // a ring
    [InlineData("910B3", 0xd802, 8, 1, 8)]
    [InlineData("910B3", 0xd802, 16, 1, 16)]
    [InlineData("Ascend910_9392", 0xd803, 8, 2, 2)] // both dies
    [InlineData("310P3", 0xd500, 2, 2, 2)] // a card with two chips
    [InlineData("310", 0xd100, 4, 1, 1)]
    public void What_HCCS_joins_is_reset_together_by_one_command(string name, int pci, int cards, int chips, int together)
    {
        var node = AscendNode.Of(cards, name, (uint)pci, chips);

        var plan = new AscendResets().Plan(node.Devices[1], node);

        Assert.Equal(together, plan.Group.Length);
        Assert.Contains(node.Devices[1], plan.Group);
        var move = Assert.IsType<CommandMove>(Assert.Single(plan.Moves));
        Assert.Equal(("npu-smi", "Y\n"), (move.Program, move.Input));
        Assert.Equal(["set", "-t", "reset", "-i", chips == 1 ? "1" : "0", "-c", chips == 1 ? "0" : "1", "-m", "1"], move.Arguments);
    }

    [Fact]
    public void A_chip_whose_group_is_divided_is_not_reset()
    {
        FakeDcmi.Reset(8, "910A", 0xd801);
        FakeDcmi.Chip(2).Parts.Add((100, "vir16", 16));
        var node = AscendNode.Now();

        Assert.Contains("virtual NPUs", new AscendResets().Plan(node.Devices[0], node).WhyNot, StringComparison.Ordinal);
        Assert.Null(new AscendResets().Plan(node.Devices[^1], node).WhyNot); // the other ring
    }

    [Fact]
    public void The_node_is_labelled_for_the_vendors_scheduler()
    {
        var labels = new AscendLabels().Make(AscendNode.Of(8, "910B3", 0xd802));

        Assert.Equal(
            [
                new("accelerator-type", "module-910b-8"), new("huawei.com/driver.version", "24.1.rc3"), new("mind-cluster/npu-chip-memory", "64G"),
                new("node.kubernetes.io/npu.chip.name", "910B3"), new("servertype", "Ascend910B-20"),
            ], labels);
        Assert.Empty(new AscendLabels().Make(AscendNode.Of(0, "910B3", 0xd802)));
    }

    [Theory]
    [InlineData("vir02", "2c"), InlineData("vir02_1c", "2c.1cpu"), InlineData("vir04_3c_ndvpp", "4c.3cpu.ndvpp"), InlineData("vir05_1c_8g", "5c.1cpu.8g"), InlineData("vir12_3c_32g", "12c.3cpu.32g")]
    [InlineData("", null), InlineData("vir", null), InlineData("vir00", null), InlineData("virxx_1c", null), InlineData("vir02_1q", null), InlineData("something", null)]
    public void A_template_names_its_resource(string template, string? suffix) => Assert.Equal(suffix, AscendTemplates.SuffixOf(template));
}
