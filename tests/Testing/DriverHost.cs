using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;

namespace AIInfra.Testing;

/// <summary>The files of a host with an NVIDIA driver, in a folder of their own.</summary>
public sealed class DriverHost : IDisposable
{
    public const string Version = "570.124.06";
    public const string Libraries = "/usr/lib/x86_64-linux-gnu";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("aiinfra-cdi-");

    /// <param name="driverRoot">Where the driver's own files are: <c>/</c> or a driver container's folder.</param>
    public DriverHost(string driverRoot = "/")
    {
        DriverRoot = driverRoot == "/" ? "" : driverRoot;
        Put("/proc/driver/nvidia/version", $"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  {Version}  Release Build  (dvs-builder@U22)\nGCC version:  gcc version 12.3.0\n");
        Put("/proc/sys/kernel/osrelease", "6.8.0-40-generic\n");
        foreach (var node in new[] { "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia0", "nvidia1", "dri/card1", "dri/renderD128", "nvidia-caps/nvidia-cap30", "nvidia-caps/nvidia-cap31" })
            Put($"/dev/{node}", "");
        Link("/dev/dri/by-path/pci-0000:3b:00.0-card", "../card1");
        Put("/sys/bus/pci/devices/0000:3b:00.0/drm/card1/dev", "226:1\n");
        Put("/sys/bus/pci/devices/0000:3b:00.0/drm/renderD128/dev", "226:128\n");
        Put("/proc/driver/nvidia-caps/mig-minors", "config 1\nmonitor 2\ngpu1/gi3/access 30\ngpu1/gi3/ci0/access 31\n");
        foreach (var library in new[] { "libcuda", "libnvidia-ml", "libnvidia-ptxjitcompiler", "libnvidia-allocator", "libGLX_nvidia" })
            Put($"{DriverRoot}{Libraries}/{library}.so.{Version}", "ELF");
        Link($"{DriverRoot}{Libraries}/libcuda.so.1", $"libcuda.so.{Version}");
        Link($"{DriverRoot}{Libraries}/libnvidia-ml.so.1", $"libnvidia-ml.so.{Version}");
        Put($"{DriverRoot}{Libraries}/libcuda.so.535.54.03", "an older driver's");
        Put($"{DriverRoot}{Libraries}/libnvidia-egl-gbm.so.1.1.2", "ELF");
        Put($"{DriverRoot}{Libraries}/vdpau/libvdpau_nvidia.so.{Version}", "ELF");
        Put($"{DriverRoot}/lib/firmware/nvidia/{Version}/gsp_ga10x.bin", "firmware");
        Put($"{DriverRoot}/usr/share/glvnd/egl_vendor.d/10_nvidia.json", "{}");
        Put($"{DriverRoot}/etc/vulkan/icd.d/nvidia_icd.json", "{}");
        Put($"{DriverRoot}/usr/bin/nvidia-smi", "#!", isProgram: true);
        PutHook("/usr/bin/nvidia-cdi-hook");
    }

    public string Root => _folder.FullName;
    public string DriverRoot { get; }
    public HostPaths Paths => new() { Root = Root };
    public string SpecFolder => Path.Combine(Root, "run/cdi");

    /// <summary>Two boards, the second divided: one partition.</summary>
    public static VendorInventory Inventory { get; } = new()
    {
        Vendor = "nvidia",
        State = VendorState.Ready,
        DriverVersion = Version,
        Devices =
        [
            Board("GPU-00000000-0000-0000-0000-000000000000", 0, "0000:3b:00.0"),
            Board("GPU-00000000-0000-0000-0000-000000000001", 1, "0000:5e:00.0"),
            Board("MIG-00000000-0000-0000-0000-000000000007", 1, "0000:5e:00.0") with
            {
                ParentId = "GPU-00000000-0000-0000-0000-000000000001", Partition = new DevicePartition("3g.40gb", 3, 0),
            },
        ],
    };

    public void Put(string path, string text, bool isProgram = false)
    {
        var here = Root + path;
        Directory.CreateDirectory(Path.GetDirectoryName(here)!);
        File.WriteAllText(here, text);
        if (isProgram)
            File.SetUnixFileMode(here, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    /// <summary>A program that carries the names of its hooks, as a Go binary does.</summary>
    public void PutHook(string path, string names = "create-symlinksupdate-ldcacheenable-cuda-compatdisable-device-node-modification") =>
        Put(path, $"\u007fELF{new string('.', 3000)}{names}", isProgram: true);

    public void Remove(string path) => File.Delete(Root + path);

    public void Link(string path, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Root + path)!);
        File.CreateSymbolicLink(Root + path, target);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static Device Board(string id, int index, string address) => new()
    {
        Id = id,
        Vendor = "nvidia",
        Model = "NVIDIA H100",
        ResourceName = "nvidia.com/gpu",
        Index = index,
        NodeName = $"nvidia{index}",
        PciAddress = address,
    };
}
