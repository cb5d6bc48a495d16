using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using AIInfra.Core.Cdi;
using AIInfra.Core.Hosting;
using AIInfra.Linux.Files;

namespace AIInfra.Vendors.Nvidia.Cdi;

/// <summary>The files of a driver on the host that a container needs, as the container toolkit looks for them. Walks folders: not for a
/// path that anybody waits for.</summary>
/// <param name="host">Where the host is.</param>
/// <param name="driverRoot">Root of the driver's files on the host: <c>/</c>, or a driver container's.</param>
/// <param name="version">Of the driver: its libraries end with it.</param>
internal sealed class NvidiaDriverFiles(HostPaths host, string driverRoot, string version)
{
    private static readonly ImmutableArray<string> ReadOnly = ["ro", "nosuid", "nodev", "rbind", "rprivate"];
    private static readonly ImmutableArray<string> Socket = ["nosuid", "nodev", "rbind", "rprivate", "noexec"];

    private static readonly ImmutableArray<string> ProgramFolders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    private static readonly ImmutableArray<string> Programs =
        ["nvidia-smi", "nvidia-debugdump", "nvidia-persistenced", "nvidia-cuda-mps-control", "nvidia-cuda-mps-server", "nvidia-imex", "nvidia-imex-ctl", "nvidia-xconfig"];
    private static readonly ImmutableArray<string> UnversionedLibraries =
        ["libnvidia-egl-gbm.so.*.*", "libnvidia-egl-wayland.so.*.*", "libnvidia-egl-wayland2.so.*.*", "libnvidia-egl-xcb.so.*.*", "libnvidia-egl-xlib.so.*.*", "libnvidia-nvvm70.so.*"];
    private static readonly ImmutableArray<string> XorgModules =
        ["xorg/modules/drivers", "xorg/modules/extensions", "xorg/modules/updates/drivers", "xorg/modules/updates/extensions"];
    private static readonly ImmutableArray<string> UsualXorgModules =
        [.. XorgModules.Select(module => $"/usr/lib/{module}"), .. XorgModules.Select(module => $"/usr/lib64/{module}")];
    private static readonly ImmutableArray<string> RunSockets = ["nvidia-persistenced/socket", "nvidia-fabricmanager/socket"];
    private static readonly ImmutableArray<string> ConfigFolders = ["/etc", "/usr/local/share", "/usr/share"];
    private static readonly ImmutableArray<string> SharedConfigs =
    [
        "glvnd/egl_vendor.d/10_nvidia.json", "egl/egl_external_platform.d/15_nvidia_gbm.json", "egl/egl_external_platform.d/10_nvidia_wayland.json",
        "egl/egl_external_platform.d/09_nvidia_wayland2.json", "egl/egl_external_platform.d/20_nvidia_xcb.json", "egl/egl_external_platform.d/20_nvidia_xlib.json",
        "nvidia/nvoptix.bin", "X11/xorg.conf.d/10-nvidia.conf", "X11/xorg.conf.d/nvidia-drm-outputclass.conf",
    ];
    private static readonly ImmutableArray<string> EtcConfigs =
    [
        "OpenCL/vendors/nvidia.icd", "vulkan/icd.d/nvidia_icd.json", $"vulkan/icd.d/nvidia_icd.{Machine}.json", "vulkan/icd.d/nvidia_layers.json", "vulkan/implicit_layer.d/nvidia_layers.json",
    ];

    private readonly RootedFiles _files = new(driverRoot == "/" ? host.Root : new RootedFiles(host.Root).Here(driverRoot));
    private readonly List<CdiMount> _mounts = [];
    private readonly List<string> _links = []; // TARGET::LINK
    private readonly List<string> _folders = [];

    private static string Machine => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64" : "x86_64";

    /// <summary>In the container, where the libraries are. Empty: the driver's libraries are not below this root.</summary>
    public ImmutableArray<string> LibraryFolders => [.. _folders];

    /// <summary>Looks for everything.</summary>
    /// <returns>Null when libcuda or NVML of this version is not there.</returns>
    public static NvidiaDriverFiles? Find(HostPaths host, string driverRoot, string version)
    {
        var found = new NvidiaDriverFiles(host, driverRoot, version);
        found.FindLibraries();
        if (!found._mounts.Any(mount => Path.GetFileName(mount.HostPath).StartsWith("libcuda.so.", StringComparison.Ordinal)
            || Path.GetFileName(mount.HostPath).StartsWith("libnvidia-ml.so.", StringComparison.Ordinal)))
            return null;
        found.FindXorgModules();
        found.FindSockets();
        found.FindFirmware();
        foreach (var program in Programs)
            found.AddFirst(program, ProgramFolders, folder => folder);
        foreach (var file in SharedConfigs)
            found.AddFirst(file, ConfigFolders, _ => "/usr/share");
        foreach (var file in EtcConfigs)
            found.AddFirst(file, ConfigFolders.Add(""), _ => "/etc");
        return found;
    }

