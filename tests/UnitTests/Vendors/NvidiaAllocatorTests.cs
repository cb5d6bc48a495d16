using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Cdi;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;
using AIInfra.Testing;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.UnitTests.Vendors;

public sealed class NvidiaAllocatorTests
{
    private const string Visible = "NVIDIA_VISIBLE_DEVICES", Mounts = "/var/run/nvidia-container-devices";

    private static readonly VendorInventory Node = NvidiaNode.Of(null, null, "1g.10gb,1g.10gb");
    private static readonly ImmutableArray<Device> Boards = [.. Node.Devices.Take(2)];
    private static readonly Device Partition = Node.Devices[4];
    private static readonly NvidiaHostView Bare = new(
        new[] { "nvidia0", "nvidia1", "nvidia2", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-caps-imex-channels/channel0" }.ToFrozenSet(),
        new Dictionary<string, int> { ["gpu2/mig/gi8/access"] = 30, ["gpu2/mig/gi8/ci0/access"] = 31 }.ToFrozenDictionary(), null);
    private static readonly NvidiaHostView Hooked = Bare with { Hook = "usr/bin/nvidia-container-runtime" };
    private static readonly CdiNames Named = CdiNames.None with
    {
        Devices = Node.Devices.ToFrozenDictionary(device => device.Id, device => $"k8s.device-plugin.nvidia.com/gpu={device.Id}"),
        Extras = new Dictionary<string, string> { ["gds"] = "k8s.device-plugin.nvidia.com/gds=all", ["imex-channel.0"] = "k8s.device-plugin.nvidia.com/imex-channel=0" }.ToFrozenDictionary(),
    };

    [Fact]
    public void The_variable_names_the_uuids_in_the_order_of_the_inventory()
    {
        var spec = Allocate(Lists(DeviceListStrategy.EnvVar), Boards);

        Assert.Equal([new(Visible, $"{NvidiaNode.Gpu(0)},{NvidiaNode.Gpu(1)}")], spec.Environment);
        Assert.Empty(spec.DeviceNodes);
        Assert.Empty(spec.Mounts);
        Assert.Empty(spec.Annotations);
        Assert.Empty(spec.CdiDevices);
    }

    [Fact]
    public void Devices_go_by_index_where_that_is_asked_for_or_where_they_have_no_uuid()
    {
        Assert.Equal("0,2:1", Allocate(Lists(DeviceListStrategy.EnvVar) with { AreIdsIndexes = true }, [Boards[0], Partition]).Environment[Visible]);
        Assert.Equal($"{NvidiaNode.Gpu(0)},1", Allocate(Lists(DeviceListStrategy.EnvVar), [Boards[0], Boards[1] with { Id = "0000:1c:00.0" }]).Environment[Visible]);
    }

    [Fact]
    public void Two_replicas_of_one_device_are_that_device_once()
    {
        var unit = new OfferedUnit { Id = $"{Boards[0].Id}::0", Devices = [Boards[0]], Replica = 0 };
        ImmutableArray<OfferedUnit> units = [unit, unit with { Id = $"{Boards[0].Id}::1", Replica = 1 }];

        var spec = new NvidiaAllocator(Lists(DeviceListStrategy.EnvVar), () => Bare, () => CdiNames.None)
            .Allocate(new OfferedResource { Name = "nvidia.com/gpu", Units = units }, units);

        Assert.Equal(NvidiaNode.Gpu(0), spec.Environment[Visible]);
    }

    [Fact]
    public void Volume_mounts_name_each_device_in_a_path_that_a_pod_cannot_ask_for()
    {
        var spec = Allocate(Lists(DeviceListStrategy.EnvVar, DeviceListStrategy.VolumeMounts) with { ImexChannels = [0] }, Boards);

        Assert.Equal(Mounts, spec.Environment[Visible]);
        Assert.Equal(
            [$"/dev/null {Mounts}/{NvidiaNode.Gpu(0)}", $"/dev/null {Mounts}/{NvidiaNode.Gpu(1)}", $"/dev/null {Mounts}/imex/0"],
            spec.Mounts.Select(mount => $"{mount.HostPath} {mount.ContainerPath}"));
        Assert.All(spec.Mounts, mount => Assert.False(mount.IsReadOnly));
    }

    [Fact]
    public void Cdi_names_go_by_field_and_by_annotation()
    {
        string[] names = [.. Boards.Select(board => $"k8s.device-plugin.nvidia.com/gpu={board.Id}")];

        var field = Allocate(Lists(DeviceListStrategy.CdiCri), Boards, cdi: Named);
        Assert.Equal(names, field.CdiDevices);
        Assert.Empty(field.Environment);
        Assert.Empty(field.DeviceNodes);

        var both = Allocate(Lists(DeviceListStrategy.CdiAnnotations, DeviceListStrategy.CdiCri) with { CdiAnnotationPrefix = "nvidia.cdi.k8s.io/" }, Boards, cdi: Named);
        Assert.Equal(names, both.CdiDevices);
        var (key, value) = Assert.Single(both.Annotations);
        Assert.Matches("^nvidia\\.cdi\\.k8s\\.io/aiinfra-agent_[0-9a-f]{24}$", key);
        Assert.Equal(string.Join(',', names), value);
        Assert.NotEqual(key, Assert.Single(Allocate(Lists(DeviceListStrategy.CdiAnnotations) with { CdiAnnotationPrefix = "nvidia.cdi.k8s.io/" }, [Partition], cdi: Named).Annotations).Key);
    }

    [Fact]
    public void What_the_plugin_adds_is_added_as_variables_and_as_cdi_devices()
    {
        var options = Lists(DeviceListStrategy.CdiCri) with { HasGds = true, HasMofed = true, HasGdrCopy = true, ImexChannels = [0] };

        var spec = Allocate(options, [Boards[0]], cdi: Named);

        Assert.Equal(["NVIDIA_GDRCOPY=enabled", "NVIDIA_GDS=enabled", "NVIDIA_MOFED=enabled"], spec.Environment.Select(entry => $"{entry.Key}={entry.Value}"));
        Assert.Equal([Named.Devices[Boards[0].Id], Named.Extras["imex-channel.0"], Named.Extras["gds"]], spec.CdiDevices);
    }

    [Fact]
    public void Without_a_cdi_name_the_pod_is_refused_with_the_reason_unless_there_is_another_way()
    {
        var absent = CdiNames.None with { Absences = new Dictionary<string, string> { ["nvidia"] = "cdi.enabled is false" }.ToFrozenDictionary() };

        var refusal = Assert.Throws<AllocationRefusedException>(() => Allocate(Lists(DeviceListStrategy.CdiCri), Boards, cdi: absent));
        Assert.Equal($"device {NvidiaNode.Gpu(0)} has no CDI name, by which flags.plugin.deviceListStrategy of the node's config asks to give it: cdi.enabled is false", refusal.Message);

        var spec = Allocate(Lists(DeviceListStrategy.CdiCri, DeviceListStrategy.EnvVar), Boards, cdi: absent);
        Assert.Empty(spec.CdiDevices);
        Assert.NotEmpty(spec.Environment[Visible]);
    }

    [Fact]
    public void Device_nodes_are_those_of_the_plugin_below_the_root_that_is_set()
    {
        var spec = Allocate(Lists(DeviceListStrategy.EnvVar) with { PassesDeviceNodes = true, DriverRoot = "/run/nvidia/driver" }, [Boards[1]], Hooked);

        Assert.Equal(
            ["nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia1"], // nvidia-modeset is not on this host
            spec.DeviceNodes.Select(node => node.ContainerPath["/dev/".Length..]));
        Assert.All(spec.DeviceNodes, node => Assert.Equal(($"/run/nvidia/driver{node.ContainerPath}", "rw"), (node.HostPath, node.Permissions)));
        Assert.Empty(Allocate(Lists(DeviceListStrategy.CdiCri) with { PassesDeviceNodes = true }, Boards, cdi: Named).DeviceNodes);
    }

    [Fact]
    public void A_partition_comes_with_its_capabilities()
    {
        var spec = Allocate(Lists(DeviceListStrategy.EnvVar) with { PassesDeviceNodes = true }, [Partition]);

        Assert.Equal(NvidiaNode.Mig(2, 1), spec.Environment[Visible]);
        Assert.Equal(
            ["/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia2", "/dev/nvidia-caps/nvidia-cap30", "/dev/nvidia-caps/nvidia-cap31"],
            spec.DeviceNodes.Select(node => node.HostPath));
    }

    [Fact]
    public void A_partition_whose_capability_is_not_there_is_refused_where_nothing_else_could_open_it()
    {
        var gone = Bare with { Capabilities = FrozenDictionary<string, int>.Empty };

        var refusal = Assert.Throws<AllocationRefusedException>(() => Allocate(new NvidiaInjection(), [Partition], gone));
        Assert.Contains("/proc/driver/nvidia/capabilities/gpu2/mig/gi8/access is not there", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(NvidiaNode.Mig(2, 1), Allocate(new NvidiaInjection(), [Partition], gone with { Hook = "x" }).Environment[Visible]);
    }

    [Theory]
    [InlineData(true, true, "variable nodes")] // NVIDIA's runtime is used where it is
    [InlineData(true, false, "variable nodes")]
    [InlineData(false, true, "cdi")]
    [InlineData(false, false, "variable nodes")] // the bare nodes; the variable harms nobody
    public void Where_nothing_is_set_the_host_decides_and_the_answer_has_one_route(bool hasHook, bool hasCdi, string route)
    {
        var spec = Allocate(new NvidiaInjection(), Boards, hasHook ? Hooked : Bare, hasCdi ? Named : CdiNames.None);

        Assert.Equal(route, string.Join(' ', new[] { spec.Environment.IsEmpty ? null : "variable", spec.DeviceNodes.IsEmpty ? null : "nodes", spec.CdiDevices.IsEmpty ? null : "cdi" }.OfType<string>()));
        Assert.Empty(spec.Annotations);
        Assert.Empty(spec.Mounts);
    }

    [Fact]
    public void An_imex_channel_is_given_where_it_is_there_and_missed_only_where_it_is_required()
    {
        var options = Lists(DeviceListStrategy.EnvVar) with { ImexChannels = [0], PassesDeviceNodes = true };
        var without = Bare with { Nodes = new[] { "nvidia0" }.ToFrozenSet() };

        var given = Allocate(options, [Boards[0]]);
        Assert.Equal("0", given.Environment["NVIDIA_IMEX_CHANNELS"]);
        Assert.Equal("/dev/nvidia-caps-imex-channels/channel0", given.DeviceNodes[^1].HostPath);
        Assert.False(Allocate(options, [Boards[0]], without).Environment.ContainsKey("NVIDIA_IMEX_CHANNELS"));
        Assert.Contains("IMEX channel 0 is required", Assert.Throws<AllocationRefusedException>(() => Allocate(options with { AreImexChannelsRequired = true }, [Boards[0]], without)).Message, StringComparison.Ordinal);
    }

    private static NvidiaInjection Lists(params DeviceListStrategy[] lists) => new() { Lists = [.. lists] };

    private static AllocationSpec Allocate(NvidiaInjection options, ImmutableArray<Device> devices, NvidiaHostView? view = null, CdiNames? cdi = null) =>
        new NvidiaAllocator(options, () => view ?? Bare, () => cdi ?? CdiNames.None).Allocate(devices.Offered("nvidia.com/gpu"), devices.Units());
}
