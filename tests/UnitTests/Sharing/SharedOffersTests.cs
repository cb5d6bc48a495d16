using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sharing;
using AIInfra.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace AIInfra.UnitTests.Sharing;

/// <summary>Sharing of a vendor that knows nothing of it.</summary>
public sealed class SharedOffersTests
{
    private static readonly SharingPlan Four = new() { Rules = [new ShareRule(TestGpus.Resource, 4)] };

    [Fact]
    public void Every_device_is_offered_as_often_as_the_rule_says_its_replicas_together()
    {
        var resource = Assert.Single(Decide(Four, 2).Resources);

        Assert.Equal(TestGpus.Resource, resource.Name);
        Assert.Equal(
            [.. Enumerable.Range(0, 2).SelectMany(device => Enumerable.Range(0, 4).Select(replica => ($"{TestGpus.Id(device)}::{replica}", (int?)replica, TestGpus.Id(device))))],
            resource.Units.Select(unit => (unit.Id, unit.Replica, unit.First.Id)));
        Assert.Null(resource.MostPerContainer);
    }

    [Fact]
    public void A_resource_without_a_rule_stays_as_it_is()
    {
        var resource = Assert.Single(Decide(new SharingPlan { Rules = [new ShareRule("acme.com/other", 4)], Placement = SharedPlacement.Packed }, 3).Resources);

        Assert.Equal((3, SharedPlacement.Packed), (resource.Units.Length, resource.Placement));
        Assert.All(resource.Units, unit => Assert.Null(unit.Replica));
    }

    [Fact]
    public void A_renamed_share_leaves_the_plain_name_to_what_is_not_shared()
    {
        var all = Decide(Four with { RenamesShared = true }, 2);
        Assert.Equal([("acme.com/gpu.shared", 8)], all.Resources.Select(resource => (resource.Name, resource.Units.Length)));

        var one = Decide(new SharingPlan { RenamesShared = true, IsOnePerContainer = true, Rules = [new ShareRule(TestGpus.Resource, 4) { Count = 1 }] }, 3);
        Assert.Equal([("acme.com/gpu", 2, null), ("acme.com/gpu.shared", 4, 1)], one.Resources.Select(resource => (resource.Name, resource.Units.Length, resource.MostPerContainer)));
    }

    [Fact]
    public void Only_the_devices_that_a_rule_names_are_shared()
    {
        var named = Decide(new SharingPlan { Rules = [new ShareRule(TestGpus.Resource, 2) { Devices = ["1", TestGpus.Id(2)] }] }, 4);
        Assert.Equal([TestGpus.Id(0), $"{TestGpus.Id(1)}::0", $"{TestGpus.Id(1)}::1", $"{TestGpus.Id(2)}::0", $"{TestGpus.Id(2)}::1", TestGpus.Id(3)],
            Assert.Single(named.Resources).Units.Select(unit => unit.Id));
        Assert.Empty(named.Faults);

        var counted = Decide(new SharingPlan { Rules = [new ShareRule(TestGpus.Resource, 2) { Count = 1 }] }, 3);
        Assert.Equal([true, true, false, false], Assert.Single(counted.Resources).Units.Select(unit => unit.Replica is not null));
    }

    [Fact]
    public void A_device_that_is_not_there_and_a_count_that_is_too_large_are_faults_and_the_rest_is_offered()
    {
        var named = Decide(new SharingPlan { Rules = [new ShareRule(TestGpus.Resource, 2) { Devices = ["7", "0"] }] }, 2);
        Assert.Equal(3, Assert.Single(named.Resources).Units.Length);
        Assert.Contains("the device 7, which shall be shared, is not there", Assert.Single(named.Faults), StringComparison.Ordinal);

        var counted = Decide(new SharingPlan { Rules = [new ShareRule(TestGpus.Resource, 2) { Count = 9 }] }, 2);
        Assert.Equal(4, Assert.Single(counted.Resources).Units.Length);
        Assert.Contains("9 devices shall be shared and there are 2", Assert.Single(counted.Faults), StringComparison.Ordinal);
    }

