using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;
using AIInfra.Vendors.Nvidia;
using FsCheck;
using FsCheck.Fluent;

namespace AIInfra.UnitTests.Vendors;

public sealed class NvidiaOffersTests
{
    [Fact]
    public void Strategy_none_offers_every_GPU_whole_divided_or_not() =>
        Assert.Equal("nvidia.com/gpu: GPU0 GPU1 GPU2", Offered(MigStrategy.None, null, "1g.10gb,1g.10gb", ""));

    [Fact]
    public void Strategy_mixed_offers_each_size_under_its_name_beside_whole_GPUs() =>
        Assert.Equal("nvidia.com/gpu: GPU0\nnvidia.com/mig-1g.10gb: MIG1.0 MIG1.1 MIG2.1\nnvidia.com/mig-1g.10gb.me: MIG2.2\nnvidia.com/mig-3g.40gb: MIG2.0",
            Offered(MigStrategy.Mixed, null, "1g.10gb,1g.10gb", "3g.40gb,1g.10gb,1g.10gb+me"));

    [Fact]
    public void Strategy_single_offers_partitions_as_GPUs_and_whole_GPUs_where_none_is_divided()
    {
        Assert.Equal("nvidia.com/gpu: MIG0.0 MIG0.1 MIG1.0", Offered(MigStrategy.Single, "1g.10gb,1g.10gb", "1g.10gb"));
        Assert.Equal("nvidia.com/gpu: GPU0 GPU1", Offered(MigStrategy.Single, null, null));
    }

    [Fact]
    public void What_strategy_single_cannot_offer_is_said_and_the_rest_is_offered() =>
        Assert.Equal(
            $"nvidia.com/gpu: MIG1.0 MIG1.1 MIG2.1\n"
            + $"GPU {NvidiaNode.Gpu(0)} is not divided and others of this node are, which MIG strategy single cannot offer under one name: it is not offered. Divide it as the others, or use the strategy mixed.\n"
            + $"GPU {NvidiaNode.Gpu(3)} is in MIG mode and has no partition: nothing of it is offered. Make partitions (nvidia-smi mig -cgi, or mig-parted), or switch MIG off.\n"
            + $"Partition {NvidiaNode.Mig(2, 0)} of GPU {NvidiaNode.Gpu(2)} is a 3g.40gb and most of this node are 1g.10gb, which MIG strategy single cannot offer under one name: it is not offered. Divide all GPUs alike, or use the strategy mixed.",
            Offered(MigStrategy.Single, null, "1g.10gb,1g.10gb", "3g.40gb,1g.10gb", ""));

    [Fact]
    public void A_partition_without_a_name_in_Kubernetes_is_said_and_the_rest_is_offered() =>
        Assert.Equal(
            $"nvidia.com/mig-1g.10gb: MIG0.1\n"
            + $"Partition {NvidiaNode.Mig(0, 0)} of GPU {NvidiaNode.Gpu(0)} is a 1c.3g.40gb: its compute instance is smaller than its GPU instance, for which NVIDIA has no resource name. It is not offered. Make compute instances of the default size.\n"
            + $"Partition {NvidiaNode.Mig(0, 2)} of GPU {NvidiaNode.Gpu(0)} does not say its size: it is not offered. Use a driver from 510 on.",
            Offered(MigStrategy.Mixed, "1c.3g.40gb,1g.10gb,unknown"));

    [Fact]
    public void Partitions_are_shared_like_GPUs()
    {
        var plan = new SharingPlan { Rules = [new ShareRule("nvidia.com/mig-1g.10gb", 2), new ShareRule("nvidia.com/gpu", 3) { Devices = ["0"] }, new ShareRule("nvidia.com/mig-3g.40gb", 2) { Devices = ["1:1"] }] };

        var offer = new SharedOffers(new NvidiaOffers(MigStrategy.Mixed), plan).Decide(NvidiaNode.Of(null, "1g.10gb,3g.40gb"));

        Assert.Equal(
            ["nvidia.com/gpu 3", "nvidia.com/mig-1g.10gb 2", "nvidia.com/mig-3g.40gb 2"], offer.Resources.Select(resource => $"{resource.Name} {resource.Units.Length}"));
        Assert.Equal($"{NvidiaNode.Mig(1, 0)}::1", offer.Resources[1].Units[1].Id);
        Assert.Empty(offer.Faults);
    }

    [Fact]
    public void Whatever_the_layout_each_device_is_offered_or_named_and_never_twice()
    {
        var layout = Gen.OneOf(Gen.Constant<string?>(null), Gen.Elements("1g.10gb", "1g.10gb+me", "2g.20gb", "3g.40gb", "1c.2g.20gb", "unknown").ListOf().Select(sizes => (string?)string.Join(',', sizes)));
        var nodes = from boards in layout.ListOf()
                    from strategy in Gen.Elements(MigStrategy.None, MigStrategy.Single, MigStrategy.Mixed)
                    select (Boards: boards.ToArray(), Strategy: strategy);

        Prop.ForAll(nodes.ToArbitrary(), node =>
        {
            var inventory = NvidiaNode.Of(node.Boards);
            var offer = new NvidiaOffers(node.Strategy).Decide(inventory);
            var ids = offer.Resources.SelectMany(resource => resource.Units).Select(unit => unit.Id).ToList();
            Assert.Equal(ids.Count, ids.Distinct(StringComparer.Ordinal).Count());
            if (node.Strategy == MigStrategy.None)
                return;
            foreach (var device in inventory.Devices)
            {
                var isDivided = inventory.Devices.Any(part => part.ParentId == device.Id);
                Assert.True(isDivided || ids.Contains(device.Id) || offer.Faults.Any(fault => fault.Contains(device.Id, StringComparison.Ordinal)), device.Id);
            }
        }).QuickCheckThrowOnFailure();
    }

    private static string Offered(MigStrategy strategy, params string?[] layouts)
    {
        var offer = new NvidiaOffers(strategy).Decide(NvidiaNode.Of(layouts));
        return string.Join('\n', offer.Resources.Select(resource => $"{resource.Name}: {string.Join(' ', resource.Units.Select(unit => Short(unit.First)))}").Concat(offer.Faults));
    }

    private static string Short(Device device) => device.Partition is { } partition ? $"MIG{device.Index}.{partition.Number}" : $"GPU{device.Index}";
}