    /// <summary>What a container gets once, whichever boards it has.</summary>
    /// <param name="hooks">Null: none.</param>
    /// <param name="disabled">Hooks that are left out.</param>
    public CdiEdits Edits(NvidiaHookProgram? hooks, IReadOnlySet<string> disabled)
    {
        CdiHook?[] all =
        [
            _links.Count > 0 ? Hook(NvidiaHookProgram.CreateSymlinks, _links.SelectMany(link => new[] { "--link", link })) : null,
            Hook(NvidiaHookProgram.CudaCompat, [$"--host-driver-version={version}"]),
            Hook(NvidiaHookProgram.UpdateLdCache, _folders.SelectMany(folder => new[] { "--folder", folder })),
            Hook(NvidiaHookProgram.NoNodeChanges, []),
            Hook(NvidiaHookProgram.ApplicationProfile, []),
        ];
        ImmutableArray<CdiHook> wanted = [.. all.OfType<CdiHook>()];
        return new CdiEdits
        {
            Env = [$"NVIDIA_CTK_LIBCUDA_DIR={string.Join(':', _folders)}", "NVIDIA_VISIBLE_DEVICES=void"],
            Hooks = wanted.IsEmpty ? default : wanted,
            Mounts = [.. _mounts],
        };

        CdiHook? Hook(string name, IEnumerable<string> arguments) => disabled.Contains(name) ? null : hooks?.Hook(name, arguments);
    }

    private void FindLibraries()
    {
        foreach (var folder in SearchFolders().Select(_files.Resolve).OfType<string>().Distinct())
        {
            var names = _files.Names(folder, $"lib*.so.{version}").ToArray();
            if (names.Length == 0)
                continue;
            _folders.Add(folder);
            foreach (var name in names)
                AddLibrary($"{folder}/{name}");
            foreach (var name in _files.Names($"{folder}/vdpau", $"*.so.{version}"))
                AddLibrary($"{folder}/vdpau/{name}");
            foreach (var name in UnversionedLibraries.SelectMany(pattern => _files.Names(folder, pattern)))
                AddLibrary($"{folder}/{name}");
            AddLinks(folder);
        }
    }

    private IEnumerable<string> SearchFolders()
    {
        var triple = $"{Machine}-linux-gnu";
        string[] usual =
        [
            "/usr/lib64", $"/usr/lib/{triple}", $"/usr/lib/{triple}/nvidia/current", "/lib64", $"/lib/{triple}", $"/lib/{triple}/nvidia/current", "/usr/lib", "/usr/lib/nvidia",
        ];
        return usual.Concat(CacheFolders());
    }

