using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Kubernetes.DevicePlugin;
using AIInfra.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace AIInfra.UnitTests.Kubernetes;

public sealed class PreferredAllocationTests
{
    [Fact]
    public void The_answer_holds_only_available_devices_each_once_and_as_many_as_asked_for_or_all() =>
        Prop.ForAll(Questions, question =>
        {
            var answer = question.Ask();

            return answer.All(question.Available.Contains)
                && answer.Distinct().Count() == answer.Length
                && answer.Length == Math.Clamp(question.Size, 0, question.Available.Distinct().Count());
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_must_be_included_is_included_when_it_fits() =>
        Prop.ForAll(Questions, question =>
        {
            var must = question.MustInclude.Intersect(question.Available).ToArray();
            var answer = question.Ask();

            return must.Length > question.Size ? answer.All(must.Contains) : must.All(id => answer.Contains(id));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_same_question_has_the_same_answer_in_whatever_order_it_is_put() =>
        Prop.ForAll(Questions, question =>
        {
            var turned = question with { Available = [.. question.Available.Reverse()], MustInclude = [.. question.MustInclude.Reverse(), .. question.MustInclude] };

            return question.Ask().SequenceEqual(turned.Ask());
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void On_a_small_node_no_other_choice_is_nearer_or_leaves_the_rest_better_connected() =>
        Prop.ForAll(Questions, question =>
        {
            var answer = question.Ask();
            var must = question.MustInclude.Intersect(question.Available).ToArray();
            if (must.Length > question.Size)
                return true;

            var best = Subsets(question.Available, answer.Length).Where(set => must.All(set.Contains)).Select(question.Score).Max();
            return question.Score(answer) == best;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Equal_links_everywhere_are_decided_by_the_NUMA_node()
    {
        var topology = new DeviceTopology(TestGpus.Switched(8).Units());

        var answer = PreferredAllocation.Choose(topology, Ids(0, 1, 3, 4, 5, 6, 7), [], 4);

        Assert.Equal(Ids(4, 5, 6, 7), answer);
    }

    [Fact]
    public void One_device_is_taken_from_the_group_that_is_broken_already()
    {
        var topology = new DeviceTopology(TestGpus.Islands(8, 4).Units());

        var answer = PreferredAllocation.Choose(topology, Ids(0, 1, 2, 3, 5, 6, 7), [], 1);

        Assert.Equal(Ids(5), answer);
    }

    [Fact]
    public void With_too_many_sets_to_try_them_all_an_island_is_still_found_whole()
    {
        var topology = new DeviceTopology(TestGpus.Islands(64, 8).Units());
        var available = Enumerable.Range(0, 64).Where(index => index % 8 != 0 || index / 8 == 5).Select(TestGpus.Id);

        var answer = PreferredAllocation.Choose(topology, available, [], 8);

        Assert.Equal(Ids([.. Enumerable.Range(40, 8)]), answer);
    }

    [Fact]
    public void A_grown_choice_keeps_what_must_be_included_and_its_island()
    {
        var topology = new DeviceTopology(TestGpus.Islands(64, 16).Units());

        var answer = PreferredAllocation.Choose(topology, Ids([.. Enumerable.Range(0, 64)]), Ids(20, 30), 12);

        Assert.Contains(TestGpus.Id(20), answer);
        Assert.Contains(TestGpus.Id(30), answer);
        Assert.All(answer, id => Assert.Contains(id, Ids([.. Enumerable.Range(16, 16)])));
    }

    [Fact]
    public void Ten_thousand_devices_are_chosen_from_one_NUMA_node_that_holds_all()
    {
        ImmutableArray<Device> devices = [.. TestGpus.Islands(10_000, 1).Select(device => device with { NumaNode = device.Index % 10 == 0 ? 1 : 0 })];

        var answer = PreferredAllocation.Choose(new DeviceTopology(devices.Units()), devices.Select(device => device.Id), [TestGpus.Id(7)], 900);

        Assert.Equal(900, answer.Length);
        Assert.All(answer, id => Assert.NotEqual(0, int.Parse(id[^12..]) % 10)); // the node of the one that must be included
    }

    private static ImmutableArray<string> Ids(params int[] indexes) => [.. indexes.Select(TestGpus.Id)];

    private static IEnumerable<ImmutableArray<string>> Subsets(ImmutableArray<string> ids, int size)
    {
        var distinct = ids.Distinct().ToArray();
        return Enumerable.Range(0, 1 << distinct.Length)
            .Where(mask => int.PopCount(mask) == size)
            .Select(mask => distinct.Where((_, place) => (mask >> place & 1) == 1).ToImmutableArray());
    }

    private sealed record Question(DeviceTopology Topology, ImmutableArray<string> Available, ImmutableArray<string> MustInclude, int Size)
    {
        public ImmutableArray<string> Ask() => PreferredAllocation.Choose(Topology, Available, MustInclude, Size);

        public (long Inside, long Left) Score(ImmutableArray<string> set)
        {
            var members = set.Select(Topology.IndexOf).ToArray();
            var all = Available.Distinct().Select(Topology.IndexOf).ToArray();
            var inside = members.Sum(one => members.Where(other => other > one).Sum(other => (long)Topology.Weight(one, other)));
            return (inside, -members.Sum(one => all.Sum(other => (long)Topology.Weight(one, other))));
        }
    }

    /// <summary>Up to ten devices with any links and NUMA nodes; the ids asked for may repeat, and may not be available.</summary>
    private static Arbitrary<Question> Questions => (
        from count in Gen.Choose(1, 10)
        from nodes in Gen.Choose(-1, 1).ArrayOf(count)
        from links in Gen.Choose(0, 8).ArrayOf(count * count)
        from available in Gen.Choose(0, count - 1).ArrayOf()
        from must in Gen.Choose(0, count - 1).ArrayOf()
        from mustCount in Gen.Choose(0, 3)
        from size in Gen.Choose(-1, count + 1)
        select new Question(
            new DeviceTopology(TestGpus.Islands(count, 1).Select((device, index) => device with
            {
                NumaNode = nodes[index] < 0 ? null : nodes[index],
                Links = [.. Enumerable.Range(0, count).Where(peer => peer != index).Select(peer => Link(peer, links[index * count + peer]))],
            }).Units()),
            [.. available.Select(TestGpus.Id)], [.. must.Take(mustCount).Select(TestGpus.Id)], size)).ToArbitrary();

    private static DeviceLink Link(int peer, int drawn) =>
        new(TestGpus.Id(peer), (LinkKind)Math.Min(drawn, (int)LinkKind.Direct), Math.Max(0, drawn - (int)LinkKind.Direct + 1));
}
