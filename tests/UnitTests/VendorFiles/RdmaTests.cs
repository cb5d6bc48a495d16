using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sharing;
using AIInfra.Vendors.Rdma;
using AIInfra.Vendors.Simulation;

namespace AIInfra.UnitTests.VendorFiles;

public sealed class RdmaTests
{
    private const string Config = """
        {
          "periodicUpdateInterval": 300,
          "configList": [
            { "resourceName": "hca_shared_devices_a", "rdmaHcaMax": 4, "selectors": { "vendors": ["15b3"], "linkTypes": ["infiniband"] } },
            { "resourceName": "hca_b", "resourcePrefix": "acme.com", "rdmaHcaMax": 2, "devices": ["ib0", "ib1"] },
            { "resourceName": "none_c", "rdmaHcaMax": 2, "selectors": { "drivers": ["bnxt_en"] } }
          ]
        }
        """;

    [Fact]
    public async Task A_shared_resource_has_its_slots_and_each_slot_all_nodes_of_all_its_cards()
    {
        using var rig = new VendorRig("rdma", "ib-hdr-3+roce-1", rdma: RdmaConfig.Parse("c.json", Config));
        await rig.RoundAsync();

        Assert.Equal(["acme.com/hca_b 2", "rdma/hca_shared_devices_a 4"], rig.Offer.Resources.Select(resource => $"{resource.Name} {resource.Units.Length}"));
        Assert.Equal("rdma/none_c: no RDMA device of this node fits its selectors (c.json:6:5), so it is not offered. Correct them, or leave the resource away on this node.", Assert.Single(rig.Offer.Faults));
        var shared = rig.Offer.Resources[1];
        Assert.Equal(["rdma.hca_shared_devices_a::0", "rdma.hca_shared_devices_a::1", "rdma.hca_shared_devices_a::2", "rdma.hca_shared_devices_a::3"], shared.Units.Select(unit => unit.Id));
        Assert.Equal(3, shared.Units[0].Devices.Length);
        var spec = rig.Allocator.Allocate(shared, [shared.Units[2]]);
        Assert.Equal(10, spec.DeviceNodes.Length); // uverbs, umad and issm of three, and rdma_cm once
        Assert.Equal("/dev/infiniband/rdma_cm", spec.DeviceNodes[^1].HostPath);
        Assert.All(spec.DeviceNodes, node => Assert.Equal("rwm", node.Permissions));
        Assert.Equal(["/dev/infiniband/uverbs0", "/dev/infiniband/uverbs1", "/dev/infiniband/rdma_cm"],
            rig.Allocator.Allocate(rig.Offer.Resources[0], [rig.Offer.Resources[0].Units[0]]).DeviceNodes.Select(node => node.HostPath).Where(path => !path.Contains("umad") && !path.Contains("issm")));
    }

    [Fact]
    public async Task A_slot_is_healthy_while_one_of_its_cards_is()
    {
        using var rig = new VendorRig("rdma", "ib-hdr-2", rdma: RdmaConfig.Parse("c.json", """{"configList":[{"resourceName":"a","rdmaHcaMax":2,"selectors":{"vendors":["15b3"]}}]}"""));
        await rig.RoundAsync();
        rig.Apply(0, "down");
        await rig.NextAsync();
        Assert.All(rig.Offer.Resources[0].Units, unit => Assert.True(rig.Health.Current.Value.Devices.IsHealthy(unit)));
        Assert.All(rig.Offer.Resources[0].Units, unit => Assert.Null(rig.Health.Current.Value.FatalProblem(unit)));

        rig.Apply(1, "down");
        await rig.NextAsync();

        Assert.All(rig.Offer.Resources[0].Units, unit => Assert.False(rig.Health.Current.Value.Devices.IsHealthy(unit)));
    }

    [Theory]
    [InlineData("""{"configList":[{"resourceName":"a b","rdmaHcaMax":1,"selectors":{"vendors":["15b3"]}}]}""", "c.json:1:32: configList[0].resourceName: the part after the slash may have letters")]
    [InlineData("""{"configList":[{"resourceName":"a","rdmaHcaMax":-1,"selectors":{"vendors":["15b3"]}}]}""", "c.json:1:49: configList[0].rdmaHcaMax: \"-1\" is not usable")]
    [InlineData("""{"configList":[{"resourceName":"a","rdmaHcaMax":1}]}""", "c.json:1:16: configList[0].selectors: nothing chooses devices")]
    [InlineData("""{"configList":[{"resourceName":"a","rdmaHcaMax":1,"selectors":{"linkTypes":["eth"]}}]}""", "c.json:1:63: configList[0].selectors.linkTypes: \"eth\" is no link type")]
    [InlineData("""{"configList":[]}""", "c.json:1:1: configList is missing or empty")]
    [InlineData("""{"configList":""", "c.json:")]
    public void What_is_wrong_in_a_config_is_said_with_its_place(string text, string start) =>
        Assert.StartsWith(start, RdmaConfig.Parse("c.json", text).Errors[0].ToString(), StringComparison.Ordinal);

