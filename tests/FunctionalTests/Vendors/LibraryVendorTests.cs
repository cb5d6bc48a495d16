using AIInfra.Core.Devices;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Ascend;
using AIInfra.Vendors.Cambricon;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.FunctionalTests.Vendors;

/// <summary>What holds for every vendor with a library: one row a vendor and node.</summary>
public sealed class LibraryVendorTests
{
    /// <param name="Node">Of the simulator.</param>
    /// <param name="Kind">The simulator's word for its boards.</param>
    /// <param name="Fault">A command that makes a board unhealthy.</param>
    /// <param name="Problem">The problem that it raises.</param>
    /// <param name="Cure">A command that ends it.</param>
    /// <param name="Field">A reading that every board has.</param>
    public sealed record Row(string Vendor, string Node, int Count, string Kind, string Fault, string Problem, string Cure, string Field)
    {
        public override string ToString() => $"{Vendor} {Node}";

        internal VendorDefinition Definition => Vendor switch
        {
            "nvidia" => new VendorDefinition("nvidia", "libnvidia-ml.so.1", NvidiaFields.Table, new NvidiaRules(NvidiaXidTable.Embedded, () => TimeSpan.FromHours(1)), new PciFamily("0x10de", ["0x0302"], "nvidia")),
            "cambricon" => CambriconSetup.Definition(new CambriconXids()),
            _ => AscendSetup.Definition,
        };
    }

    public static TheoryData<Row> Vendors => new(
        new Row("nvidia", "dgx-h100", 8, "gpu", "lost", "nvidia.gpu-lost", "reset", "temperature_celsius"),
        new Row("ascend", "ascend910b-8", 8, "npu", "fault 0x80E18402", "ascend.80E18402", "fault 0x80E18402 cleared", "temperature_celsius"),
        new Row("ascend", "ascend910-8", 8, "npu", "lost", "ascend.40F84E00", "reset", "power_watts"),
        new Row("ascend", "ascend910c-16", 16, "npu", "fault 0x80C78008", "ascend.80C78008", "fault 0x80C78008 cleared", "memory_total_bytes"),
        new Row("ascend", "ascend310p-4", 4, "npu", "health 3", "ascend.unhealthy", "health 0", "memory_total_bytes"),
        new Row("ascend", "ascend310-8", 8, "npu", "fault 0x80E18402", "ascend.80E18402", "fault 0x80E18402 cleared", "temperature_celsius"),
        new Row("cambricon", "mlu370-8", 8, "mlu", "incident MLULINK_DOWN fail", "cambricon.mlulink-down", "incident MLULINK_DOWN over", "utilization_ratio"),
        new Row("cambricon", "mlu590-8", 8, "mlu", "lost", "cambricon.lost", "reset", "power_watts"),
        new Row("cambricon", "mlu290-8", 8, "mlu", "health bad", "cambricon.health", "health by-faults", "temperature_celsius"),
        new Row("cambricon", "mixed", 2, "mlu", "driver-state 7", "cambricon.driver-state", "driver-state 4", "memory_total_bytes"));

    [Theory, MemberData(nameof(Vendors))]
    public async Task All_boards_are_listed_read_and_healthy_and_say_that_they_are_simulated(Row row)
    {
        await using var rig = await LibraryVendorRig.StartAsync(row.Definition, $"node {row.Node}\n");

        Assert.Equal((VendorState.Ready, row.Count, row.Count, true), (rig.Now.State, rig.Whole.Length, rig.Sampled, rig.Now.IsSimulated));
        Assert.Equal(row.Count, rig.Whole.DistinctBy(device => device.Id).Count());
        Assert.All(rig.Whole, device => Assert.True(rig.Reading(device, row.Field).IsPresent));
        Assert.Empty(rig.Health.Problems);
    }

    [Theory, MemberData(nameof(Vendors))]
    public async Task Ids_are_the_same_in_the_next_process(Row row)
    {
        await using var one = await LibraryVendorRig.StartAsync(row.Definition, $"node {row.Node}\n");
        await using var other = await LibraryVendorRig.StartAsync(row.Definition, $"node {row.Node}\n");

        Assert.Equal(one.Whole.Select(device => device.Id), other.Whole.Select(device => device.Id));
    }

    [Theory, MemberData(nameof(Vendors))]
    public async Task A_fault_takes_its_board_out_and_the_cure_brings_it_back(Row row)
    {
        await using var rig = await LibraryVendorRig.StartAsync(row.Definition, $"node {row.Node}\n");
        var board = rig.Whole[1];

        rig.Inject($"{row.Kind} 1 {row.Fault}");
        await rig.UntilAsync(() => !rig.Health.IsHealthy(board));

        Assert.Contains(rig.Health.Problems, problem => problem.Id == row.Problem && problem.Subject.Id == board.Id);
        Assert.All(rig.Whole.Where(other => other.Id != board.Id), other => Assert.True(rig.Health.IsHealthy(other)));

        rig.Inject($"{row.Kind} 1 {row.Cure}");
        await rig.UntilAsync(() => rig.Health.IsHealthy(board) && rig.Reading(board, row.Field).IsPresent);
    }

