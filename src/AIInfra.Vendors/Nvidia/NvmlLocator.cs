using System.Runtime.InteropServices;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Nvidia;

/// <summary>Where the file of NVML is.</summary>
internal static class NvmlLocator
{
    /// <summary>The distributions' folders, the container of the GPU operator's driver, and WSL.</summary>
    public static LibrarySearch Search { get; } = new("nvidia", "the NVIDIA driver", "NVML, or older than CUDA 11",
    [
        $"/usr/lib/{Triple}", "/usr/lib64", "/usr/lib",
        $"/run/nvidia/driver/usr/lib/{Triple}", "/run/nvidia/driver/usr/lib64", "/run/nvidia/driver/usr/lib",
        "/usr/lib/wsl/lib",
    ])
    {
        MissingLibrary = (int)NvmlReturn.LibraryNotFound,
        MissingFunction = (int)NvmlReturn.FunctionNotFound,
    };

    private static string Triple => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
}
