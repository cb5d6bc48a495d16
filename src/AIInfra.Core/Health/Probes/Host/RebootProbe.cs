using AIInfra.Linux.Files;

namespace AIInfra.Core.Health.Probes.Host;

/// <summary>Whether the node waits for a boot: packages say so, or the running kernel's modules were removed.</summary>
internal sealed class RebootProbe(ProbeParts parts) : Probe
{
    private const int MostPackages = 8;

    private readonly FileBytes _files = new();
    private readonly RootedFiles _rooted = new(parts.Host.Root);

    public static ProbeDefinition Definition { get; } = new(
        "reboot", "Whether installed updates wait for a boot.", TimeSpan.FromMinutes(10), parts => new RebootProbe(parts))
    {
        Problems = ["host.reboot-required"],
        GoodToClear = 1,
    };

    public override Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        var why = Packages() ?? Modules();
        return Task.FromResult(ProbeRound.Of([why is null
            ? ProbeResult.Healthy("host.reboot-required", Subject.Node, "nothing waits for a boot")
            : ProbeResult.Problem("host.reboot-required", Subject.Node, Severity.Info, Cause.Host, SuggestedAction.Observe, "Installed updates take effect only after a boot.", why)]));
    }

    private string? Packages()
    {
        var file = Path.Combine(parts.Host.Run, "reboot-required");
        if (!File.Exists(file))
            return null;
        var packages = _files.Text($"{file}.pkgs").Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct().Take(MostPackages).ToList();
        return packages.Count > 0 ? $"{file} is there, because of {string.Join(", ", packages)}" : $"{file} is there";
    }

    private string? Modules()
    {
        var release = _files.Text(Path.Combine(parts.Host.Proc, "sys/kernel/osrelease"));
        var kernels = _rooted.Names("/lib/modules", "*").ToList();
        return release.Length > 0 && kernels.Count > 0 && !kernels.Contains(release)
            ? $"the running kernel is {release}, and /lib/modules holds only {string.Join(", ", kernels.Take(4))}: its modules can no longer be loaded" : null;
    }
}
