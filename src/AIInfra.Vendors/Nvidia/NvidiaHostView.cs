using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Hosting;

namespace AIInfra.Vendors.Nvidia;

/// <summary>What of the host's files an answer to Allocate depends on, as of one look. Immutable.</summary>
/// <param name="Nodes">Device nodes that are there, relative to /dev: <c>nvidia0</c>, <c>nvidia-caps/nvidia-cap3</c>.</param>
/// <param name="Capabilities">Minor numbers of partitions' capability nodes, by the file that says them: <c>gpu0/mig/gi3/access</c>.</param>
/// <param name="Hook">What of NVIDIA's container runtime was found; null when nothing was.</param>
internal sealed record NvidiaHostView(FrozenSet<string> Nodes, FrozenDictionary<string, int> Capabilities, string? Hook)
{
    private const int MostEntries = 4096;

    /// <summary>Where the container toolkit, or the operator that installs it, puts its runtime or hook.</summary>
    private static readonly ImmutableArray<string> Hooks =
    [
        "usr/bin/nvidia-container-runtime", "usr/bin/nvidia-container-runtime-hook", "usr/bin/nvidia-container-toolkit", "usr/local/nvidia/toolkit/nvidia-container-runtime",
        "usr/local/bin/nvidia-container-runtime", "usr/share/containers/oci/hooks.d/oci-nvidia-hook.json",
    ];

    /// <summary>Blocks on the host's files; what cannot be read is not there.</summary>
    /// <param name="devRoot">See <see cref="NvidiaInjection.DevRoot"/>.</param>
    public static NvidiaHostView Look(HostPaths host, string devRoot)
    {
        var dev = devRoot == "/" ? host.Dev : Path.Combine(host.Root, devRoot.TrimStart('/'), "dev");
        var nodes = Names(dev).Where(name => name.StartsWith("nvidia", StringComparison.Ordinal)).ToList();
        foreach (var folder in nodes.Where(name => name is "nvidia-caps" or "nvidia-caps-imex-channels").ToArray())
            nodes.AddRange(Names(Path.Combine(dev, folder)).Select(name => $"{folder}/{name}"));
        return new NvidiaHostView(nodes.ToFrozenSet(StringComparer.Ordinal), CapabilitiesBelow(Path.Combine(host.Proc, "driver/nvidia/capabilities")),
            Hooks.FirstOrDefault(file => File.Exists(Path.Combine(host.Root, file))));
    }

    private static FrozenDictionary<string, int> CapabilitiesBelow(string folder)
    {
        var minors = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var gpu in Names(folder).Where(name => name.StartsWith("gpu", StringComparison.Ordinal)))
        {
            foreach (var instance in Names(Path.Combine(folder, gpu, "mig")).Where(name => name.StartsWith("gi", StringComparison.Ordinal)))
            {
                Add($"{gpu}/mig/{instance}/access");
                foreach (var part in Names(Path.Combine(folder, gpu, "mig", instance)).Where(name => name.StartsWith("ci", StringComparison.Ordinal)))
                    Add($"{gpu}/mig/{instance}/{part}/access");
            }
        }
        return minors.ToFrozenDictionary(StringComparer.Ordinal);

        void Add(string file)
        {
            if (Minor(Path.Combine(folder, file)) is { } minor)
                minors[file] = minor;
        }
    }

    /// <summary>Out of the line <c>DeviceFileMinor: 3</c>.</summary>
    private static int? Minor(string file)
    {
        const string key = "DeviceFileMinor:";
        try
        {
            var line = File.ReadLines(file).Take(16).FirstOrDefault(text => text.StartsWith(key, StringComparison.Ordinal));
            return line is not null && int.TryParse(line.AsSpan(key.Length), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var minor)
                && minor is >= 0 and <= 0xFFFFF ? minor : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string[] Names(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(folder).Take(MostEntries).Select(path => Path.GetFileName(path))];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
