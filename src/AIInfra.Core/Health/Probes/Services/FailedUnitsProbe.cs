using System.Collections.Immutable;
using AIInfra.Linux.Systemd;

namespace AIInfra.Core.Health.Probes.Services;

/// <summary>Asks systemd which of the services that a node lives by have failed: systemd does not start those again.</summary>
internal sealed class FailedUnitsProbe(ProbeParts parts) : Probe
{
    private const string Id = "service.failed", Kind = ".service";
    private const int Most = 64;

    /// <summary>Without them no pod or no accelerator works.</summary>
    private static readonly ImmutableHashSet<string> Vital = ["kubelet", "containerd", "docker", "crio", "k3s", "k3s-agent", "rke2-server", "rke2-agent", "nvidia-fabricmanager"];

    /// <summary>What is watched where nothing else is said.</summary>
    public static ImmutableArray<string> Usual { get; } =
    [
        "kubelet", "containerd", "docker", "crio", "k3s", "k3s-agent", "rke2-server", "rke2-agent",
        "nvidia-fabricmanager", "nvidia-persistenced", "nvidia-imex", "nvidia-dcgm", "chronyd", "chrony", "systemd-timesyncd",
    ];

    public static ProbeDefinition Definition { get; } = new(
        "failedUnits", "Services of health.watchedUnits that systemd counts as failed; one that an operator has disabled is left alone.", TimeSpan.FromSeconds(10), parts => new FailedUnitsProbe(parts))
    {
        Problems = [Id],
        GoodToClear = 1,
    };

    /// <summary>A name of a service, with or without its ending, in which <c>*</c> and <c>?</c> stand for others.</summary>
    public static bool IsPattern(string text) =>
        text.Length is > 0 and <= 255 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is ':' or '-' or '_' or '.' or '\\' or '@' or '*' or '?');

    public override async Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        var socket = Path.Combine(parts.Host.Run, "dbus/system_bus_socket");
        if (parts.Systemd is not { } connect || !File.Exists(socket))
            return ProbeRound.Nothing($"{socket} is not there: systemd cannot be asked");
        if (parts.WatchedUnits.IsEmpty)
            return ProbeRound.Nothing("health.watchedUnits is empty");
        var systemd = connect();
        var listed = await systemd.ListAsync([.. parts.WatchedUnits.Select(name => name.EndsWith(Kind, StringComparison.Ordinal) ? name : name + Kind)], cancellationToken);
        var found = new List<ProbeResult>();
        foreach (var unit in listed.Take(Most))
        {
            if (await LookAsync(systemd, unit, cancellationToken) is { } result)
                found.Add(result);
        }
        return ProbeRound.Of(found);
    }

    private static async Task<ProbeResult?> LookAsync(SystemdUnits systemd, UnitListing unit, CancellationToken cancellationToken)
    {
        var subject = new Subject(SubjectKind.Unit, unit.Name.EndsWith(Kind, StringComparison.Ordinal) ? unit.Name[..^Kind.Length] : unit.Name);
        if (unit.Active != "failed")
            return unit.Load == "loaded" ? ProbeResult.Healthy(Id, subject, $"{unit.Name} is {unit.Active} ({unit.Sub})") : null;
        var state = await systemd.GetAsync(unit.Name, cancellationToken); // why, and whether it is wanted
        if (!state.IsFailed || state.IsDisabled || state.Load != "loaded")
            return ProbeResult.Healthy(Id, subject, $"{unit.Name} is {state.Active} ({state.Sub}){(state.IsDisabled ? ", and disabled" : "")}");
        var how = state.ExitStatus is { } status ? $", {(state.WasKilled ? "signal" : "status")} {status}" : "";
        return ProbeResult.Problem(Id, subject, Vital.Contains(subject.Id) ? Severity.Fatal : Severity.Degraded, Cause.Host, SuggestedAction.RestartService,
            $"{unit.Name} has failed, and systemd does not start it again.", $"{unit.Name}: {state.Active} ({state.Sub}), result {state.Result}{how}, {state.Restarts} restarts");
    }
}
