using System.Text;
using AIInfra.Core.Cdi;
using AIInfra.Core.Devices;
using AIInfra.Testing;
using AIInfra.Vendors.Nvidia.Cdi;

namespace AIInfra.UnitTests.Cdi;

public sealed class NvidiaCdiSourceTests : IDisposable
{
    private const string Board = "GPU-00000000-0000-0000-0000-000000000000", Divided = "GPU-00000000-0000-0000-0000-000000000001",
        Partition = "MIG-00000000-0000-0000-0000-000000000007";
    private const string Folder = DriverHost.Libraries;

    private readonly DriverHost _host = new();

    [Fact]
    public void Boards_and_partitions_have_a_name_each_in_the_kind_that_the_plugin_uses()
    {
        var offer = Describe();

        Assert.Null(offer.Absence);
        Assert.Equal($"k8s.device-plugin.nvidia.com/gpu={Board}", offer.Names[Board]);
        Assert.Equal($"k8s.device-plugin.nvidia.com/gpu={Partition}", offer.Names[Partition]);
        Assert.Equal(["k8s.device-plugin.nvidia.com/gpu", "nvidia.com/gpu"], offer.Specs.Select(kind => kind.Spec.Kind));
        Assert.Equal([Board, "0", Divided, "1", Partition, "all"], offer.Specs[0].Spec.Devices.Select(device => device.Name));
        Assert.Equal("0.5.0", offer.Specs[0].Spec.CdiVersion);
    }

    [Fact]
    public void A_board_brings_its_node_and_those_of_its_display_driver()
    {
        var edits = Device(Describe(), Board);

        Assert.Equal(["/dev/nvidia0", "/dev/dri/card1", "/dev/dri/renderD128"], edits.DeviceNodes.Select(node => node.Path));
        Assert.Equal(["nvidia-cdi-hook", "create-symlinks", "--link", "../card1::/dev/dri/by-path/pci-0000:3b:00.0-card"], Assert.Single(edits.Hooks).Args);
    }

    [Fact]
    public void A_partition_brings_its_boards_node_and_the_capabilities_of_both_instances() =>
        Assert.Equal(["/dev/nvidia1", "/dev/nvidia-caps/nvidia-cap30", "/dev/nvidia-caps/nvidia-cap31"], Device(Describe(), Partition).DeviceNodes.Select(node => node.Path));

    [Fact]
    public void All_is_every_whole_board_and_every_partition_but_no_divided_board_twice() =>
        Assert.Equal(["/dev/nvidia0", "/dev/dri/card1", "/dev/dri/renderD128", "/dev/nvidia1", "/dev/nvidia-caps/nvidia-cap30", "/dev/nvidia-caps/nvidia-cap31"],
            Device(Describe(), "all").DeviceNodes.Select(node => node.Path));

    [Fact]
    public void Every_container_gets_the_drivers_files_of_the_version_that_runs()
    {
        var common = Describe().Specs[0].Spec.ContainerEdits!;

        Assert.Equal(["/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools"], common.DeviceNodes.Select(node => node.Path));
        Assert.Equal([$"NVIDIA_CTK_LIBCUDA_DIR={Folder}", "NVIDIA_VISIBLE_DEVICES=void"], common.Env);
        Assert.Equal(
        [
            $"{Folder}/libGLX_nvidia.so.570.124.06", $"{Folder}/libcuda.so.570.124.06", $"{Folder}/libnvidia-allocator.so.570.124.06", $"{Folder}/libnvidia-ml.so.570.124.06",
            $"{Folder}/libnvidia-ptxjitcompiler.so.570.124.06", $"{Folder}/vdpau/libvdpau_nvidia.so.570.124.06", $"{Folder}/libnvidia-egl-gbm.so.1.1.2",
            "/lib/firmware/nvidia/570.124.06/gsp_ga10x.bin", "/usr/bin/nvidia-smi", "/usr/share/glvnd/egl_vendor.d/10_nvidia.json", "/etc/vulkan/icd.d/nvidia_icd.json",
        ], common.Mounts.Select(mount => mount.ContainerPath));
        Assert.All(common.Mounts, mount => Assert.Equal(mount.HostPath, mount.ContainerPath));
        Assert.All(common.Mounts, mount => Assert.Equal(["ro", "nosuid", "nodev", "rbind", "rprivate"], mount.Options));
    }

    [Fact]
    public void The_hooks_are_those_that_the_hosts_program_knows()
    {
        var hooks = Describe().Specs[0].Spec.ContainerEdits!.Hooks;

        Assert.All(hooks, hook => Assert.Equal(("createContainer", "/usr/bin/nvidia-cdi-hook"), (hook.HookName, hook.Path)));
        Assert.Equal(["create-symlinks", "enable-cuda-compat", "update-ldcache", "disable-device-node-modification"], hooks.Select(hook => hook.Args[1]));
        Assert.Equal(
            ["nvidia-cdi-hook", "create-symlinks", "--link", $"libcuda.so.1::{Folder}/libcuda.so", "--link", $"libGLX_nvidia.so.570.124.06::{Folder}/libGLX_indirect.so.0",
                "--link", $"../libnvidia-allocator.so.1::{Folder}/gbm/nvidia-drm_gbm.so", "--link", $"libcuda.so.570.124.06::{Folder}/libcuda.so.1",
                "--link", $"libnvidia-ml.so.570.124.06::{Folder}/libnvidia-ml.so.1"], hooks[0].Args);
        Assert.Equal(["nvidia-cdi-hook", "update-ldcache", "--folder", Folder], hooks[2].Args);
    }

