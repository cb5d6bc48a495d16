using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Health.Probes.Services;

namespace AIInfra.Vendors.Nvidia.Probes;

/// <summary>NVIDIA's own services, where the host is meant to run them: the fabric manager where there are switches, the others where they are enabled.</summary>
internal sealed class NvidiaServiceProbe(ProbeParts parts) : Probe
{
    private const string Id = "nvidia.service-down", FabricManager = "nvidia-fabricmanager.service", Switch = "0x0680", Vendor = "0x10de";

    private static readonly (string Unit, string Effect)[] Others =
    [
        ("nvidia-persistenced.service", "the driver drops a GPU's state while no program uses it, and first use is slow"),
        ("nvidia-dcgm.service", "what asks DCGM gets no answer"),
        ("dcgm.service", "what asks DCGM gets no answer"),
        ("nvidia-imex.service", "jobs over several nodes cannot share memory by NVLink"),
    ];

    private readonly Units _units = new(parts.Host);

    public static ProbeDefinition Definition { get; } = new(
        "nvidiaServices", "The fabric manager on hosts with NVSwitches; persistenced, DCGM and IMEX where they are enabled.", TimeSpan.FromSeconds(30), parts => new NvidiaServiceProbe(parts))
    {
        Problems = [Id],
        BadToRaise = 2,
    };

    public override Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        var results = new List<ProbeResult>();
        if (_units.IsInstalled(FabricManager) && FindSwitch() is { } address)
            results.Add(Judge(FabricManager, Severity.Fatal, "programs on GPUs behind the switches fail to start (CUDA error 802)", $"NVSwitch at {address}"));
        foreach (var (unit, effect) in Others.Where(service => _units.IsEnabled(service.Unit)))
            results.Add(Judge(unit, Severity.Degraded, effect, "enabled"));
        return Task.FromResult(results.Count == 0 ? ProbeRound.Nothing("no service of NVIDIA is enabled, and there is no NVSwitch with a fabric manager") : ProbeRound.Of(results));
    }

    private ProbeResult Judge(string unit, Severity severity, string effect, string found)
    {
        var (name, subject) = (unit[..unit.LastIndexOf('.')], new Subject(SubjectKind.Unit, unit[..unit.LastIndexOf('.')]));
        return _units.IsRunning(unit) switch
        {
            null => ProbeResult.Unknown(Id, subject, "the host's control groups cannot be seen"),
            true => ProbeResult.Healthy(Id, subject, $"{unit} has processes"),
            _ => ProbeResult.Problem(Id, subject, severity, Cause.Driver, SuggestedAction.RestartService, $"{name} does not run: {effect}.", $"{unit} has no process in its control group ({found})"),
        };
    }

    private string? FindSwitch()
    {
        var folder = Path.Combine(parts.Host.Sys, "bus/pci/devices");
        return HostText.Names(folder).FirstOrDefault(address => HostText.Read(Path.Combine(folder, address, "vendor")) == Vendor
            && HostText.Read(Path.Combine(folder, address, "class"))?.StartsWith(Switch, StringComparison.Ordinal) is true);
    }
}
