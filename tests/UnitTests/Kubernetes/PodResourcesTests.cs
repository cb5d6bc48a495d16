using System.Collections.Immutable;
using AIInfra.Core.Sharing;
using AIInfra.Kubernetes.PodResources;
using AIInfra.Kubernetes.Protos.PodResources.V1;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Kubernetes;

public sealed class PodResourcesTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Entries_of_one_device_are_merged_and_every_holder_is_named()
    {
        var seen = PodResourcesReader.Read(Now, new ListPodResourcesResponse
        {
            PodResources =
            {
                Pod("a", ("main", "GPU-1"), ("main", "GPU-1"), ("side", "GPU-1")),
                Pod("b", ("main", "GPU-2")),
                new PodResources { Namespace = "ns", Name = "idle" },
            },
        });

        Assert.Equal(["ns/a/main", "ns/a/side"], seen.HoldersOf("GPU-1").Select(holder => holder.ToString()));
        Assert.Equal(["ns/b/main"], seen.HoldersOf("GPU-2").Select(holder => holder.ToString()));
        Assert.Empty(seen.HoldersOf("GPU-3"));
        Assert.Equal(3, seen.Pods.Count);
        Assert.Equal(Now, seen.TakenAt);
    }

    [Fact]
    public void A_device_is_held_by_who_holds_a_replica_a_group_or_itself()
    {
        var devices = TestGpus.Switched(4);
        var offer = new NodeOffer([new OfferedResource
        {
            Name = TestGpus.Resource,
            Units = [new() { Id = $"{devices[0].Id}::0", Devices = [devices[0]], Replica = 0 }, new() { Id = "group-7", Devices = [devices[1], devices[2]] }],
        }], ImmutableArray<string>.Empty);
        var seen = PodResourcesSnapshot.Of(Now,
            [Held($"{devices[0].Id}::0", "a"), Held("group-7", "b"), Held($"{devices[3].Id}::5", "c"), Held(devices[3].Id, "d")], [], []);

        var byDevice = seen.ByDevice(offer);

        Assert.Equal(["ns/a/main"], byDevice[devices[0].Id].Select(holder => holder.ToString()));
        Assert.Equal(["ns/b/main"], byDevice[devices[1].Id].Select(holder => holder.ToString()));
        Assert.Equal(["ns/b/main"], byDevice[devices[2].Id].Select(holder => holder.ToString()));
        Assert.Equal(["ns/c/main", "ns/d/main"], byDevice[devices[3].Id].Select(holder => holder.ToString())); // no longer offered
    }

    [Fact]
    public void Of_two_kubelets_both_are_told_and_one_that_does_not_answer_makes_it_unknown()
    {
        var board = new PodResourcesBoard();
        board.Publish("/a", PodResourcesSnapshot.Of(Now, [Held("GPU-1", "a")], [], []));
        board.Publish("/b", PodResourcesSnapshot.Unknown("it hangs"));
        Assert.Equal("it hangs", board.Current.Value.Reason);

        board.Publish("/b", PodResourcesSnapshot.Of(Now.AddSeconds(-5), [Held("GPU-2", "b")], [], []));

        Assert.True(board.Current.Value.IsKnown);
        Assert.Equal(Now.AddSeconds(-5), board.Current.Value.TakenAt);
        Assert.Equal(2, board.Current.Value.Held.Length);
    }

    private static HeldUnit Held(string id, string pod) => new(TestGpus.Resource, id, new PodHolder("ns", pod, "main"));

    private static PodResources Pod(string name, params (string Container, string Id)[] held) => new()
    {
        Namespace = "ns",
        Name = name,
        Containers =
        {
            held.GroupBy(pair => pair.Container).Select(container => new ContainerResources
            {
                Name = container.Key,
                Devices = { container.Select(pair => new ContainerDevices { ResourceName = TestGpus.Resource, DeviceIds = { pair.Id } }) },
            }),
        },
    };
}