    [Fact]
    public void An_older_hook_program_is_asked_for_nothing_that_it_does_not_know()
    {
        _host.Remove("/usr/bin/nvidia-cdi-hook");
        _host.PutHook("/usr/bin/nvidia-ctk", "create-symlinks and update-ldcache");

        var hooks = Describe().Specs[0].Spec.ContainerEdits!.Hooks;

        Assert.Equal(["nvidia-ctk hook create-symlinks", "nvidia-ctk hook update-ldcache"], hooks.Select(hook => string.Join(' ', hook.Args.Take(3))));
    }

    [Fact]
    public void A_wrapped_hook_program_is_looked_at_behind_its_script()
    {
        _host.Remove("/usr/bin/nvidia-cdi-hook");
        _host.Put("/usr/local/nvidia/toolkit/nvidia-cdi-hook", "#!/bin/sh\nexec /usr/local/nvidia/toolkit/nvidia-cdi-hook.real \"$@\"\n", isProgram: true);
        _host.PutHook("/usr/local/nvidia/toolkit/nvidia-cdi-hook.real");

        Assert.All(Describe().Specs[0].Spec.ContainerEdits!.Hooks, hook => Assert.Equal("/usr/local/nvidia/toolkit/nvidia-cdi-hook", hook.Path));
    }

    [Fact]
    public void Without_the_hook_program_there_are_no_names_and_the_reason_says_what_to_install()
    {
        _host.Remove("/usr/bin/nvidia-cdi-hook");

        var offer = Describe();

        Assert.Empty(offer.Specs);
        Assert.Empty(offer.Names);
        Assert.Contains("nvidia-cdi-hook is not on the host", offer.Absence);
        Assert.Contains("install nvidia-container-toolkit", offer.Absence);
    }

    [Fact]
    public void With_all_hooks_switched_off_none_is_needed()
    {
        _host.Remove("/usr/bin/nvidia-cdi-hook");

        var offer = Describe(new NvidiaCdiOptions { DisabledHooks = ["all"] });

        Assert.True(offer.Specs[0].Spec.ContainerEdits!.Hooks.IsDefault);
        Assert.NotEmpty(offer.Names);
    }

    [Fact]
    public void One_hook_can_be_switched_off() =>
        Assert.DoesNotContain("enable-cuda-compat", Describe(new NvidiaCdiOptions { DisabledHooks = ["enable-cuda-compat"] }).Specs[0].Spec.ContainerEdits!.Hooks.Select(hook => hook.Args[1]));

    [Fact]
    public void Libraries_of_another_version_only_are_no_driver()
    {
        _host.Remove($"{Folder}/libcuda.so.570.124.06");
        _host.Remove($"{Folder}/libnvidia-ml.so.570.124.06");

        Assert.Contains("libcuda.so.570.124.06", Describe().Absence);
    }

    [Fact]
    public void A_drivers_container_is_found_and_its_files_come_to_their_usual_places()
    {
        using var host = new DriverHost("/run/nvidia/driver");

        var common = new NvidiaCdiSource(host.Paths, new NvidiaCdiOptions()).Describe(DriverHost.Inventory).Specs[0].Spec.ContainerEdits!;

        var cuda = common.Mounts.Single(mount => mount.ContainerPath == $"{Folder}/libcuda.so.570.124.06");
        Assert.Equal($"/run/nvidia/driver{Folder}/libcuda.so.570.124.06", cuda.HostPath);
        Assert.All(common.DeviceNodes, node => Assert.StartsWith("/dev/nvidia", node.Path));
    }

    [Fact]
    public void Links_of_the_host_are_followed_below_its_root_and_a_file_is_mounted_once()
    {
        _host.Link("/lib64", "/usr/lib/x86_64-linux-gnu"); // absolute: on the machine of this test it would lead elsewhere
        _host.Link("/usr/lib64", "lib/x86_64-linux-gnu");

        var mounts = Describe().Specs[0].Spec.ContainerEdits!.Mounts.Select(mount => mount.HostPath).ToArray();

        Assert.Single(mounts, path => path.EndsWith("/libcuda.so.570.124.06", StringComparison.Ordinal));
        Assert.Contains($"{Folder}/libcuda.so.570.124.06", mounts);
    }

