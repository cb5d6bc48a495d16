using AIInfra.Core.Hosting;

namespace AIInfra.UnitTests.Hosting;

public sealed class WorkerBoardTests
{
    private readonly WorkerBoard _board = new();

    [Fact]
    public void One_part_that_is_not_ready_makes_the_daemon_not_ready_until_it_is_or_is_gone()
    {
        Assert.True(_board.IsReady);

        _board.Ready("kubelet");
        _board.NotReady("state", "The disk is full.");
        Assert.False(_board.IsReady);
        Assert.Equal("The disk is full.", _board.Parts["state"].Detail);

        _board.Remove("state");
        Assert.True(_board.IsReady);
    }

    [Fact]
    public void Saying_the_same_again_changes_nothing()
    {
        _board.NotReady("state", "The disk is full.");
        var parts = _board.Parts;

        _board.NotReady("state", "The disk is full.");

        Assert.Same(parts, _board.Parts);
    }

    [Fact]
    public void Parts_are_in_the_order_of_their_names()
    {
        _board.Ready("b");
        _board.Ready("B");
        _board.Ready("a");

        Assert.Equal(["B", "a", "b"], _board.Parts.Keys);
    }
}
