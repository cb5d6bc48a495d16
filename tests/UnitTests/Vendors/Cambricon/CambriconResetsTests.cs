using AIInfra.Core.Devices;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Cambricon;

namespace AIInfra.UnitTests.Vendors.Cambricon;

public sealed class CambriconResetsTests
{
    private static readonly LibraryReset Library = new(new VendorHostLauncher("/nowhere/agent", []), "cambricon", new VendorOptions { Library = "libcndev.so" }, TimeProvider.System);
    private static readonly CambriconResets Resets = new(new CambriconOptions { ResetCommand = ["cnmon", "verb", "-c", "{card}"] }, Library), ByLibrary = new(new CambriconOptions(), Library);

    private static Device Resettable(Device board) => board with { PciAddress = $"0000:0{board.Index}:00.0", Traits = board.Traits.SetItem(CambriconTraits.Reset, CambriconTraits.ByLibrary) };

    [Fact]
    public void Without_a_call_of_the_library_and_a_command_of_the_operators_nothing_is_reset_and_it_is_said_how_it_could_be() =>
        Assert.Contains("set vendors.cambricon.resetCommand", ByLibrary.Plan(CambriconNode.Board(0), CambriconNode.Of(CambriconNode.Board(0))).WhyNot, StringComparison.Ordinal);

    [Fact]
    public void The_library_resets_each_board_of_the_group_by_its_address_where_no_command_is_set()
    {
        Device[] ring = [.. CambriconNode.Ring(4, 1).Select(Resettable)];

        var plan = ByLibrary.Plan(ring[2], CambriconNode.Of(ring));

        Assert.Equal(["0000:00:00.0", "0000:01:00.0", "0000:02:00.0", "0000:03:00.0"], plan.Moves.Cast<LibraryMove>().Select(move => move.PciAddress));
        Assert.IsType<CommandMove>(Resets.Plan(ring[2], CambriconNode.Of(ring)).Moves[0]);
        Assert.NotNull(ByLibrary.Plan(ring[2], CambriconNode.Of([.. ring[..3], CambriconNode.Ring(4, 1)[3]])).WhyNot); // one of them cannot
    }

    [Fact]
    public async Task Where_the_child_cannot_be_started_nothing_was_done()
    {
        var result = await Library.RunAsync("0000:00:00.0", TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);

        Assert.Equal(ActionOutcome.NotPossible, result.Outcome);
        Assert.Contains("/nowhere/agent", result.Says, StringComparison.Ordinal);
    }

    [Fact]
    public void All_that_MLU_Link_joins_is_reset_together_one_command_a_card()
    {
        var ring = CambriconNode.Ring(4, 1);
        var inventory = CambriconNode.Of([.. ring, CambriconNode.Board(4)]);

        var plan = Resets.Plan(ring[2], inventory);

        Assert.Equal([0, 1, 2, 3], plan.Group.Select(device => device.Index));
        Assert.Equal(["cnmon verb -c 0", "cnmon verb -c 1", "cnmon verb -c 2", "cnmon verb -c 3"], plan.Moves.Cast<CommandMove>().Select(move => $"{move.Program} {string.Join(' ', move.Arguments)}"));
        Assert.Equal([4], Resets.Plan(inventory.Devices[4], inventory).Group.Select(device => device.Index));
    }

    [Fact]
    public void Chips_of_one_card_are_reset_together_with_what_is_linked_to_either()
    {
        var (first, second, peer) = (CambriconNode.Board(0) with { Serial = "77" }, CambriconNode.Board(1, links: (2, 1)) with { Serial = "77" }, CambriconNode.Board(2, links: (1, 1)));

        Assert.Equal([0, 1, 2], Resets.Plan(first, CambriconNode.Of(first, second, peer)).Group.Select(device => device.Index));
    }

    [Fact]
    public void A_divided_card_is_not_reset()
    {
        var board = CambriconNode.Board(0, division: CambriconTraits.Mim);

        Assert.Contains("is divided", Resets.Plan(board, CambriconNode.Of(board, CambriconNode.Instance(board, 1, "2m.8gb"))).WhyNot, StringComparison.Ordinal);
    }
}
