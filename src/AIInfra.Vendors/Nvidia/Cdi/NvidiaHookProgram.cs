using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Cdi;
using AIInfra.Linux.Files;

namespace AIInfra.Vendors.Nvidia.Cdi;

/// <summary>The program of NVIDIA's container toolkit that a runtime starts to finish a container, and what it can do.</summary>
/// <remarks>It is not started to find that out: each of its hooks carries its name, so the names are looked for in the file. A hook that the
/// program does not know would end every container that gets a GPU.</remarks>
internal sealed class NvidiaHookProgram
{
    public const string CreateSymlinks = "create-symlinks", UpdateLdCache = "update-ldcache", CudaCompat = "enable-cuda-compat",
        NoNodeChanges = "disable-device-node-modification", ApplicationProfile = "update-application-profile", All = "all";

    private const string Wrapped = ".real"; // what the toolkit's container installs behind a script of the plain name
    private const int Chunk = 1 << 20, LongestProgram = 256 << 20;
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private static readonly ImmutableArray<string> Names = [CreateSymlinks, UpdateLdCache, CudaCompat, NoNodeChanges, ApplicationProfile];
    private static readonly ImmutableArray<string> Programs = ["nvidia-cdi-hook", "nvidia-ctk"];
    private static readonly ImmutableArray<string> Folders = ["/usr/bin", "/usr/local/nvidia/toolkit", "/usr/local/bin", "/opt/nvidia/toolkit"];

    private readonly string _path;
    private readonly FrozenSet<string> _known;

    private NvidiaHookProgram(string path, FrozenSet<string> known) => (_path, _known) = (path, known);

    /// <summary>Null when there is none that can be used; <paramref name="fault"/> then says why and what to do, without a stop.</summary>
    public static NvidiaHookProgram? Find(RootedFiles host, string? given, out string? fault)
    {
        string[] candidates = given is not null ? [given]
            : [.. Programs.SelectMany(name => Folders.Select(folder => $"{folder}/{name}"))];
        fault = null;
        foreach (var path in candidates.Where(path => IsProgram(host, path)))
        {
            var known = Known(host, path);
            if (known.Contains(CreateSymlinks) && known.Contains(UpdateLdCache))
            {
                fault = null;
                return new NvidiaHookProgram(path, known);
            }
            fault ??= $"{path} on the host has no hooks {CreateSymlinks} and {UpdateLdCache}; install a newer nvidia-container-toolkit";
        }
        fault ??= given is not null
            ? $"{given} (the hook's path) is not a program on the host"
            : $"nvidia-cdi-hook is not on the host (looked in {string.Join(", ", Folders)}); install nvidia-container-toolkit, or hand devices out by envvar";
        return null;
    }

    /// <summary>Null when the program does not know it.</summary>
    public CdiHook? Hook(string name, params IEnumerable<string> arguments) => !_known.Contains(name) ? null
        : new CdiHook("createContainer", _path, [.. Command, name, .. arguments]) { Env = ["NVIDIA_CTK_DEBUG=false"] };

    private string[] Command => Path.GetFileName(_path) is var name && name == "nvidia-ctk" ? [name, "hook"] : [name];

    private static bool IsProgram(RootedFiles host, string path) =>
        host.Resolve(path) is { } resolved && File.Exists(host.Here(resolved)) && (File.GetUnixFileMode(host.Here(resolved)) & Executable) != 0;

    private static FrozenSet<string> Known(RootedFiles host, string path)
    {
        try
        {
            return Known(host.Here(host.Resolve(path)!)) is { Count: > 0 } known ? known
                : host.Resolve(path + Wrapped) is { } behind ? Known(host.Here(behind))
                : FrozenSet<string>.Empty;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return FrozenSet<string>.Empty;
        }
    }

    private static FrozenSet<string> Known(string file)
    {
        using var program = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        if (program.Length > LongestProgram)
            return FrozenSet<string>.Empty;
        var found = new HashSet<string>(StringComparer.Ordinal);
        ImmutableArray<(string Name, byte[] Bytes)> wanted = [.. Names.Select(name => (name, System.Text.Encoding.ASCII.GetBytes(name)))];
        var overlap = wanted.Max(entry => entry.Bytes.Length) - 1;
        var buffer = new byte[Chunk + overlap];
        for (var kept = 0; program.Read(buffer, kept, buffer.Length - kept) is var count and > 0;)
        {
            var seen = buffer.AsSpan(0, kept + count);
            foreach (var (name, bytes) in wanted)
            {
                if (seen.IndexOf(bytes) >= 0)
                    found.Add(name);
            }
            kept = Math.Min(overlap, seen.Length);
            seen[^kept..].CopyTo(buffer);
        }
        return found.ToFrozenSet(StringComparer.Ordinal);
    }
}
