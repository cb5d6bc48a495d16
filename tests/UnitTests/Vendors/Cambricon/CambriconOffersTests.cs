using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;
using AIInfra.Vendors.Cambricon;

namespace AIInfra.UnitTests.Vendors.Cambricon;

public sealed class CambriconOffersTests
{
    private static readonly Device Mim = CambriconNode.Board(1, division: CambriconTraits.Mim), Smlu = CambriconNode.Board(2, division: CambriconTraits.Smlu);

    private static readonly VendorInventory Mixed = CambriconNode.Of(
        CambriconNode.Board(0), Mim, CambriconNode.Instance(Mim, 1, "2m.8gb"), CambriconNode.Instance(Mim, 2, "1m+4gb"), Smlu, CambriconNode.Instance(Smlu, 1, "10m.4gb"));

    [Fact]
    public void What_is_there_is_offered_under_the_plugins_names() => Assert.Equal(
        "cambricon.com/mlu 1, cambricon.com/mlu.mim-1m-4gb 1, cambricon.com/mlu.mim-2m.8gb 1, cambricon.com/mlu.smlu-10m.4gb 1", Offered(new CambriconOptions(), Mixed));

    [Fact]
    public void Names_go_by_the_model_where_that_is_wanted() => Assert.Equal(
        "cambricon.com/mlu270-x5k 1, cambricon.com/mlu370 1, cambricon.com/mlu590 1",
        Offered(new CambriconOptions { IsNamedByModel = true }, CambriconNode.Of(CambriconNode.Board(0, "MLU370-X8 (simulated)"), CambriconNode.Board(1, "MLU590-M9"), CambriconNode.Board(2, "MLU270-X5K"))));

    [Fact]
    public void Whole_boards_only_leaves_out_divided_ones_by_name() => Assert.Equal(
        $"cambricon.com/mlu 1\nMLU {Mim.Id} is divided by MIM, and vendors.cambricon.mode offers whole MLUs only: it is not offered. Switch MIM off, or set the mode to auto."
        + $"\nMLU {Smlu.Id} is divided by sMLU, and vendors.cambricon.mode offers whole MLUs only: it is not offered. Switch sMLU off, or set the mode to auto.",
        Offered(new CambriconOptions { Mode = CambriconMode.Whole }, Mixed));

    [Fact]
    public void Shared_boards_are_offered_several_times_under_a_name_of_their_own()
    {
        var offer = new CambriconOffers(new CambriconOptions { Mode = CambriconMode.EnvShare, Shares = 3 }).Decide(CambriconNode.Of(CambriconNode.Board(0), CambriconNode.Board(1)));

        var resource = Assert.Single(offer.Resources);
        Assert.Equal(("cambricon.com/mlu.share", 6), (resource.Name, resource.Units.Length));
        Assert.Equal([0, 1, 2], resource.Units.Take(3).Select(unit => unit.Replica));
        Assert.Equal(2, new Placement(new UnitTopology(resource.Units), resource.Placement, NicNearness.None).Choose(resource.Units.Select(unit => unit.Id), [], 2)
            .Select(id => id.Split("::")[0]).Distinct().Count()); // two shares of two boards
    }

    [Fact]
    public void A_divided_board_without_instances_and_one_of_an_unknown_profile_are_said()
    {
        var unknown = CambriconNode.Instance(Smlu, 1, "unknown");

        Assert.Equal($"\nMLU {Mim.Id} is in MIM mode and has no instance: nothing of it is offered. Make instances with the vendor's tool, or switch MIM off."
            + $"\nInstance {unknown.Id} of MLU {Smlu.Id} does not say its profile, from which its resource is named: it is not offered.",
            Offered(new CambriconOptions(), CambriconNode.Of(Mim, Smlu, unknown)));
    }

    [Fact]
    public void The_count_for_schedulers_is_offered_where_it_is_wanted_and_gives_nothing()
    {
        var options = new CambriconOptions { OffersCounts = true };
        var offer = NodeOffer.Join([new CambriconOffers(options).Decide(CambriconNode.Of(CambriconNode.Board(0), CambriconNode.Board(1)))]);

        var counts = offer.Find(CambriconOffers.CountResource)!;
        Assert.Empty(offer.Faults);
        Assert.Equal(2, counts.Units.Length);
        Assert.Equal(2, offer.Find("cambricon.com/mlu")!.Units.Length);
        Assert.Throws<AllocationRefusedException>(() => CambriconAllocatorTests.Allocator(options).Allocate(counts, counts.Units));
    }

    private static string Offered(CambriconOptions options, VendorInventory inventory)
    {
        var offer = NodeOffer.Join([new CambriconOffers(options).Decide(inventory)]);
        return string.Join(", ", offer.Resources.Select(resource => $"{resource.Name} {resource.Units.Length}")) + string.Concat(offer.Faults.Select(fault => "\n" + fault));
    }
}
