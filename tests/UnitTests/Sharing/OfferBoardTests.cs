using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Sharing;

public sealed class OfferBoardTests
{
    private readonly InventoryBoard _inventory = new();
    private readonly RecordedLog<OfferBoard> _log = new();

    [Fact]
    public void A_vendor_without_a_policy_offers_whole_devices_that_are_not_held_back()
    {
        var devices = TestGpus.Switched(3);
        _inventory.Publish(TestGpus.Inventory([devices[0], devices[1] with { IsHeldBack = true }, devices[2] with { ResourceName = "acme.com/slice" }]));

        var offer = Offer();

        Assert.Equal(["acme.com/gpu", "acme.com/slice"], offer.Resources.Select(resource => resource.Name));
        Assert.Equal([TestGpus.Id(0)], offer.Find("acme.com/gpu")!.Units.Select(unit => unit.Id));
        Assert.Empty(offer.Faults);
    }

    [Fact]
    public void A_vendors_policy_decides_on_its_inventory_alone()
    {
        _inventory.Publish(TestGpus.Inventory(TestGpus.Switched(2)));
        _inventory.Publish(TestGpus.Inventory([TestGpus.Switched(1)[0] with { Id = "LATE-0", Vendor = "late", ResourceName = "late.com/npu" }], "late"));

        var offer = Offer(new Shares(2));

        Assert.Equal(["acme.com/gpu", "late.com/npu"], offer.Resources.Select(resource => resource.Name));
        Assert.Equal([$"{TestGpus.Id(0)}::0", $"{TestGpus.Id(0)}::1", $"{TestGpus.Id(1)}::0", $"{TestGpus.Id(1)}::1"], offer.Resources[0].Units.Select(unit => unit.Id));
    }

    [Fact]
    public void Of_two_resources_that_claim_an_id_the_earlier_keeps_it_and_that_is_said_once()
    {
        var device = TestGpus.Switched(1)[0];
        _inventory.Publish(TestGpus.Inventory([device]));
        _inventory.Publish(TestGpus.Inventory([device with { Vendor = "late", ResourceName = "late.com/npu" }, device with { Id = "LATE-1", Vendor = "late", ResourceName = "late.com/npu" }], "late"));
        var board = new OfferBoard(_inventory, [], _log);

        board.Refresh();
        board.Refresh();

        Assert.Equal(["LATE-1"], board.Current.Value.Find("late.com/npu")!.Units.Select(unit => unit.Id));
        Assert.Equal(
            $"late.com/npu: device {TestGpus.Id(0)} is not offered: its id was given already, to acme.com/gpu; an id is unique on the node. The other devices are.",
            Assert.Single(_log.Lines).Text);
    }

    [Fact]
    public void More_than_ten_thousand_units_are_refused_and_as_many_are_not()
    {
        _inventory.Publish(TestGpus.Inventory(TestGpus.Switched(1)));
        Assert.Equal(10_000, Offer(new Shares(10_000)).Resources[0].Units.Length);

        var offer = Offer(new Shares(10_001));

        Assert.Empty(offer.Resources);
        Assert.StartsWith("acme.com/gpu would have 10001 units; at most 10000 are offered", Assert.Single(offer.Faults), StringComparison.Ordinal);
    }

    [Fact]
    public void Names_and_ids_that_the_kubelet_would_not_take_are_left_out()
    {
        var devices = TestGpus.Switched(3);
        _inventory.Publish(TestGpus.Inventory([devices[0] with { Id = new string('x', 64) }, devices[1] with { ResourceName = "acme" }, devices[2]]));

        var offer = Offer();

        Assert.Equal([TestGpus.Id(2)], Assert.Single(offer.Resources).Units.Select(unit => unit.Id));
        Assert.Equal(2, offer.Faults.Length);
        Assert.Contains(offer.Faults, fault => fault.StartsWith("acme is not a resource name: it needs a domain", StringComparison.Ordinal));
        Assert.Contains(offer.Faults, fault => fault.Contains("its id has 64 characters", StringComparison.Ordinal));
    }

    [Fact]
    public void What_did_not_change_keeps_its_objects_and_an_equal_offer_is_not_published()
    {
        _inventory.Publish(TestGpus.Inventory(TestGpus.Switched(2)));
        var board = new OfferBoard(_inventory, [new Shares(2)], _log);
        board.Refresh();
        var before = board.Current.Value;

        _inventory.Publish(TestGpus.Inventory(TestGpus.Switched(2)));
        board.Refresh();
        Assert.Same(before, board.Current.Value);

        var devices = TestGpus.Switched(2);
        _inventory.Publish(TestGpus.Inventory([devices[0], devices[1] with { DeviceNodes = ["acme-new"] }]));
        board.Refresh();
        Assert.Same(before.Resources[0].Units[1], board.Current.Value.Resources[0].Units[1]);
        Assert.NotSame(before.Resources[0].Units[2], board.Current.Value.Resources[0].Units[2]);
    }

    private NodeOffer Offer(params IOfferPolicy[] policies)
    {
        var board = new OfferBoard(_inventory, policies, _log);
        board.Refresh();
        return board.Current.Value;
    }

    private sealed class Shares(int count) : IOfferPolicy
    {
        public string Vendor => TestGpus.Vendor;

        public Offer Decide(VendorInventory inventory) => new(
            [new OfferedResource
            {
                Name = TestGpus.Resource,
                Units = [.. inventory.Devices.SelectMany(device => Enumerable.Range(0, count)
                    .Select(replica => new OfferedUnit { Id = $"{device.Id}::{replica}", Devices = [device], Replica = replica }))],
            }],
            ImmutableArray<string>.Empty);
    }
}
