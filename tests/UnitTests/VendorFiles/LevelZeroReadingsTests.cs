using AIInfra.Core.Cdi;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;
using AIInfra.Vendors.Intel;
using AIInfra.Vendors.Intel.LevelZero;

namespace AIInfra.UnitTests.VendorFiles;

/// <summary>What Level Zero tells beside an Intel GPU's files, in the daemon: what it fills up, and what becomes of it when it is silent.</summary>
public sealed class LevelZeroReadingsTests
{
    private static readonly FieldTable Fields = IntelFields.Table;
    private readonly LevelZeroReadings _levelZero = new();

    private void Say(string id, params (string Field, Reading Value)[] values)
    {
        var readings = new Reading[Fields.Count];
        foreach (var (field, value) in values)
            readings[Fields[field]] = value;
        _levelZero.Samples.Publish(new VendorSample(Fields, [new DeviceSample(id, readings, 0)]));
    }

    private void Know(params Device[] gpus) =>
        _levelZero.Inventory.Publish(new VendorInventory { Vendor = "intel-levelzero", State = VendorState.Ready, Devices = [.. gpus] });

    [Fact]
    public async Task It_fills_what_files_leave_out_and_what_they_tell_stays()
    {
        using var rig = new VendorRig("intel", "b60-2", levelZero: _levelZero);
        Say(rig.Boards[1].Address, ("utilization_ratio", Reading.Of(0.25)), ("temperature_celsius", Reading.Of(99)), ("memory_health", Reading.Unknown));
        await rig.RoundAsync();

        Assert.Equal(0.25, rig.Reading(rig.Whole[1], "utilization_ratio").Value);
        Assert.Equal(52, rig.Reading(rig.Whole[1], "temperature_celsius").Value);
        Assert.Equal(ReadingState.Unknown, rig.Reading(rig.Whole[1], "memory_health").State);
        Assert.Equal(ReadingState.Absent, rig.Reading(rig.Whole[0], "utilization_ratio").State);
    }

    [Fact]
    public async Task While_it_is_silent_what_it_told_is_unknown_and_the_files_go_on()
    {
        using var rig = new VendorRig("intel", "b60-2", levelZero: _levelZero);
        Say(rig.Boards[1].Address, ("utilization_ratio", Reading.Of(0.25)));
        await rig.RoundAsync();
        _levelZero.Samples.Publish(new VendorSample(Fields, []));
        await rig.NextAsync();

        Assert.Equal(ReadingState.Unknown, rig.Reading(rig.Whole[1], "utilization_ratio").State);
        Assert.Equal(ReadingState.Absent, rig.Reading(rig.Whole[1], "memory_health").State);
        Assert.Equal(52, rig.Reading(rig.Whole[1], "temperature_celsius").Value);
        Assert.All(rig.Whole, gpu => Assert.True(rig.IsHealthy(gpu)));
    }

    [Fact]
    public async Task Xe_links_become_links_of_the_GPUs_when_they_are_told()
    {
        using var rig = new VendorRig("intel", "max1550-2", levelZero: _levelZero);
        await rig.RoundAsync();
        Assert.DoesNotContain(rig.Whole.SelectMany(gpu => gpu.Links), link => link.Kind == LinkKind.Direct);

        var ids = rig.Whole.Select(gpu => gpu.Id).ToArray();
        Know([.. ids.Select(id => rig.Whole[0] with { Id = id, Links = [.. ids.Where(peer => peer != id).Select(peer => new DeviceLink(peer, LinkKind.Direct, 2))] })]);
        await rig.NextAsync();

        Assert.All(rig.Whole, gpu => Assert.Equal((LinkKind.Direct, 2), (gpu.Links.Single().Kind, gpu.Links.Single().Count)));
    }

    [Fact]
    public async Task A_round_that_says_nothing_new_publishes_the_same_readings()
    {
        using var rig = new VendorRig("generic", "edgetpu-2");
        await rig.RoundAsync();
        var first = rig.Samples.Current.Value.Vendors.Single().Devices.Select(device => device.Readings).ToArray();
        await rig.NextAsync();

        Assert.Equal(first, rig.Samples.Current.Value.Vendors.Single().Devices.Select(device => device.Readings), ReferenceEqualityComparer.Instance);
    }

    [Fact]
    public async Task By_CDI_a_GPU_is_given_by_its_name_and_the_specs_have_its_nodes_and_links()
    {
        var options = new IntelOptions { UsesCdi = true };
        using var rig = new VendorRig("intel", "max1550-2", intel: options);
        await rig.RoundAsync();

        var offer = new IntelCdiSource(options).Describe(rig.Now);
        var own = offer.Specs.Single(kind => kind.IsOwn).Spec;

        Assert.Equal([IntelCdiSource.OwnKind, IntelCdiSource.CommonKind], offer.Specs.Select(kind => kind.Spec.Kind));
        Assert.Equal([rig.Whole[0].Id, "card100", rig.Whole[1].Id, "card101"], own.Devices.Select(device => device.Name));
        Assert.Equal(["/dev/dri/renderD228", "/dev/dri/card100"], own.Devices[0].ContainerEdits.DeviceNodes.Select(node => node.Path));
        Assert.All(own.Devices[0].ContainerEdits.Mounts, mount => Assert.StartsWith($"/dev/dri/by-path/pci-{rig.Whole[0].Id}-", mount.HostPath, StringComparison.Ordinal));
        Assert.Equal($"{IntelCdiSource.OwnKind}={rig.Whole[1].Id}", offer.Names[rig.Whole[1].Id]);
    }
}
