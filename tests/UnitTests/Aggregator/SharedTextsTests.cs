using System.Collections.Immutable;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;
using AIInfra.Core.Health;

namespace AIInfra.UnitTests.Aggregator;

public sealed class SharedTextsTests
{
    private const int Budget = 25_000; // bytes a node, design section 9

    private readonly TextPool _pool = new();

    [Fact]
    public void A_node_from_the_store_is_what_was_written()
    {
        var node = Node(7);

        var read = _pool.Share(NodeRows.Read(NodeRows.Write(node), true, node.LastHeard)!);

        Assert.Equal(NodeRows.Write(node), NodeRows.Write(read));
        Assert.Equal("r7", read.Facts.Labels["rack"]);
    }

    [Fact]
    public void Nodes_from_the_store_share_what_they_have_in_common_and_a_node_has_each_of_its_ids_once()
    {
        var (one, other) = (Read(Node(1)), Read(Node(2)));

        Assert.Same(one.Devices[0].Model, other.Devices[3].Model);
        Assert.Same(one.Devices[0].Links[0].Kind, other.Devices[0].Links[1].Kind);
        Assert.Same(one.Facts.Kernel, other.Facts.Kernel);
        Assert.Same(one.Devices[1].Id, one.Devices[0].Links[0].Peer);
        Assert.Same(one.Devices[1].Id, one.Workloads[0].Devices[1]);
        Assert.Same(one.Devices[2].Id, one.Problems[0].Key.Subject.Id);
    }

    [Fact]
    public void A_node_of_eight_linked_devices_stays_within_its_memory_read_from_the_store_too()
    {
        const int Count = 400;
        var rows = Enumerable.Range(0, Count).Select(number => NodeRows.Write(Node(number))).ToList();
        var nodes = new List<NodeRecord>(Count);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        foreach (var row in rows)
            nodes.Add(_pool.Share(NodeRows.Read(row, true, default)!));
        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Count;

        TestContext.Current.TestOutputHelper?.WriteLine($"{each} bytes a node");
        Assert.True(each < Budget / 2, $"A node takes {each} bytes; half of {Budget} is left to what else stands around it.");
        GC.KeepAlive(nodes);
    }

    [Fact]
    public void A_row_of_an_older_version_lacks_what_came_later()
    {
        const string Row = """{"Name":"n","Incarnation":"i","Sequence":1,"Facts":{"Labels":{"rack":"r1"}},"Devices":[{"Id":"GPU-0","Vendor":"nvidia","Model":"H100","IsHealthy":true}],"LastHeard":"2026-01-01T00:00:00+00:00","IsConnected":true}""";

        var node = _pool.Share(NodeRows.Read(Row, true, default)!);

        Assert.Equal(("", "", 0), (node.Devices[0].Parent, node.Facts.Kernel, node.Devices[0].Links.Length));
    }

    [Fact]
    public void Texts_of_long_ago_do_not_keep_those_of_today_out()
    {
        var pool = new TextPool(most: 100);
        for (var number = 0; number < 1000; number++)
            pool.Of($"old {number}");

        Assert.Same(pool.Of(string.Concat("today ", "1")), pool.Of(string.Concat("today", " 1")));
    }

    private NodeRecord Read(NodeRecord node) => _pool.Share(NodeRows.Read(NodeRows.Write(node), true, default)!);

    private static NodeRecord Node(int number)
    {
        ImmutableArray<string> ids = [.. Enumerable.Range(0, 8).Select(index => $"GPU-{number:x8}-1111-2222-3333-44445555666{index}")];
        return new NodeRecord
        {
            Name = $"gpu-{number:00000}",
            Incarnation = $"{number:x32}",
            Sequence = 1,
            LastHeard = default,
            IsConnected = true,
            Facts = new NodeFacts
            {
                Labels = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal).Add("rack", $"r{number}").Add("pool", "train").Add("kubernetes.io/hostname", $"gpu-{number:00000}"),
                Vendors = [new VendorRecord("nvidia", "ready", "", "570.124.06", "570.124.06")],
                Kernel = "6.1.0-35-amd64",
                Image = "Debian GNU/Linux 12 (bookworm)",
            },
            Devices = [.. ids.Select((id, index) => new DeviceRecord
            {
                Id = id,
                Vendor = "nvidia",
                Model = "NVIDIA H100 80GB HBM3",
                Resource = "nvidia.com/gpu",
                Index = index,
                PciAddress = $"0000:{index:x2}:00.0",
                Serial = $"16{number:000000}{index:0000}",
                NumaNode = index / 4,
                MemoryBytes = 85_899_345_920,
                IsHealthy = true,
                Links = [.. ids.Where(peer => peer != id).Select(peer => new LinkRecord(peer, "direct", 18))],
            })],
            Problems = [new ProblemRecord
            {
                Key = new ProblemKey("nvidia.xid.79", Subject.Device(ids[2])),
                Severity = Severity.Fatal,
                Cause = Cause.Hardware,
                Action = SuggestedAction.Reboot,
                Message = "The GPU fell off the bus.",
                FirstSeen = default,
                LastSeen = default,
                Arrived = default,
                Count = 1,
                Evidence = ["NVRM: Xid 79"],
            }],
            Workloads = [new WorkloadRecord($"pod-{number}", "train", $"llm-{number}", "train/llm", ids)],
        };
    }
}
