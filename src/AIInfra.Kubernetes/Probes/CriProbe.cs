using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Health.Probes.Services;
using AIInfra.Grpc;
using AIInfra.Kubernetes.Protos.Cri.V1;

namespace AIInfra.Kubernetes.Probes;

/// <summary>Asks containerd and CRI-O how they are, as the kubelet does; the answer also says whether pods have a network.</summary>
/// <remarks>The socket never blocks and the call has a deadline, so that a runtime which hangs holds nothing of the agent.</remarks>
public sealed class CriProbe : Probe
{
    private const string Unhealthy = "runtime.unhealthy", NoNetwork = "cni.not-ready";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly GrpcMethod<StatusRequest, StatusResponse> Status = new("/runtime.v1.RuntimeService/Status", StatusRequest.Parser, StatusResponse.Parser);

    /// <summary>Name, socket below the host's /run, and the unit that makes it.</summary>
    private static readonly ImmutableArray<(string Name, string Socket, string Unit)> Runtimes =
    [
        ("containerd", "containerd/containerd.sock", "containerd.service"),
        ("containerd (k3s)", "k3s/containerd/containerd.sock", "k3s.service"),
        ("crio", "crio/crio.sock", "crio.service"),
    ];

    private readonly ProbeParts _parts;
    private readonly Units _units;

    private CriProbe(ProbeParts parts) => (_parts, _units) = (parts, new Units(parts.Host));

    public static ProbeDefinition Definition { get; } = new(
        "containerRuntime", "containerd and CRI-O by the kubelet's own question (CRI Status), which also tells whether pods have a network.", TimeSpan.FromSeconds(30), parts => new CriProbe(parts))
    {
        Problems = [Unhealthy, NoNetwork],
        BadToRaise = 3,
        Deadline = TimeSpan.FromSeconds(30),
    };

    public override async Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        var found = Runtimes.Select(runtime => (runtime.Name, Socket: Path.Combine(_parts.Host.Run, runtime.Socket), runtime.Unit))
            .Where(runtime => File.Exists(runtime.Socket) || _units.IsEnabled(runtime.Unit)).ToList();
        if (found.Count == 0)
            return ProbeRound.Nothing("there is no socket of containerd or CRI-O, and no unit of theirs is enabled");
        var answers = await Task.WhenAll(found.Select(runtime => AskAsync(runtime.Name, runtime.Socket, runtime.Unit, cancellationToken)));
        return ProbeRound.Of(answers.SelectMany(results => results));
    }

    private async Task<List<ProbeResult>> AskAsync(string name, string socket, string unit, CancellationToken cancellationToken)
    {
        var subject = new Subject(SubjectKind.Unit, name);
        var found = File.Exists(socket) ? socket : $"{unit}, which is enabled";
        try
        {
            using var channel = GrpcChannel.ForUnixSocket(socket, new GrpcChannelOptions { MaxReceiveBytes = 1 << 20, ConnectTimeout = Patience, Time = _parts.Time });
            var answer = await channel.UnaryAsync(Status, new StatusRequest(), new GrpcCallOptions { Timeout = Patience }, cancellationToken);
            var (runtime, network) = (Find(answer, "RuntimeReady"), Find(answer, "NetworkReady"));
            return
            [
                runtime is { Status: false } ? Bad(subject, $"{name} says that it is not ready", $"{socket}: {runtime.Reason}: {runtime.Message}")
                    : ProbeResult.Healthy(Unhealthy, subject, $"{socket}: RuntimeReady"),
                .. network is null ? [] : (IEnumerable<ProbeResult>)[JudgeNetwork(network, socket)],
            ];
        }
        catch (GrpcException fault) when (fault.Status == GrpcStatus.Unimplemented)
        {
            return [ProbeResult.Healthy(Unhealthy, subject, $"{socket} answers, but not as a runtime for Kubernetes")]; // containerd of Docker has that part switched off
        }
        catch (GrpcException fault)
        {
            return [Bad(subject, $"{name} does not answer", $"found by {found}: {fault.Status}: {fault.Message}")];
        }
        catch (ArgumentException fault)
        {
            return [ProbeResult.Unknown(Unhealthy, subject, $"{socket} cannot be asked: {fault.Message}")];
        }
    }

    private static RuntimeCondition? Find(StatusResponse answer, string type) => answer.Status?.Conditions.FirstOrDefault(condition => condition.Type == type);

    private static ProbeResult JudgeNetwork(RuntimeCondition network, string socket) => network.Status
        ? ProbeResult.Healthy(NoNetwork, Subject.Node, $"{socket}: NetworkReady")
        : ProbeResult.Problem(NoNetwork, Subject.Node, Severity.Degraded, Cause.Host, SuggestedAction.Observe,
            "The container runtime has no network for pods: none with a network of its own can start.", $"{socket}: {network.Reason}: {network.Message}");

    private static ProbeResult Bad(Subject subject, string what, string evidence) => ProbeResult.Problem(
        Unhealthy, subject, Severity.Fatal, Cause.Host, SuggestedAction.RestartService, $"{what}: containers cannot be started, stopped or listed.", evidence);
}
