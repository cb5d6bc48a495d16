using AIInfra.Core.Devices;
using AIInfra.Core.Remediation;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Cambricon;

namespace AIInfra.FunctionalTests.Vendors;

/// <summary>What only MLUs have, on the simulated library in a child process. The table of <see cref="LibraryVendorTests"/> asks what holds for every vendor.</summary>
public sealed class CambriconVendorTests
{
    private static readonly CambriconXids Xids = new();

    [Theory]
    [InlineData(0), InlineData(1), InlineData(16), InlineData(64)]
    public async Task Any_number_of_boards_is_served(int count)
    {
        await using var rig = await StartAsync($"node mlu370-8\nmlus {count}\n");

        Assert.Equal((count, count), (rig.Now.Devices.Length, rig.Sampled));
        Assert.Equal(count, rig.Whole.DistinctBy(device => device.PciAddress).Count());
        Assert.Empty(rig.Health.Problems);
    }

    [Fact]
    public async Task Boards_that_form_a_ring_are_chosen_together_and_others_are_refused_by_a_strict_policy()
    {
        await using var rig = await StartAsync("node mlu370-8\n");
        var options = new CambriconOptions { LinkPolicy = MluLinkPolicy.Guaranteed };
        var resource = new CambriconOffers(options).Decide(rig.Now).Resources.Single();
        var placement = new Placement(new UnitTopology(resource.Units), resource.Placement, NicNearness.None) { PrefersRings = resource.PrefersRings };

        var four = placement.Choose(resource.Units.Skip(1).Select(unit => unit.Id), [], 4); // of the first ring three are left
        var chosen = resource.Units.Where(unit => four.Contains(unit.Id)).ToArray();

        Assert.Equal([4, 5, 6, 7], chosen.Select(unit => unit.First.Index));
        Assert.True(RingCount.Of([.. chosen.Select(unit => unit.First)], 9) >= 2);
        Assert.Equal(0, RingCount.Of([.. resource.Units.Skip(1).Take(4).Select(unit => unit.First)], 1));
    }

    [Fact]
    public async Task A_lost_board_is_reset_by_the_library_and_one_that_is_used_or_does_not_come_back_is_not()
    {
        await using var rig = await StartAsync("node mlu370-8\n");
        var board = rig.Whole[3];
        Assert.Equal(CambriconTraits.ByLibrary, board.Traits[CambriconTraits.Reset]);

        rig.Inject("mlu 3 process 4711 1024");
        var used = await rig.ResetAsync(board);
        rig.Inject("mlu 3 process 4711 ends");
        rig.Inject("mlu 3 reset fails");
        var failed = await rig.ResetAsync(board);
        rig.Inject("mlu 3 reset works");
        rig.Inject("mlu 3 lost");
        await rig.UntilAsync(() => rig.Sampled == 7);
        var done = await rig.ResetAsync(board);

        Assert.Equal((ActionOutcome.NotPossible, ActionOutcome.Failed, ActionOutcome.Done), (used.Outcome, failed.Outcome, done.Outcome));
        Assert.Contains("cndevResetDevice answered 15: somebody uses the board", used.Says, StringComparison.Ordinal);
        Assert.Contains("did not come back within the 120 s", failed.Says, StringComparison.Ordinal);
        await rig.UntilAsync(() => rig.Sampled == 8);
    }

    [Fact]
    public async Task Instances_come_and_go_as_they_are_made()
    {
        await using var rig = await StartAsync("node mlu370-8\n");
        var board = rig.Whole[3];

        rig.Inject("mlu 3 mim on");
        rig.Inject("mlu 3 mim create 2m.16gb");
        await rig.UntilAsync(() => rig.Now.Devices.Length == 9);
        var part = rig.Now.Devices.Single(device => device.ParentId is not null);
        Assert.Equal((board.Id, "cambricon.com/mlu.mim-2m.16gb"), (part.ParentId, part.ResourceName));
        Assert.Contains("cambricon-caps/cap_dev3_mi1", part.DeviceNodes);
        await rig.UntilAsync(() => new CambriconOffers(new CambriconOptions()).Decide(rig.Now).Resources.Select(resource => $"{resource.Name} {resource.Units.Length}")
            .SequenceEqual(["cambricon.com/mlu 7", "cambricon.com/mlu.mim-2m.16gb 1"]));

        rig.Inject("mlu 3 mim 0 destroy");
        rig.Inject("mlu 3 mim off");
        await rig.UntilAsync(() => rig.Now.Devices.Length == 8 && new CambriconOffers(new CambriconOptions()).Decide(rig.Now).Faults.IsEmpty);
    }

