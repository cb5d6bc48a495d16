using System.Collections.Immutable;
using AIInfra.Aggregator.Incidents;
using FsCheck;
using FsCheck.Fluent;

namespace AIInfra.UnitTests.Aggregator;

public sealed class CorrelatorTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly CorrelationRule Rule = new();

    /// <summary>200 nodes in 20 racks of 10, two drivers, one image, a job on the first 64.</summary>
    private static readonly Dictionary<string, ImmutableArray<SharedPart>> Fleet = Enumerable.Range(0, 200).ToDictionary(Name, at => (ImmutableArray<SharedPart>)
    [
        new("domain", $"rack=r{at / 10}"), new("driver", at % 2 == 0 ? "nvidia 550" : "nvidia 570"), new("image", "ubuntu 24.04"), .. at < 64 ? [new SharedPart("job", "default/train")] : (SharedPart[])[],
    ]);

    [Fact]
    public void What_begins_on_most_of_a_rack_points_at_the_rack()
    {
        var found = Assert.Single(Find(Enumerable.Range(30, 8)));

        Assert.Equal(new SharedPart("domain", "rack=r3"), found.Suspect);
        Assert.Equal((8, 10), (found.Members.Length, found.OfNodes));
    }

    [Fact]
    public void What_begins_on_the_nodes_of_one_driver_points_at_the_driver() =>
        Assert.Equal(new SharedPart("driver", "nvidia 570"), Assert.Single(Find(Enumerable.Range(0, 30).Select(at => (at * 6) + 1))).Suspect);

    [Fact]
    public void What_begins_on_the_nodes_of_a_job_points_at_the_job() =>
        Assert.Equal(new SharedPart("job", "default/train"), Assert.Single(Find(Enumerable.Range(0, 60))).Suspect);

    [Fact]
    public void Two_racks_at_once_are_two_incidents() =>
        Assert.Equal(["rack=r3", "rack=r9"], Find([.. Enumerable.Range(30, 7), .. Enumerable.Range(90, 6)]).Select(found => found.Suspect!.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void Nodes_that_share_only_what_all_have_are_no_incident_until_they_are_many()
    {
        Assert.Empty(Find([3, 58, 104, 177]));

        var half = Assert.Single(Find(Enumerable.Range(0, 200).Where(at => at % 10 < 3)), found => found.Suspect is null);
        Assert.Equal((60, 200), (half.Members.Length, half.OfNodes));
    }

    [Fact]
    public void Two_nodes_or_onsets_far_apart_are_none()
    {
        Assert.Empty(Find([30, 31]));
        Assert.Empty(Correlator.Find(Enumerable.Range(30, 8).Select((at, turn) => new Onset(Name(at), "nvidia.xid.79", Start.AddMinutes(5 * turn))), Fleet, Rule));
    }

    [Fact]
    public void Different_problems_are_not_put_together() =>
        Assert.Empty(Correlator.Find(Enumerable.Range(30, 8).Select(at => new Onset(Name(at), $"problem-{at}", Start)), Fleet, Rule));

    [Fact]
    public void A_node_that_is_not_known_disturbs_nothing() =>
        Assert.Empty(Correlator.Find([new Onset("x", "p", Start), new Onset("y", "p", Start), new Onset("z", "p", Start)], Fleet, Rule));

    [Fact]
    public void Whatever_begins_members_are_sick_share_the_part_and_belong_to_one_incident_of_a_problem() =>
        Prop.ForAll(Gen.Choose(0, 199).SelectMany(node => Gen.Choose(0, 3).SelectMany(problem => Gen.Choose(0, 600).Select(at => new Onset(Name(node), $"p{problem}", Start.AddSeconds(at))))).ListOf().ToArbitrary(), onsets =>
        {
            var found = Correlator.Find(onsets, Fleet, Rule);
            return found.All(one => one.Members.Length >= Rule.Least && one.Members.All(member =>
                    onsets.Any(onset => onset.Node == member && onset.Problem == one.Problem) && (one.Suspect is not { } part || Fleet[member].Contains(part))))
                && found.SequenceEqual(Correlator.Find(onsets.AsEnumerable().Reverse(), Fleet, Rule), Same);
        }).QuickCheckThrowOnFailure();

    private static IEqualityComparer<Found> Same { get; } = EqualityComparer<Found>.Create((one, other) =>
        one!.Problem == other!.Problem && one.Suspect == other.Suspect && one.Started == other.Started && one.Members.SequenceEqual(other.Members), found => found.Problem.GetHashCode(StringComparison.Ordinal));

    private static ImmutableArray<Found> Find(IEnumerable<int> nodes) =>
        Correlator.Find(nodes.Select((at, turn) => new Onset(Name(at), "nvidia.xid.79", Start.AddSeconds(turn % 7))), Fleet, Rule);

    private static string Name(int at) => $"n{at:000}";
}
