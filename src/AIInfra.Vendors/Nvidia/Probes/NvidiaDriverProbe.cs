using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Linux.Files;

namespace AIInfra.Vendors.Nvidia.Probes;

/// <summary>Whether the libraries on the disk belong to the driver that is loaded: after an upgrade without a boot they do not.</summary>
internal sealed class NvidiaDriverProbe(ProbeParts parts) : Probe
{
    private const string Id = "nvidia.library-version", Library = "libnvidia-ml.so.1";
    private static readonly string[] Folders = ["usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib64", "usr/lib"];

    /// <summary>Where a driver may be installed on the host; a driver of an operator's container comes first, for that is the one in use.</summary>
    private static readonly string[] Roots = ["/run/nvidia/driver", ""];

    private readonly RootedFiles _root = new(parts.Host.Root.TrimEnd('/') is { Length: > 0 } root ? root : "/");

    public static ProbeDefinition Definition { get; } = new(
        "nvidiaDriver", "The NVIDIA driver that is loaded and the libraries on the disk: their versions must be the same.", TimeSpan.FromMinutes(5), parts => new NvidiaDriverProbe(parts))
    {
        Problems = [Id],
    };

    public override Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        if (HostText.Read(Path.Combine(parts.Host.Sys, "module/nvidia/version")) is not { Length: > 0 } loaded)
            return Task.FromResult(ProbeRound.Nothing("the NVIDIA driver is not loaded"));
        if (Find() is not var (path, version))
            return Task.FromResult(ProbeRound.Nothing($"{Library} was not found in the host's library folders"));
        var evidence = $"driver {loaded}, {path} is of {version}";
        return Task.FromResult(ProbeRound.Of([loaded == version ? ProbeResult.Healthy(Id, Subject.Node, evidence)
            : ProbeResult.Problem(Id, Subject.Node, Severity.Degraded, Cause.Driver, SuggestedAction.Reboot,
                $"The NVIDIA libraries on the disk are of version {version}, the driver that is loaded of {loaded}: programs that start now cannot use the GPUs.", evidence)]));
    }

    /// <summary>The library's file carries the version in its name: <c>libnvidia-ml.so.570.86.10</c>.</summary>
    private (string Path, string Version)? Find()
    {
        const string before = "libnvidia-ml.so.";
        foreach (var folder in Roots.SelectMany(root => Folders.Select(folder => $"{root}/{folder}")))
        {
            if (_root.Resolve($"{folder}/{Library}") is { } path && Path.GetFileName(path) is var name && name.StartsWith(before, StringComparison.Ordinal)
                && name[before.Length..] is { Length: > 2 } version && version.All(letter => char.IsAsciiDigit(letter) || letter == '.'))
                return (path, version);
        }
        return null;
    }
}
