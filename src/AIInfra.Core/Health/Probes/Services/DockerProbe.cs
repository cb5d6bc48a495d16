namespace AIInfra.Core.Health.Probes.Services;

/// <summary>Asks Docker whether it answers.</summary>
internal sealed class DockerProbe(ProbeParts parts) : Probe
{
    private const string Unit = "docker.service";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Units _units = new(parts.Host);

    public static ProbeDefinition Definition { get; } = new("docker", "Docker's /_ping, where it is installed.", TimeSpan.FromSeconds(30), parts => new DockerProbe(parts))
    {
        Problems = ["runtime.docker-unhealthy"],
        BadToRaise = 3,
    };

    public override async Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        var socket = Path.Combine(parts.Host.Run, "docker.sock");
        var (isThere, isEnabled) = (File.Exists(socket), _units.IsEnabled(Unit));
        if (!isThere && !isEnabled)
            return ProbeRound.Nothing($"{socket} is not there, and {Unit} is not enabled");
        var reply = isThere ? await HttpQuestion.GetAsync(new Uri("http://localhost/_ping"), socket, Patience, cancellationToken) : new HttpReply(null, "the socket is missing");
        var (subject, evidence) = (new Subject(SubjectKind.Unit, "docker"), $"{socket} (found by {(isThere ? "its socket" : $"{Unit}, which is enabled")}): {reply}");
        return ProbeRound.Of([reply.IsGood ? ProbeResult.Healthy(Definition.Problems[0], subject, evidence)
            : ProbeResult.Problem(Definition.Problems[0], subject, Severity.Degraded, Cause.Host, SuggestedAction.RestartService, "Docker does not answer: its containers cannot be started, stopped or listed.", evidence)]);
    }
}