    private IEnumerable<string> CacheFolders()
    {
        try
        {
            var cache = _files.Resolve("/etc/ld.so.cache") is { } path ? File.ReadAllBytes(_files.Here(path)) : [];
            return [.. LoaderCache.Find(cache, "libcuda.so", "libnvidia-ml.so").Where(path => path.StartsWith('/')).Select(path => Path.GetDirectoryName(path)!)];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private void AddLibrary(string path)
    {
        if (_files.Resolve(path) is { } resolved && File.Exists(_files.Here(resolved)))
            Add(resolved, resolved, ReadOnly);
    }

    /// <summary>The host's own links to the libraries, and those that programs expect although the driver does not bring them everywhere.</summary>
    private void AddLinks(string folder)
    {
        var names = _files.Names(folder, "lib*.so*").ToHashSet(StringComparer.Ordinal);
        foreach (var (library, link, target) in new[]
        {
            ("libcuda.so", "libcuda.so", "libcuda.so.1"),
            ("libGLX_nvidia.so", "libGLX_indirect.so.0", $"libGLX_nvidia.so.{version}"),
            ("libnvidia-opticalflow.so", "libnvidia-opticalflow.so", "libnvidia-opticalflow.so.1"),
            ("libnvidia-vulkan-producer.so", "libnvidia-vulkan-producer.so", $"libnvidia-vulkan-producer.so.{version}"),
            ("libnvidia-allocator.so", "gbm/nvidia-drm_gbm.so", "../libnvidia-allocator.so.1"),
        })
        {
            if (names.Contains($"{library}.{version}"))
                AddLink(target, $"{folder}/{link}");
        }
        foreach (var name in names.Order(StringComparer.Ordinal))
        {
            var path = $"{folder}/{name}";
            if (_files.TargetOf(path) is { } target && _files.Resolve(path) is { } library && library.EndsWith($".so.{version}", StringComparison.Ordinal) && _mounts.Any(mount => mount.ContainerPath == library))
                AddLink(target.Contains('/') ? Path.GetFileName(library) : target, path);
        }
    }

    private void AddLink(string target, string link)
    {
        if (!_links.Any(known => known.EndsWith($"::{link}", StringComparison.Ordinal)) && !target.Equals(Path.GetFileName(link), StringComparison.Ordinal))
            _links.Add($"{target}::{link}");
    }

    /// <summary>At their places on the host, where a mounted xorg.conf looks for them.</summary>
    private void FindXorgModules()
    {
        ImmutableArray<string> folders = [.. _folders.SelectMany(folder => XorgModules.Prepend("nvidia/xorg").Select(module => $"{folder}/{module}")), .. UsualXorgModules];
        AddFirst("nvidia_drv.so", folders, folder => folder);
        if (AddFirst($"libglxserver_nvidia.so.{version}", folders, folder => folder) is { } path)
            AddLink(Path.GetFileName(path), $"{Path.GetDirectoryName(path)}/libglxserver_nvidia.so");
    }

    private void FindSockets()
    {
        foreach (var socket in RunSockets)
        {
            // Where the host's run folder is, is a setting; a driver container has its own.
            if (driverRoot == "/" ? Path.Exists(Path.Combine(host.Run, socket)) : _files.Resolve($"/run/{socket}") is not null)
                Add($"/run/{socket}", $"/run/{socket}", Socket);
        }
        if (_files.Resolve("/tmp/nvidia-mps") is not null)
            Add("/tmp/nvidia-mps", "/tmp/nvidia-mps", Socket);
    }

    /// <summary>Of the boards' own processor (GSP), where the kernel looks for it.</summary>
    private void FindFirmware()
    {
        var release = ReadLine(Path.Combine(host.Proc, "sys/kernel/osrelease"));
        string?[] folders =
        [
            ReadLine(Path.Combine(host.Sys, "module/firmware_class/parameters/path")), $"/lib/firmware/updates/{release}", "/lib/firmware/updates", $"/lib/firmware/{release}", "/lib/firmware",
        ];
        foreach (var folder in folders.Where(folder => folder is { Length: > 1 }).Select(folder => $"{folder!.TrimEnd('/')}/nvidia/{version}"))
        {
            foreach (var name in _files.Names(folder, "gsp*.bin"))
                Add($"{folder}/{name}", $"{folder}/{name}", ReadOnly);
        }
    }

    /// <returns>Its path in the container; null when it is in none of the folders.</returns>
    private string? AddFirst(string name, ImmutableArray<string> folders, Func<string, string> inContainer)
    {
        foreach (var folder in folders)
        {
            if (!_files.IsFile($"{folder}/{name}"))
                continue;
            var path = $"{inContainer(folder)}/{name}";
            Add($"{folder}/{name}", path, ReadOnly);
            return path;
        }
        return null;
    }

    private void Add(string path, string containerPath, ImmutableArray<string> options)
    {
        if (!_mounts.Any(mount => mount.ContainerPath == containerPath))
            _mounts.Add(new CdiMount(driverRoot == "/" ? path : driverRoot + path, containerPath, options));
    }

    private static string? ReadLine(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim() is { Length: > 0 } text ? text : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The version that the kernel runs; null when no driver is loaded.</summary>
    /// <remarks>A line of /proc/driver/nvidia/version: <c>NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.124.06  Release Build …</c></remarks>
    public static string? LoadedVersion(HostPaths host) =>
        ReadLine(Path.Combine(host.Proc, "driver/nvidia/version"))?.Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(IsVersion);

    /// <summary>Two or three numbers: a version is put into paths and patterns.</summary>
    public static bool IsVersion(string text) =>
        text.Split('.') is { Length: 2 or 3 } parts && parts.All(part => part.Length is > 0 and < 6 && int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _));
}
