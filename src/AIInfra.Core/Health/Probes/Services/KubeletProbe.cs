namespace AIInfra.Core.Health.Probes.Services;

/// <summary>Asks the kubelet whether it is well, as it says so to this host alone.</summary>
internal sealed class KubeletProbe(ProbeParts parts) : Probe
{
    private const string Id = "kubelet.unhealthy";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static ProbeDefinition Definition { get; } = new(
        "kubelet", "The kubelet's /healthz, where a kubelet keeps its folder.", TimeSpan.FromSeconds(15), parts => new KubeletProbe(parts))
    {
        Problems = [Id],
        BadToRaise = 3,
    };

    public override async Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        if (KubeletFiles.Find(parts.KubeletRoots) is not { } kubelet)
            return ProbeRound.Nothing($"no kubelet was found in {string.Join(", ", parts.KubeletRoots)}");
        if (kubelet.HealthPort <= 0)
            return ProbeRound.Nothing($"healthzPort of {kubelet.Why} is 0: the kubelet does not say how it is");
        var address = new UriBuilder("http", kubelet.HealthAddress, kubelet.HealthPort, "/healthz").Uri;
        var reply = await HttpQuestion.GetAsync(address, null, Patience, cancellationToken);
        var (subject, evidence) = (new Subject(SubjectKind.Unit, "kubelet"), $"{address} (found by {kubelet.Why}): {reply}");
        return ProbeRound.Of([reply.IsGood ? ProbeResult.Healthy(Id, subject, evidence)
            : ProbeResult.Problem(Id, subject, Severity.Fatal, Cause.Host, SuggestedAction.RestartService,
                "The kubelet does not say that it is well: pods are not started, stopped or reported, and the node turns NotReady.", evidence)]);
    }
}