    [Fact]
    public void Keys_that_nobody_knows_are_named_and_passed_over()
    {
        var config = RdmaConfig.Parse("c.json", """{"configList":[{"resourceName":"a","rdmaHcaMax":1,"rdmaHcaMaxx":3,"selectors":{"vendor":["x"],"vendors":["15b3"]}}],"other":1}""");

        Assert.Empty(config.Errors);
        Assert.Equal(["configList[0].selectors.vendor is no key of this file. Did you mean configList[0].selectors.vendors? It is passed over.",
            "configList[0].rdmaHcaMaxx is no key of this file. Did you mean configList[0].rdmaHcaMax? It is passed over.",
            "other is no key of this file. At the top there may be: periodicUpdateInterval, configList. It is passed over."], config.Notes.Select(note => note.Message));
    }

    [Fact]
    public async Task Virtual_functions_are_a_resource_of_their_own()
    {
        using var rig = new VendorRig("rdma", "ib-hdr-1");
        new SimulatedNic(rig.Files, 9, 9) { Parent = (SimulatedNic)rig.Boards[0] }.Write();
        await rig.RoundAsync();

        Assert.Equal(["rdma/hca 1", "rdma/vf 1"], rig.Offer.Resources.Select(resource => $"{resource.Name} {resource.Units.Length}"));
        Assert.Equal("0000:10:00.0", rig.Devices[1].Traits[RdmaTraits.PhysicalFunction]);
        Assert.Equal(["rdma/x 1", "rdma/vf 1"], new RdmaOffers(RdmaConfig.Parse("c", """{"configList":[{"resourceName":"x","rdmaHcaMax":1,"selectors":{"deviceIDs":["101b"]}}]}"""))
            .Decide(rig.Now).Resources.OrderByDescending(resource => resource.Name).Select(resource => $"{resource.Name} {resource.Units.Length}"));
    }

    [Fact]
    public async Task Ports_of_a_card_with_several_tell_each_its_own_and_one_of_them_down_is_no_loss_of_the_card()
    {
        using var rig = new VendorRig("rdma", "");
        var card = new SimulatedNic(rig.Files, 0, 0) { Ports = 2 };
        SimulatedBoards.Write(rig.Files, [card]);
        await rig.RoundAsync();
        Assert.True(card.Apply(["down"]));
        await rig.NextAsync();

        Assert.Equal(["0000:10:00.0", "0000:10:00.0/1", "0000:10:00.0/2"], rig.Devices.Select(device => device.Id));
        Assert.Equal(1, rig.Reading(rig.Devices[0], "ports_active").Value);
        Assert.Equal((1, 4), (rig.Reading(rig.Devices[1], "state_id").Value, rig.Reading(rig.Devices[2], "state_id").Value));
        Assert.Equal(Severity.Degraded, Assert.Single(rig.Health.Current.Value.Problems).Severity);
        Assert.Single(Assert.Single(rig.Offer.Resources).Units);
    }

    [Fact]
    public async Task A_card_that_never_had_a_link_is_recorded_and_stays_healthy()
    {
        using var rig = new VendorRig("rdma", "ib-hdr-1");
        foreach (var (file, text) in new[] { ("state", "1: DOWN"), ("phys_state", "2: Polling"), ("counters/port_rcv_data", "0"), ("counters/link_downed", "0") })
            rig.Files.Put($"sys/class/infiniband/mlx5_0/ports/1/{file}", text);
        await rig.RoundAsync();

        Assert.Equal(Severity.Info, Assert.Single(rig.Health.Current.Value.Problems).Severity);
        Assert.True(rig.IsHealthy(rig.Devices[0]));
    }

    [Fact]
    public async Task Counters_are_in_base_units_those_that_say_nothing_are_absent()
    {
        using var rig = new VendorRig("rdma", "roce-2");
        rig.Files.Put("sys/class/infiniband/mlx5_1/ports/1/counters/symbol_error", "N/A (no PMA)");
        rig.Files.Remove("sys/class/infiniband/mlx5_1/ports/1/hw_counters/np_cnp_sent");
        await rig.RoundAsync();

        Assert.Equal(4_000_000, rig.Reading(rig.Devices[0], "port_data_received_bytes_total").Value);
        Assert.Equal(0.01, rig.Reading(rig.Devices[0], "lifespan_seconds").Value, 1e-9);
        Assert.Equal(AIInfra.Core.Sampling.ReadingState.Absent, rig.Reading(rig.Devices[1], "symbol_error_total").State);
        Assert.Equal(AIInfra.Core.Sampling.ReadingState.Absent, rig.Reading(rig.Devices[1], "np_cnp_packets_sent_total").State);
        Assert.Equal("1", rig.Devices[0].Traits[RdmaTraits.RoceGids]);
    }
}