    [Theory, MemberData(nameof(Vendors))]
    public async Task A_board_that_hangs_costs_only_itself_until_its_call_returns(Row row)
    {
        await using var rig = await LibraryVendorRig.StartAsync(row.Definition, $"node {row.Node}\n");
        var board = rig.Whole[1];

        rig.Inject($"{row.Kind} 1 hang");
        await rig.HangAsync();

        await rig.UntilAsync(() => rig.Sampled == row.Count - 1);
        Assert.Contains(rig.Health.Problems, problem => problem.Id == "vendor.device-hung" && problem.Subject.Id == board.Id);
        Assert.All(rig.Whole.Where(other => other.Id != board.Id), other => Assert.True(rig.Health.IsHealthy(other)));

        rig.Inject($"{row.Kind} 1 unhang");
        await rig.UntilAsync(() => rig.Sampled == row.Count && rig.Health.IsHealthy(board));
    }

    [Theory, MemberData(nameof(Vendors))]
    public async Task A_crash_of_the_library_is_told_and_outlived(Row row)
    {
        await using var rig = await LibraryVendorRig.StartAsync(row.Definition, $"node {row.Node}\n");

        rig.Inject("segv");
        await rig.UntilAsync(() => rig.Health.Problems.Any(problem => problem.Id == "vendor.crashed"));
        await rig.RestartAsync();

        Assert.Equal(row.Count, rig.Sampled);
        Assert.All(rig.Whole, device => Assert.True(rig.Health.IsHealthy(device)));
    }

    [Theory, MemberData(nameof(Vendors))]
    public async Task A_board_that_is_taken_out_stays_listed_unhealthy_until_it_is_back(Row row)
    {
        await using var rig = await LibraryVendorRig.StartAsync(row.Definition, $"node {row.Node}\n");
        var board = rig.Whole[1];

        rig.Inject($"{row.Kind} 1 remove");
        await rig.UntilAsync(() => !rig.Health.IsHealthy(board) && rig.Sampled == row.Count - 1); // gone, or lost where its card is still listed
        Assert.Equal(row.Count, rig.Whole.Length);

        rig.Inject($"{row.Kind} 1 add");
        await rig.UntilAsync(() => rig.Sampled == row.Count && rig.Health.IsHealthy(board));
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(16), InlineData(64)]
    public async Task Any_number_of_NPUs_is_served(int count)
    {
        await using var rig = await LibraryVendorRig.StartAsync(AscendSetup.Definition, $"node ascend910b-8\nnpus {count}\n");

        Assert.Equal((VendorState.Ready, count, count), (rig.Now.State, rig.Whole.Length, rig.Sampled));
        Assert.Equal(count, rig.Whole.DistinctBy(device => device.Id).Count());
        Assert.Equal(count, new AscendOffers().Decide(rig.Now).Resources.Sum(resource => resource.Units.Length));
    }

    [Theory]
    [InlineData("old"), InlineData("partial"), InlineData("v2")]
    public async Task An_Ascend_library_with_fewer_or_other_functions_serves_what_it_has(string build)
    {
        await using var rig = await LibraryVendorRig.StartAsync(AscendSetup.Definition, "node ascend910b-8\n", build);

        Assert.Equal((VendorState.Ready, 8, 8), (rig.Now.State, rig.Whole.Length, rig.Sampled));
        Assert.All(rig.Whole, device => Assert.StartsWith("huawei.com/Ascend910", device.ResourceName, StringComparison.Ordinal));
        Assert.Empty(rig.Health.Problems);
    }

    [Theory]
    [InlineData("lies enum"), InlineData("lies absurd"), InlineData("lies duplicate-uuid"), InlineData("lies empty")]
    public async Task A_chip_that_lies_leaves_the_others_alone(string command)
    {
        await using var rig = await LibraryVendorRig.StartAsync(AscendSetup.Definition, $"node ascend910b-8\nat 0s npu 2 {command}\n");

        Assert.All(rig.Whole.Where(device => device.Traits.GetValueOrDefault("phy-id") is not ("2" or "3")), device => Assert.True(rig.Health.IsHealthy(device)));
        Assert.True(rig.Whole.Length >= 7);
        Assert.Equal(rig.Whole.Length, rig.Whole.DistinctBy(device => device.Id).Count());
        Assert.All(rig.Whole, device => Assert.True(!rig.Reading(device, "temperature_celsius").IsPresent || rig.Reading(device, "temperature_celsius").Value is > -60 and < 250));
    }

    [Fact]
    public async Task Virtual_NPUs_come_and_go_as_they_are_made()
    {
        await using var rig = await LibraryVendorRig.StartAsync(AscendSetup.Definition, "node ascend910-8\n");
        var chip = rig.Whole[3];

        rig.Inject("npu 3 vnpu create vir02");
        await rig.UntilAsync(() => rig.Now.Devices.Length == 9);
        var part = rig.Now.Devices.Single(device => device.ParentId is not null);
        Assert.Equal((chip.Id, "huawei.com/Ascend910-2c"), (part.ParentId, part.ResourceName));
        Assert.Equal(["huawei.com/Ascend910", "huawei.com/Ascend910-2c"], new AscendOffers().Decide(rig.Now).Resources.Select(resource => resource.Name));
        await rig.UntilAsync(() => rig.Reading(part, "memory_total_bytes").IsPresent);

        rig.Inject("npu 3 vnpu 0 destroy"); // by its place on the chip
        await rig.UntilAsync(() => rig.Now.Devices.Length == 8);
    }

    [Fact]
    public async Task A_library_that_refuses_to_start_says_why()
    {
        await using var rig = await LibraryVendorRig.StartAsync(AscendSetup.Definition, "node ascend910b-8\n", "broken");

        Assert.NotEqual(VendorState.Ready, rig.Now.State);
        Assert.Contains("dcmi_init answered", rig.Now.Reason, StringComparison.Ordinal);
    }
}
