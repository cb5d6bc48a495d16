using AIInfra.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace AIInfra.FunctionalTests.Aggregator;

/// <summary>Random histories of a fleet against a ledger on a real database, beside an account of the same fleet in memory.</summary>
[Collection(Databases.Collection)]
public sealed class GrantModelTests(Databases databases) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.Exists("/dev/shm") ? Directory.CreateDirectory($"/dev/shm/aifleet-{Guid.NewGuid():N}") : Directory.CreateTempSubdirectory("aifleet-");
    private int _runs;

    private static readonly Arbitrary<List<Turn>> Histories = Arb.From(
        Gen.Frequency(
            (30, Gen.Constant(Act.Ask)), (3, Gen.Constant(Act.AskOther)), (6, Gen.Constant(Act.Renew)), (10, Gen.Constant(Act.Release)), (16, Gen.Constant(Act.Hear)), (4, Gen.Constant(Act.Leave)),
            (5, Gen.Constant(Act.Return)), (3, Gen.Constant(Act.Cordon)), (4, Gen.Constant(Act.Uncordon)), (5, Gen.Constant(Act.Begin)), (4, Gen.Constant(Act.Finish)), (8, Gen.Constant(Act.Advance)),
            (4, Gen.Constant(Act.AdvanceFar)), (1, Gen.Constant(Act.Pause)), (3, Gen.Constant(Act.Resume)), (3, Gen.Constant(Act.CloseBreaker)), (1, Gen.Constant(Act.Restart)))
        .SelectMany(act => Gen.Choose(0, 15).SelectMany(node => Gen.Choose(0, 1000).Select(by => new Turn(act, node, by)))).ListOf(60).Select(turns => turns.ToList()),
        turns => Enumerable.Range(0, turns.Count).Reverse().Select(cut => turns.Where((_, at) => at != cut).ToList())); // a failing history is told without the turns that do not matter

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void No_budget_is_exceeded_and_each_answer_has_a_reason_that_holds() =>
        Prop.ForAll(Histories, turns => Told(Run(turns, PlantedGrantBug.Nothing, OnFile()))).Check(Config.QuickThrowOnFailure.WithMaxTest(150).WithQuietOnSuccess(true));

    [Fact]
    public async Task The_same_on_a_server()
    {
        var connections = new Queue<string>();
        for (var at = 0; at < 12; at++)
            connections.Enqueue(await databases.MakeAsync());
        foreach (var turns in Gen.Sample(Histories.Generator, connections.Count, 60))
            Assert.Null(Run(turns, PlantedGrantBug.Nothing, connections.Dequeue()));
    }

    [Theory]
    [InlineData(PlantedGrantBug.OffByOneBudget, "the rack's budget")]
    [InlineData(PlantedGrantBug.OffByOneShare, "the fleet's budget")]
    [InlineData(PlantedGrantBug.RateIgnored, "the rate")]
    [InlineData(PlantedGrantBug.LostIgnored, "budget")]
    [InlineData(PlantedGrantBug.BreakerIgnored, "the breaker")]
    [InlineData(PlantedGrantBug.ShorterLifetime, "")]
    public void A_planted_bug_is_noticed(PlantedGrantBug bug, string says) =>
        Assert.Contains(Gen.Sample(Histories.Generator, 60, 60).Select(turns => Run(turns, bug, OnFile())), broken => broken?.Contains(says, StringComparison.Ordinal) == true);

    private string OnFile() => $"Data Source={Path.Combine(_folder.FullName, $"{Interlocked.Increment(ref _runs)}.db")}";

    private static string? Run(List<Turn> turns, PlantedGrantBug bug, string connection)
    {
        var time = new ManualTime();
        var model = new GrantModel(TestFleet.Open(connection, GrantModel.Policy(bug), time), () => TestFleet.Open(connection, GrantModel.Policy(bug), time));
        return model.RunAsync(turns).GetAwaiter().GetResult();
    }

    private static bool Told(string? broken) => broken is null ? true : throw new InvalidOperationException(broken);
}
