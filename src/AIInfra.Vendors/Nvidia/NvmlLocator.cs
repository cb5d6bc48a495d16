using System.Runtime.InteropServices;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Nvidia;

/// <summary>Finds and loads the file of NVML. A library once loaded is never unloaded: its threads stay, its process is replaced.</summary>
internal static class NvmlLocator
{
    private const string Call = "dlopen";

    /// <param name="path">A path is taken as it is. A plain file name goes through the loader first, then through <see cref="Folders"/>.</param>
    /// <returns>The loader's handle.</returns>
    /// <exception cref="VendorException">Absent: no such file anywhere. Refused: there is one and it cannot be loaded.</exception>
    public static nint Load(string path)
    {
        string[] candidates = path.Contains('/', StringComparison.Ordinal)
            ? [path]
            : [path, .. Folders().Select(folder => Path.Combine(folder, path))];
        foreach (var candidate in candidates)
        {
            if (NativeLibrary.TryLoad(candidate, out var library))
                return library;
        }
        throw candidates.FirstOrDefault(File.Exists) is { } broken
            ? new VendorException(Call, (int)NvmlReturn.LibraryNotFound, VendorFault.Refused,
                $"{broken} is there but cannot be loaded; it is damaged or for another processor")
            : new VendorException(Call, (int)NvmlReturn.LibraryNotFound, VendorFault.Absent,
                $"{path} was not found; the NVIDIA driver is not installed, or vendors.nvidia.library must name the file");
    }

    /// <summary>Where drivers put the library when the loader does not know: the distributions' folders, the container of the
    /// GPU operator's driver, and WSL.</summary>
    private static string[] Folders()
    {
        var triple = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
        return
        [
            $"/usr/lib/{triple}", "/usr/lib64", "/usr/lib",
            $"/run/nvidia/driver/usr/lib/{triple}", "/run/nvidia/driver/usr/lib64", "/run/nvidia/driver/usr/lib",
            "/usr/lib/wsl/lib",
        ];
    }
}

/// <summary>Symbol look-up in a loaded library. A missing symbol narrows what can be asked and is never an error by itself.</summary>
internal readonly record struct NvmlExports(nint Library)
{
    /// <summary>The first symbol that is there; 0 when none is. Newest suffix first: the plain name is the oldest ABI.</summary>
    public nint Find(params ReadOnlySpan<string> newestFirst)
    {
        foreach (var name in newestFirst)
        {
            if (NativeLibrary.TryGetExport(Library, name, out var symbol))
                return symbol;
        }
        return 0;
    }

    /// <summary>A symbol without which nothing works.</summary>
    /// <exception cref="VendorException">Refused: the file is some other library, or far too old.</exception>
    public nint Require(string name) => Find(name) is var symbol and not 0
        ? symbol
        : throw new VendorException(name, (int)NvmlReturn.FunctionNotFound, VendorFault.Refused,
            "the library has no such function; it is not NVML, or older than CUDA 11");
}
