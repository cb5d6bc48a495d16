using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.FunctionalTests.Vendors;

/// <summary>Partitions (MIG) of simulated boards.</summary>
[Collection(SimulatedNvml.Collection)]
public sealed class NvidiaPartitionTests : SimulatedBoards
{
    [Theory]
    [InlineData("dgx-h100", "1g.10gb x7", "1g.10gb", 7)]
    [InlineData("dgx-h100", "3g.40gb,4g.40gb", "3g.40gb", 2)]
    [InlineData("dgx-a100", "2g.20gb,3g.40gb", "2g.20gb", 2)]
    public void A_divided_board_lists_its_partitions(string model, string layout, string profile, int count)
    {
        var (library, _, _) = Open($"node {model}\ngpu 1 mig {layout}\n");
        var board = DescribeAll(library, 2)[1];

        var partitions = library.Partitions(1);

        Assert.Equal(count, partitions.Length);
        Assert.Equal(count, partitions.Select(partition => partition.Id).Distinct().Count());
        Assert.Equal(count, partitions.Select(partition => partition.Partition!.Instance).Distinct().Count());
        Assert.All(partitions, partition =>
        {
            Assert.Matches("^MIG-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", partition.Id);
            Assert.Equal((board.Id, board.PciAddress, board.Model, true), (partition.ParentId, partition.PciAddress, partition.Model, partition.IsHeldBack));
            Assert.Equal(["nvidia1", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools"], partition.DeviceNodes);
        });
        var first = partitions.First(partition => partition.Partition!.Profile == profile);
        Assert.Equal(($"nvidia.com/mig-{profile}", 0), (first.ResourceName, first.Partition!.SubInstance));
        Assert.InRange(first.MemoryBytes ?? 0, 1L << 30, board.MemoryBytes ?? 0);
        Assert.Empty(library.Partitions(0));
        Assert.Equal("nvidia.com/gpu", board.ResourceName);
        Assert.False(board.IsHeldBack);
        Assert.Equal("", Notes.ToString());
    }

    [Fact]
    public void Boards_and_partitions_say_what_schedulers_choose_by()
    {
        var (library, _, _) = Open("node dgx-h100\ngpu 1 mig 1g.10gb,3g.40gb\ngpu 2 mig on\n");
        var boards = DescribeAll(library, 3);

        Assert.Equal(["off", "on", "on"], boards.Select(board => board.Traits["mig"]));
        Assert.All(boards, board => Assert.Equal("9.0", board.Traits["compute"]));
        Assert.All(boards, board => Assert.Matches(@"^1[23]\.[0-9]$", board.Traits["cuda"]));
        var small = library.Partitions(1).Single(partition => partition.Partition!.Profile == "1g.10gb");
        Assert.Equal(("1", "1"), (small.Traits["slices.gi"], small.Traits["slices.ci"]));
        Assert.InRange(int.Parse(small.Traits["multiprocessors"], System.Globalization.CultureInfo.InvariantCulture), 8, 40);
        Assert.Equal($"1:{small.Partition!.Number}", small.DriverIndex());
        Assert.Equal(2, library.Partitions(1).Select(partition => partition.DriverIndex()).Distinct().Count());

        var (fromL4, _, _) = Open("node l4\n");
        var bare = fromL4.Describe(0);
        Assert.False(bare.Traits.ContainsKey("mig")); // it cannot be divided
        Assert.Equal("8.9", bare.Traits["compute"]);
    }

    [Fact]
    public void A_profile_has_the_same_name_where_the_driver_does_not_give_one()
    {
        var (library, _, _) = Open("""
            node dgx-h100
            gpu 0 mig 1g.10gb,2g.20gb,3g.40gb
            without nvmlDeviceGetGpuInstanceById

            """);
        library.Describe(0);

        Assert.Equal(["1g.10gb", "2g.20gb", "3g.40gb"], library.Partitions(0).Select(partition => partition.Partition!.Profile).Order());
    }

    [Fact]
    public void Partitions_come_and_go_and_the_driver_says_so()
    {
        var (library, _, sim) = Open("node dgx-h100\n");
        var board = library.Describe(0);
        library.WaitEvent(TimeSpan.Zero, out _);
        Assert.Empty(library.Partitions(0));

        sim.Inject("gpu 0 mig 1g.10gb,1g.10gb");
        Assert.Equal(new VendorEvent(board.Id, VendorEvent.Repartitioned, 0, null), NextEvent(library));
        var partition = library.Partitions(0)[0];
        var readings = new Reading[library.Fields.Count];
        library.SamplePartition(0, partition, readings);

        sim.Inject("gpu 0 mig off");
        Until(() => library.Partitions(0).IsEmpty);
        Assert.Throws<InvalidOperationException>(() => library.SamplePartition(0, partition, readings));
    }

    [Fact]
    public void A_partition_has_its_own_memory_and_no_temperature()
    {
        var (library, _, _) = Open("node dgx-h100\ngpu 0 mig 1g.10gb,3g.40gb\n");
        library.Describe(0);
        var partition = library.Partitions(0).Single(one => one.Partition!.Profile == "1g.10gb");
        var readings = new Reading[library.Fields.Count];

        library.SamplePartition(0, partition, readings);

        Assert.Equal(partition.MemoryBytes, (long)Value(readings, "memory_total_bytes"));
        Assert.InRange(Value(readings, "memory_used_bytes") + Value(readings, "memory_free_bytes"), 1, partition.MemoryBytes!.Value);
        Assert.Equal(0, Value(readings, "compute_processes"));
        Assert.Equal(ReadingState.Absent, readings[NvidiaFields.Table["temperature_celsius"]].State);

        var board = Sample(library, 0);
        Assert.Equal(1, Value(board, "mig_mode"));
        Assert.Equal(ReadingState.Absent, board[NvidiaFields.Table["utilization_ratio"]].State); // as on a real board
    }

    [Fact]
    public void An_xid_of_an_instance_lands_on_its_partition_and_shows_on_the_board()
    {
        var (library, _, sim) = Open("node dgx-h100\ngpu 2 mig 1g.10gb,1g.10gb,1g.10gb\n");
        DescribeAll(library, 3);
        var partitions = library.Partitions(2);
        library.WaitEvent(TimeSpan.Zero, out _);
        var target = partitions[1];

        sim.Inject($"gpu 2 mig-instance {target.Partition!.Instance} xid 31");

        Assert.Equal(new VendorEvent(target.Id, "xid", 31, $"gi {target.Partition.Instance} ci 0"), EventsUntilXid(library)[^1]);
        Assert.Equal([0, 31, 0], partitions.Select(partition => LastXid(library, partition)));
        Assert.Equal(31, Value(Sample(library, 2), "last_xid"));
    }

    private static double LastXid(NvidiaLibrary library, Device partition)
    {
        var readings = new Reading[library.Fields.Count];
        library.SamplePartition(partition.Index, partition, readings);
        return Value(readings, "last_xid");
    }
}
