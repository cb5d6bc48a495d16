using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;
using AIInfra.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace AIInfra.UnitTests.Sharing;

public sealed class PlacementTests
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
        var topology = new UnitTopology(TestGpus.Switched(8).Units());

        var answer = Of(topology).Choose(Ids(0, 1, 3, 4, 5, 6, 7), [], 4);

        Assert.Equal(Ids(4, 5, 6, 7), answer);
    }

    [Fact]
    public void One_device_is_taken_from_the_group_that_is_broken_already()
    {
        var topology = new UnitTopology(TestGpus.Islands(8, 4).Units());

        var answer = Of(topology).Choose(Ids(0, 1, 2, 3, 5, 6, 7), [], 1);

        Assert.Equal(Ids(5), answer);
    }

    [Fact]
    public void With_too_many_sets_to_try_them_all_an_island_is_still_found_whole()
    {
        var topology = new UnitTopology(TestGpus.Islands(64, 8).Units());
        var available = Enumerable.Range(0, 64).Where(index => index % 8 != 0 || index / 8 == 5).Select(TestGpus.Id);

        var answer = Of(topology).Choose(available, [], 8);

        Assert.Equal(Ids([.. Enumerable.Range(40, 8)]), answer);
    }

    [Fact]
    public void A_grown_choice_keeps_what_must_be_included_and_its_island()
    {
        var topology = new UnitTopology(TestGpus.Islands(64, 16).Units());

        var answer = Of(topology).Choose(Ids([.. Enumerable.Range(0, 64)]), Ids(20, 30), 12);

        Assert.Contains(TestGpus.Id(20), answer);
        Assert.Contains(TestGpus.Id(30), answer);
        Assert.All(answer, id => Assert.Contains(id, Ids([.. Enumerable.Range(16, 16)])));
    }

    [Fact]
    public void Ten_thousand_devices_are_chosen_from_one_NUMA_node_that_holds_all()
    {
        ImmutableArray<Device> devices = [.. TestGpus.Islands(10_000, 1).Select(device => device with { NumaNode = device.Index % 10 == 0 ? 1 : 0 })];

        var answer = Of(new UnitTopology(devices.Units())).Choose(devices.Select(device => device.Id), [TestGpus.Id(7)], 900);

        Assert.Equal(900, answer.Length);
        Assert.All(answer, id => Assert.NotEqual(0, int.Parse(id[^12..]) % 10)); // the node of the one that must be included
    }

    [Fact]
    public void Of_groups_that_are_linked_alike_the_one_near_network_cards_is_taken()
    {
        var devices = TestGpus.Switched(8).Select(device => device with { PciAddress = $"0000:{device.Index:x2}:00.0" }).ToArray();
        var nics = new NicNearness(devices.ToFrozenDictionary(
            device => device.PciAddress!, device => new NearNics(device.Index >= 4 ? LinkKind.SinglePcieSwitch : LinkKind.SameHostBridge, 1)));

        var answer = new Placement(new UnitTopology(devices.Units()), SharedPlacement.Distributed, nics).Choose(devices.Select(device => device.Id), [], 4);

        Assert.Equal(Ids(4, 5, 6, 7), answer);
    }

    [Theory]
    [InlineData(7, new[] { 8, 9, 10, 11, 12, 13, 14 })] // board 1 has all 7 free
    [InlineData(3, new[] { 0, 1, 2 })] // board 0 is broken already and holds them
    [InlineData(1, new[] { 0 })]
    public void Partitions_are_packed_onto_one_board_and_a_broken_board_comes_first(int size, int[] expected)
    {
        var parts = TestGpus.Partitions(8, 7);
        // board 0 has partitions 0 to 2 free, all others all
        var free = parts.Where(part => part.ParentId != TestGpus.Id(0) || part.Index < 3).Select(part => part.Id);

        var answer = Of(new UnitTopology(parts.Units())).Choose(free, [], size);

        Assert.Equal(expected.Length, answer.Length);
        Assert.Equal(expected[0] < 7 ? 0 : 1, parts.Single(part => part.Id == answer[0]).ParentId is var parent && parent == TestGpus.Id(0) ? 0 : 1);
        Assert.Single(answer.Select(id => parts.Single(part => part.Id == id).ParentId).Distinct());
    }

    [Fact]
    public void Replicas_are_spread_over_the_devices_that_are_least_in_use()
    {
        var units = TestGpus.Replicas(4, 4);
        var free = units.Select(unit => unit.Id).Except([$"{TestGpus.Id(0)}::0", $"{TestGpus.Id(2)}::3"]).ToArray();

        Assert.Equal([$"{TestGpus.Id(1)}::0", $"{TestGpus.Id(3)}::0"], Of(new UnitTopology(units)).Choose(free, [], 2));
        Assert.Equal(4, Of(new UnitTopology(units)).Choose(free, [], 4).Select(id => id.Split("::")[0]).Distinct().Count());
    }

    [Fact]
    public void Packed_replicas_fill_the_device_that_is_most_in_use()
    {
        var units = TestGpus.Replicas(4, 4);
        var free = units.Select(unit => unit.Id).Except([$"{TestGpus.Id(2)}::0"]).ToArray();

        var answer = new Placement(new UnitTopology(units), SharedPlacement.Packed, NicNearness.None).Choose(free, [], 5);

        Assert.Equal(3, answer.Count(id => id.StartsWith(TestGpus.Id(2), StringComparison.Ordinal)));
        Assert.Equal(2, answer.Select(id => id.Split("::")[0]).Distinct().Count());
    }

    [Fact]
    public void Of_devices_equally_in_use_replicas_come_from_those_linked_best()
    {
        var units = TestGpus.Replicas([.. TestGpus.Islands(8, 2)], 4);
        var free = units.Select(unit => unit.Id).Except([$"{TestGpus.Id(0)}::0", $"{TestGpus.Id(3)}::0"]).ToArray(); // islands 0-1 and 2-3 are in use

        var answer = Of(new UnitTopology(units)).Choose(free, [], 2);

        Assert.Equal([$"{TestGpus.Id(4)}::0", $"{TestGpus.Id(5)}::0"], answer);
    }

    [Fact]
    public void Replicas_follow_the_rule_of_their_resource_whatever_is_free() =>
        Prop.ForAll(SharedQuestions, question =>
        {
            var answer = question.Ask();
            var free = question.Available.Distinct().ToArray();
            var must = question.MustInclude.Intersect(free).ToArray();
            var wanted = Math.Clamp(question.Size, 0, free.Length);
            if (answer.Length != wanted || answer.Distinct().Count() != wanted || !answer.All(free.Contains))
                return false;
            if (must.Length > wanted || wanted == free.Length)
                return must.Length <= wanted || answer.All(must.Contains);
            var added = answer.Except(must).ToArray();
            return must.All(answer.Contains) && IsGreedy(question, free, must, added);
        }).QuickCheckThrowOnFailure();

    /// <summary>Some order of the added units keeps to the rule at each step.</summary>
    private static bool IsGreedy(SharedQuestion question, string[] free, string[] must, string[] added)
    {
        var (left, load) = (added.Select(DeviceOf).ToList(), new Dictionary<string, int>());
        foreach (var unit in question.Units)
            load[DeviceOf(unit.Id)] = load.GetValueOrDefault(DeviceOf(unit.Id)) + (free.Contains(unit.Id) && !must.Contains(unit.Id) ? 0 : 1);
        return IsGreedy(question.Rule, left, load, free.Except(must).CountBy(DeviceOf).ToDictionary());
    }

    private static bool IsGreedy(SharedPlacement rule, List<string> left, Dictionary<string, int> load, Dictionary<string, int> spare)
    {
        if (left.Count == 0)
            return true;
        var open = spare.Where(entry => entry.Value > 0).Select(entry => load[entry.Key]).ToArray();
        var best = rule == SharedPlacement.Packed ? open.Max() : open.Min();
        foreach (var next in left.Distinct().Where(device => spare[device] > 0 && load[device] == best).ToArray())
        {
            List<string> rest = [.. left];
            rest.Remove(next);
            var (loads, spares) = (new Dictionary<string, int>(load), new Dictionary<string, int>(spare));
            loads[next]++;
            spares[next]--;
            if (IsGreedy(rule, rest, loads, spares))
                return true;
        }
        return false;
    }

    private static string DeviceOf(string unit) => unit.Split("::")[0];

    [Fact]
    public void Whatever_is_asked_there_is_an_answer()
    {
        var placement = Of(new UnitTopology(TestGpus.Switched(8).Units()));

        Assert.Empty(placement.Choose([], [], 4));
        Assert.Empty(placement.Choose(Ids(0, 1), [], 0));
        Assert.Empty(placement.Choose(Ids(0, 1), [], int.MinValue));
        Assert.Equal(Ids(0, 1), placement.Choose(Ids(1, 0, 0, 1), [], int.MaxValue));
        Assert.Equal(Ids(0, 1), placement.Choose(["", "GPU-?", "\0", .. Ids(0, 1)], ["nobody's", .. Ids(7)], 2));
        Assert.Equal(Ids(1), placement.Choose(Ids(0, 1, 2), Ids(2, 1), 1));
        Assert.Empty(Of(new UnitTopology([])).Choose(Ids(0), Ids(0), 1));
    }

    [Fact]
    public void A_request_of_megabytes_is_answered_as_one_of_a_few_bytes()
    {
        var placement = Of(new UnitTopology(TestGpus.Islands(64, 8).Units()));
        var small = Enumerable.Range(0, 64).Select(TestGpus.Id).ToArray();
        var large = Enumerable.Range(0, 130_000).Select(TestGpus.Id).Concat(small); // 5 MiB of ids, most of them unknown

        Assert.Equal(placement.Choose(small, [], 12), placement.Choose(large, [], 12));
    }

    private static Placement Of(UnitTopology topology) => new(topology, SharedPlacement.Distributed, NicNearness.None);

    private static ImmutableArray<string> Ids(params int[] indexes) => [.. indexes.Select(TestGpus.Id)];

    private static IEnumerable<ImmutableArray<string>> Subsets(ImmutableArray<string> ids, int size)
    {
        var distinct = ids.Distinct().ToArray();
        return Enumerable.Range(0, 1 << distinct.Length)
            .Where(mask => int.PopCount(mask) == size)
            .Select(mask => distinct.Where((_, place) => (mask >> place & 1) == 1).ToImmutableArray());
    }

    private sealed record Question(UnitTopology Topology, NicNearness Nics, ImmutableArray<string> Available, ImmutableArray<string> MustInclude, int Size)
    {
        public ImmutableArray<string> Ask() => new Placement(Topology, SharedPlacement.Distributed, Nics).Choose(Available, MustInclude, Size);

        public (long Inside, long Left, long Nics) Score(ImmutableArray<string> set)
        {
            var members = set.Select(Topology.IndexOf).ToArray();
            var all = Available.Distinct().Select(Topology.IndexOf).ToArray();
            var inside = members.Sum(one => members.Where(other => other > one).Sum(other => (long)Topology.Weight(one, other)));
            return (inside, -members.Sum(one => all.Sum(other => (long)Topology.Weight(one, other))), members.Sum(one => Nics.ScoreOf(Topology.At(one))));
        }
    }

    private sealed record SharedQuestion(ImmutableArray<OfferedUnit> Units, SharedPlacement Rule, ImmutableArray<string> Available, ImmutableArray<string> MustInclude, int Size)
    {
        public ImmutableArray<string> Ask() => new Placement(new UnitTopology(Units), Rule, NicNearness.None).Choose(Available, MustInclude, Size);
    }

    /// <summary>Up to five devices with up to four replicas each.</summary>
    private static Arbitrary<SharedQuestion> SharedQuestions => (
        from count in Gen.Choose(1, 5)
        from replicas in Gen.Choose(1, 4)
        from island in Gen.Choose(1, 3)
        from isPacked in Gen.Choose(0, 1)
        from available in Gen.Choose(0, count * replicas - 1).ArrayOf()
        from must in Gen.Choose(0, count * replicas - 1).ArrayOf()
        from mustCount in Gen.Choose(0, 2)
        from size in Gen.Choose(-1, count * replicas + 1)
        let units = TestGpus.Replicas([.. TestGpus.Islands(count, island)], replicas)
        select new SharedQuestion(units, isPacked == 1 ? SharedPlacement.Packed : SharedPlacement.Distributed,
            [.. available.Select(index => units[index].Id)], [.. must.Take(mustCount).Select(index => units[index].Id)], size)).ToArbitrary();

    /// <summary>Up to ten devices with any links and NUMA nodes; the ids asked for may repeat, and may not be available.</summary>
    private static Arbitrary<Question> Questions => (
        from count in Gen.Choose(1, 10)
        from nodes in Gen.Choose(-1, 1).ArrayOf(count)
        from links in Gen.Choose(0, 8).ArrayOf(count * count)
        from available in Gen.Choose(0, count - 1).ArrayOf()
        from must in Gen.Choose(0, count - 1).ArrayOf()
        from mustCount in Gen.Choose(0, 3)
        from size in Gen.Choose(-1, count + 1)
        from cards in Gen.Choose(0, 4).ArrayOf(count)
        select new Question(
            new UnitTopology(TestGpus.Islands(count, 1).Select((device, index) => device with
            {
                PciAddress = $"0000:{index:x2}:00.0",
                NumaNode = nodes[index] < 0 ? null : nodes[index],
                Links = [.. Enumerable.Range(0, count).Where(peer => peer != index).Select(peer => Link(peer, links[index * count + peer]))],
            }).Units()),
            new NicNearness(Enumerable.Range(0, count).ToFrozenDictionary(index => $"0000:{index:x2}:00.0", index => new NearNics((LinkKind)cards[index], 1))),
            [.. available.Select(TestGpus.Id)], [.. must.Take(mustCount).Select(TestGpus.Id)], size)).ToArbitrary();

    private static DeviceLink Link(int peer, int drawn) =>
        new(TestGpus.Id(peer), (LinkKind)Math.Min(drawn, (int)LinkKind.Direct), Math.Max(0, drawn - (int)LinkKind.Direct + 1));
}