    [Fact]
    public void More_replicas_than_the_kubelet_takes_are_cut_and_that_is_said()
    {
        var offer = Decide(new SharingPlan { Rules = [new ShareRule(TestGpus.Resource, 1000)] }, 16);

        Assert.Equal(16 * 625, Assert.Single(offer.Resources).Units.Length);
        Assert.Contains("each is offered 625 times", Assert.Single(offer.Faults), StringComparison.Ordinal);
        Assert.Equal(10_000, NodeOffer.Join([offer]).Find(TestGpus.Resource)!.Units.Length);
    }

    [Fact]
    public void A_fault_of_the_device_is_one_of_every_replica_and_of_no_other()
    {
        using var health = new HealthBoard(new ManualTime(), "boot", []);
        var units = Assert.Single(Decide(Four, 2).Resources).Units;

        health.Report(TestGpus.Fatal(TestGpus.Id(1)));

        Assert.Equal(units.Select(unit => unit.First.Id != TestGpus.Id(1)), units.Select(unit => health.Devices.Value.IsHealthy(unit)));
    }

    [Theory]
    [InlineData("nvidia.com/gpu=4", "nvidia.com/gpu", 4)]
    [InlineData("acme.com/mig-1g.10gb=1000", "acme.com/mig-1g.10gb", 1000)]
    [InlineData("nvidia.com/gpu=1", null, 0)]
    [InlineData("nvidia.com/gpu=1001", null, 0)]
    [InlineData("nvidia.com/gpu=+4", null, 0)]
    [InlineData("gpu=4", null, 0)]
    [InlineData("nvidia.com/gpu", null, 0)]
    [InlineData("=4", null, 0)]
    public void A_rule_is_a_resource_and_a_number(string text, string? resource, int replicas) =>
        Assert.Equal(resource is null ? null : new ShareRule(resource, replicas), ShareRules.Parse(text));

    [Fact]
    public void Ids_are_unique_over_all_resources_whatever_the_rules()
    {
        var rule = from replicas in Gen.Choose(2, 60)
                   from count in Gen.Choose(0, 9)
                   from named in Gen.Choose(0, 15).Select(index => $"{index}").ListOf()
                   select new ShareRule(TestGpus.Resource, replicas) { Count = count == 0 ? null : count, Devices = [.. named] };
        var plans = from shares in rule
                    from other in Gen.Choose(2, 9)
                    from renames in Gen.Elements(true, false)
                    select new SharingPlan { RenamesShared = renames, Rules = [shares, new ShareRule("acme.com/slice", other)] };

        Prop.ForAll(plans.ToArbitrary(), Gen.Choose(1, 16).ToArbitrary(), (plan, count) =>
        {
            var devices = TestGpus.Switched(count).Select((device, index) => index % 3 == 2 ? device with { ResourceName = "acme.com/slice" } : device);
            var offer = NodeOffer.Join([new SharedOffers(new WholeDevices(TestGpus.Vendor), plan).Decide(TestGpus.Inventory([.. devices]))]);
            var ids = offer.Resources.SelectMany(resource => resource.Units).Select(unit => unit.Id).ToList();
            Assert.Equal(ids.Count, ids.Distinct(StringComparer.Ordinal).Count());
            Assert.Equal(count, offer.Resources.SelectMany(resource => resource.Units).Select(unit => unit.First.Id).Distinct().Count());
            Assert.DoesNotContain(offer.Faults, fault => fault.Contains("given already", StringComparison.Ordinal));
        }).QuickCheckThrowOnFailure();
    }

    private static Offer Decide(SharingPlan plan, int count) => new SharedOffers(new WholeDevices(TestGpus.Vendor), plan).Decide(TestGpus.Inventory(TestGpus.Switched(count)));
}