    [Fact]
    public async Task Shares_by_quota_tell_their_own_memory()
    {
        await using var rig = await StartAsync("node mlu590-8\n");

        rig.Inject("mlu 0 smlu on");
        rig.Inject("mlu 0 smlu create 20 4096");
        await rig.UntilAsync(() => rig.Now.Devices.Length == 9);
        var part = rig.Now.Devices.Single(device => device.ParentId is not null);
        await rig.UntilAsync(() => rig.Reading(part, "memory_total_bytes").IsPresent);

        Assert.Equal(4096.0 * (1 << 20), rig.Reading(part, "memory_total_bytes").Value);
        Assert.StartsWith("cambricon.com/mlu.smlu-", part.ResourceName, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_Xid_is_told_within_the_round_and_its_board_stays_in()
    {
        await using var rig = await StartAsync("node mlu370-8\n");
        await Task.Delay(TimeSpan.FromMilliseconds(500), TestContext.Current.CancellationToken); // what happened before the registration is not kept

        rig.Inject("mlu 2 xid 43");
        await rig.UntilAsync(() => rig.Health.Problems.Any(problem => problem.Id == CambriconRules.XidId));

        var problem = rig.Health.Problems.Single(problem => problem.Id == CambriconRules.XidId);
        Assert.Equal(rig.Whole[2].Id, problem.Subject.Id);
        Assert.Contains("0x000000000000002b", problem.Evidence[0], StringComparison.Ordinal);
        Assert.True(rig.Health.IsHealthy(rig.Whole[2]));
        await rig.UntilAsync(() => rig.Reading(rig.Whole[2], "last_xid") is { IsPresent: true, Value: 43 });
    }

    [Theory]
    [InlineData("heartbeat stops", CambriconHeartbeats.Id, "heartbeat goes")]
    [InlineData("compute-mode 2", CambriconRules.ProhibitedId, "compute-mode 0")]
    [InlineData("remap pending", "cambricon.row-remap-pending", "reset")]
    [InlineData("ecc uncorrected 1", "cambricon.double-bit-error", "reset")]
    [InlineData("link 0 down", "cambricon.mlulink-down", "link 0 up")]
    [InlineData("incident PCIE_WIDTH warn", "cambricon.pcie-width", "incident PCIE_WIDTH over")]
    public async Task Faults_of_the_timeline_come_and_go(string fault, string problem, string cure)
    {
        await using var rig = await StartAsync("node mlu590-8\n");

        rig.Inject($"mlu 1 {fault}");
        await rig.UntilAsync(() => rig.Health.Problems.Any(one => one.Id == problem && one.Subject.Id == rig.Whole[1].Id));
        rig.Inject($"mlu 1 {cure}");
        await rig.UntilAsync(() => !rig.Health.Problems.Any(one => one.Id == problem && one.Subject.Id == rig.Whole[1].Id));
    }

    [Theory]
    [InlineData("lies enum"), InlineData("lies absurd"), InlineData("lies duplicate-uuid"), InlineData("lies empty"), InlineData("lies size")]
    public async Task A_board_that_lies_leaves_the_others_alone(string command)
    {
        await using var rig = await StartAsync($"node mlu370-8\nat 0s mlu 2 {command}\n");

        Assert.All(rig.Whole.Where(device => device.NodeName is not ("cambricon_dev2" or "cambricon_dev3")), device => Assert.True(rig.Health.IsHealthy(device)));
        Assert.True(rig.Whole.Length >= 7);
        Assert.Equal(rig.Whole.Length, rig.Whole.DistinctBy(device => device.Id).Count());
        Assert.All(rig.Whole, device => Assert.True(!rig.Reading(device, "temperature_celsius").IsPresent || rig.Reading(device, "temperature_celsius").Value is > -60 and < 250));
    }

    [Fact]
    public async Task A_library_with_few_functions_serves_what_it_has()
    {
        await using var rig = await StartAsync("node mlu370-8\n", "partial");

        Assert.Equal((VendorState.Ready, 8, 8), (rig.Now.State, rig.Whole.Length, rig.Sampled));
        Assert.Empty(rig.Health.Problems);
    }

    [Theory]
    [InlineData("old", "does not know version 6 of its interface")]
    [InlineData("broken", "cndevInit answered")]
    public async Task A_library_that_cannot_be_used_says_why(string build, string why)
    {
        await using var rig = await StartAsync("node mlu370-8\n", build);

        Assert.NotEqual(VendorState.Ready, rig.Now.State);
        Assert.Contains(why, rig.Now.Reason, StringComparison.Ordinal);
    }

    private static Task<LibraryVendorRig> StartAsync(string scenario, string build = "") => LibraryVendorRig.StartAsync(CambriconSetup.Definition(Xids), scenario, build);
}
