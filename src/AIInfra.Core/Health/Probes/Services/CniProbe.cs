using System.Text.Json;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.Health.Probes.Services;

/// <summary>The network of pods: its configuration, and the agent on this node that is behind it.</summary>
internal sealed class CniProbe(ProbeParts parts) : Probe
{
    private const string NoConfig = "cni.no-config", AgentDown = "cni.agent-down";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly string[] Endings = [".conf", ".conflist", ".json"];

    public static ProbeDefinition Definition { get; } = new(
        "cni", "The configuration of the pods' network, and Calico, Cilium or Flannel where it names them.", TimeSpan.FromSeconds(30), parts => new CniProbe(parts))
    {
        Problems = [NoConfig, AgentDown],
        BadToRaise = 3,
    };

    public override async Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        if (KubeletFiles.Find(parts.KubeletRoots) is not { } kubelet)
            return ProbeRound.Nothing("there is no kubelet, so that no pod needs a network");
        var folder = Path.Combine(parts.Host.Root, "etc/cni/net.d");
        var files = HostText.Names(folder).Where(name => Endings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal))).ToList();
        var results = new List<ProbeResult> { JudgeFiles(folder, files, kubelet) };
        foreach (var agent in await Task.WhenAll(AgentsOf(folder, files, cancellationToken)))
            results.Add(agent);
        return ProbeRound.Of(results);
    }

    private static ProbeResult JudgeFiles(string folder, List<string> files, KubeletFiles kubelet)
    {
        var (bad, good) = (files.Where(name => !IsJson(Path.Combine(folder, name))).ToList(), files.Count);
        if (good > bad.Count)
            return ProbeResult.Healthy(NoConfig, Subject.Node, $"{folder}: {files.Except(bad).First()}");
        return ProbeResult.Problem(NoConfig, Subject.Node, Severity.Degraded, Cause.Host, SuggestedAction.Observe,
            $"There is no usable network configuration in {folder}: no pod with a network of its own can start here.",
            $"kubelet found by {kubelet.Why}; {(files.Count == 0 ? "no file" : $"not JSON: {string.Join(", ", bad)}")}");
    }

    private static bool IsJson(string file)
    {
        try
        {
            using var document = JsonDocument.Parse(HostText.Read(file) ?? "");
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (Exception fault) when (BrokenJson.IsTold(fault))
        {
            return false;
        }
    }

    private IEnumerable<Task<ProbeResult>> AgentsOf(string folder, List<string> files, CancellationToken cancellationToken)
    {
        foreach (var (name, ask) in new (string, Func<string, CancellationToken, Task<ProbeResult>>)[] { ("calico", AskCalicoAsync), ("cilium", AskCiliumAsync), ("flannel", AskFlannelAsync) })
        {
            if (files.FirstOrDefault(file => file.Contains(name, StringComparison.OrdinalIgnoreCase)) is { } file)
                yield return ask(Path.Combine(folder, file), cancellationToken);
        }
    }

    private static async Task<ProbeResult> AskCalicoAsync(string found, CancellationToken cancellationToken)
    {
        var address = new Uri("http://127.0.0.1:9099/readiness");
        var reply = await HttpQuestion.GetAsync(address, null, Patience, cancellationToken);
        return Judge("calico-node", reply.IsGood, found, $"{address}: {reply}");
    }

    private async Task<ProbeResult> AskCiliumAsync(string found, CancellationToken cancellationToken)
    {
        var socket = Path.Combine(parts.Host.Run, "cilium/cilium.sock");
        var reply = await HttpQuestion.GetAsync(new Uri("http://localhost/v1/healthz"), socket, Patience, cancellationToken);
        return Judge("cilium-agent", reply.IsGood, found, $"{socket} /v1/healthz: {reply}");
    }

    /// <summary>Flannel leaves the node's network in a file; with VXLAN there is an interface too, which must not be down.</summary>
    private Task<ProbeResult> AskFlannelAsync(string found, CancellationToken cancellationToken)
    {
        var file = Path.Combine(parts.Host.Run, "flannel/subnet.env");
        var state = HostText.Read(Path.Combine(parts.Host.Sys, "class/net/flannel.1/operstate"));
        return Task.FromResult(Judge("flanneld", File.Exists(file) && state != "down", found, $"{file} {(File.Exists(file) ? "is there" : "is missing")}, flannel.1 is {state ?? "not there"}"));
    }

    private static ProbeResult Judge(string agent, bool isWell, string found, string says)
    {
        var (subject, evidence) = (new Subject(SubjectKind.Unit, agent), $"{says} (found by {found})");
        return isWell ? ProbeResult.Healthy(AgentDown, subject, evidence)
            : ProbeResult.Problem(AgentDown, subject, Severity.Degraded, Cause.Host, SuggestedAction.RestartService,
                $"{agent} on this node does not say that it is ready: new pods get no network, and routes to others may be old.", evidence);
    }
}