    [Fact]
    public void The_loaders_cache_leads_to_a_folder_that_nobody_would_guess()
    {
        foreach (var name in new[] { "libcuda", "libnvidia-ml" })
        {
            _host.Remove($"{Folder}/{name}.so.570.124.06");
            _host.Put($"/opt/gpu/lib/{name}.so.570.124.06", "ELF");
        }
        File.WriteAllBytes(_host.Root + "/etc/ld.so.cache", CacheOf("libcuda.so.1", "/opt/gpu/lib/libcuda.so.1"));

        Assert.Contains("/opt/gpu/lib/libcuda.so.570.124.06", Describe().Specs[0].Spec.ContainerEdits!.Mounts.Select(mount => mount.HostPath));
    }

    [Fact]
    public void A_damaged_cache_of_the_loader_leads_nowhere()
    {
        var cache = CacheOf("libcuda.so.1", "/opt/gpu/lib/libcuda.so.1");
        for (var length = 0; length < cache.Length; length++)
            _ = LoaderCache.Find(cache[..length], "libcuda.so").ToArray();
        for (var place = 0; place < cache.Length; place++)
        {
            var damaged = (byte[])cache.Clone();
            damaged[place] = 0xff;
            _ = LoaderCache.Find(damaged, "libcuda.so").ToArray();
        }
    }

    [Fact]
    public void A_board_whose_node_is_missing_has_no_name_and_the_others_have()
    {
        _host.Remove("/dev/nvidia0");

        var offer = Describe();

        Assert.False(offer.Names.ContainsKey(Board));
        Assert.True(offer.Names.ContainsKey(Divided));
        Assert.Contains("/dev/nvidia0", offer.Absence);
    }

    [Fact]
    public void Sockets_of_the_drivers_services_are_mounted_where_they_are()
    {
        _host.Put("/run/nvidia-persistenced/socket", "");

        var socket = Describe().Specs[0].Spec.ContainerEdits!.Mounts.Single(mount => mount.HostPath.StartsWith("/run/", StringComparison.Ordinal));

        Assert.Equal("/run/nvidia-persistenced/socket", socket.ContainerPath);
        Assert.Contains("noexec", socket.Options);
    }

    [Fact]
    public void What_the_plugin_gives_beside_boards_is_there_when_asked_for_and_on_the_host()
    {
        _host.Put("/dev/nvidia-fs0", "");
        _host.Put("/etc/cufile.json", "{}");
        _host.Put("/dev/nvidia-caps-imex-channels/channel0", "");

        var offer = Describe(new NvidiaCdiOptions { Gds = true, Mofed = true, ImexChannels = [0, 7] });

        Assert.Equal("k8s.device-plugin.nvidia.com/gds=all", offer.Extras["gds"]);
        Assert.Equal("k8s.device-plugin.nvidia.com/imex-channel=0", offer.Extras["imex-channel.0"]);
        Assert.Equal(2, offer.Extras.Count); // neither RDMA devices nor channel 7 are there
    }

    [Theory]
    [InlineData("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n", "535.104.05")]
    [InlineData("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.124.06  Release Build  (dvs-builder@U22)\n", "570.124.06")]
    [InlineData("NVRM version: something else\n", null)]
    [InlineData("", null)]
    public void The_kernel_says_which_version_runs(string text, string? version)
    {
        _host.Put("/proc/driver/nvidia/version", text);

        Assert.Equal(version, NvidiaDriverFiles.LoadedVersion(_host.Paths));
    }

    [Fact]
    public void A_version_is_not_taken_into_paths_unless_it_is_one()
    {
        _host.Put("/proc/driver/nvidia/version", "");

        Assert.Contains("version", Describe(inventory: DriverHost.Inventory with { DriverVersion = "../../*" }).Absence);
    }

    private CdiOffer Describe(NvidiaCdiOptions? options = null, VendorInventory? inventory = null) =>
        new NvidiaCdiSource(_host.Paths, options ?? new NvidiaCdiOptions()).Describe(inventory ?? DriverHost.Inventory);

    private static CdiEdits Device(CdiOffer offer, string name) => offer.Specs[0].Spec.Devices.Single(device => device.Name == name).ContainerEdits;

    /// <summary>One entry, behind an older format as Debian's loader writes it.</summary>
    private static byte[] CacheOf(string name, string path)
    {
        var strings = Encoding.ASCII.GetBytes($"{name}\0{path}\0");
        var offset = 48 + 24;
        using var cache = new MemoryStream();
        using var writer = new BinaryWriter(cache);
        writer.Write(Encoding.ASCII.GetBytes("ld.so-1.7.0\0\0\0\0\0"));
        writer.Write(Encoding.ASCII.GetBytes("glibc-ld.so.cache1.1"));
        writer.Write(1);
        writer.Write(strings.Length);
        writer.Write(new byte[20]);
        writer.Write(0x0303);
        writer.Write(offset);
        writer.Write(offset + name.Length + 1);
        writer.Write(new byte[12]);
        writer.Write(strings);
        return cache.ToArray();
    }

    public void Dispose() => _host.Dispose();
}
