using System.Globalization;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;

namespace AIInfra.Vendors.Nvidia.Probes;

/// <summary>The device nodes that programs open: those of each board and of the driver, and their names by number in /dev/char.</summary>
/// <remarks>systemd finds a container's devices by /dev/char: without these links <c>systemctl daemon-reload</c> takes the devices away from
/// containers that run, and NVML in them says "Unknown Error".</remarks>
internal sealed class NvidiaNodeProbe(ProbeParts parts) : Probe
{
    private const string Missing = "nvidia.node-missing", NoLink = "nvidia.char-link-missing", Control = "nvidiactl";
    private const int Major = 195, ControlMinor = 255; // fixed: Documentation/admin-guide/devices.txt

    public static ProbeDefinition Definition { get; } = new(
        "nvidiaNodes", "The NVIDIA device nodes of each board that the driver has, and the links in /dev/char that systemd needs.", TimeSpan.FromMinutes(1), parts => new NvidiaNodeProbe(parts))
    {
        Problems = [Missing, NoLink],
        BadToRaise = 2,
    };

    public override Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        var folder = Path.Combine(parts.Host.Proc, "driver/nvidia/gpus");
        var boards = HostText.Names(folder).Select(address => (Address: address, Minor: Minor(Path.Combine(folder, address, "information")))).Where(board => board.Minor is not null).ToList();
        if (boards.Count == 0)
            return Task.FromResult(ProbeRound.Nothing("the NVIDIA driver has no board"));
        var results = boards.Select(board => Judge(SubjectOf(board.Address), $"nvidia{board.Minor}")).Append(Judge(Subject.Node, Control)).ToList();
        if (Directory.Exists(Path.Combine(parts.Host.Run, "systemd/system")))
            results.Add(JudgeLinks([.. boards.Select(board => ($"nvidia{board.Minor}", board.Minor!.Value)), (Control, ControlMinor)]));
        return Task.FromResult(ProbeRound.Of(results));
    }

    private ProbeResult Judge(Subject subject, string node)
    {
        var path = Path.Combine(parts.Host.Dev, node);
        return Path.Exists(path) ? ProbeResult.Healthy(Missing, subject, $"{path} is there")
            : ProbeResult.Problem(Missing, subject, Severity.Degraded, Cause.Host, SuggestedAction.RestartService,
                $"The device node {node} is missing: no new program can open {(node == Control ? "any GPU" : "the GPU")}.", $"{path} is not there, and the driver has the board");
    }

    private ProbeResult JudgeLinks(List<(string Node, int Minor)> nodes)
    {
        var folder = Path.Combine(parts.Host.Dev, "char");
        var missing = nodes.Where(node => Path.Exists(Path.Combine(parts.Host.Dev, node.Node)) && new FileInfo(Path.Combine(folder, $"{Major}:{node.Minor}")).LinkTarget is null).ToList();
        return missing.Count == 0 ? ProbeResult.Healthy(NoLink, Subject.Node, $"{folder} has {nodes.Count} links")
            : ProbeResult.Problem(NoLink, Subject.Node, Severity.Info, Cause.Host, SuggestedAction.Observe,
                "Links of NVIDIA's device nodes are missing in /dev/char: a daemon-reload of systemd takes the GPUs away from containers that were given them without CDI or device nodes.",
                $"missing in {folder}: {string.Join(", ", missing.Take(4).Select(node => $"{Major}:{node.Minor} -> ../{node.Node}"))}");
    }

    private Subject SubjectOf(string address)
    {
        var normal = Core.Devices.PciAddress.Normalise(address) ?? address;
        return Subject.Device(parts.Inventory.Current.Value.Devices.FirstOrDefault(device => device.PciAddress == normal && device.ParentId is null)?.Id ?? normal);
    }

    /// <summary>Out of the line <c>Device Minor: 	 3</c>.</summary>
    private static int? Minor(string file)
    {
        const string key = "Device Minor:";
        var line = (HostText.Read(file) ?? "").Split('\n').FirstOrDefault(text => text.StartsWith(key, StringComparison.Ordinal));
        return line is not null && int.TryParse(line[key.Length..].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var minor) && minor < ControlMinor ? minor : null;
    }
}
