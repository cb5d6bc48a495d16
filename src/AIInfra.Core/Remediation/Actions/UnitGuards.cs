using System.Text.Json;
using AIInfra.Core.Hosting;
using AIInfra.Linux.Systemd;

namespace AIInfra.Core.Remediation.Actions;

/// <summary>Which units may be started anew, and when: a restart must not take the node's work with it.</summary>
internal sealed class UnitGuards(HostPaths host)
{
    private static readonly string[] Kinds = [".service", ".socket", ".mount", ".automount", ".timer", ".path"];
    private static readonly HashSet<string> Never = ["aiinfra-agent.service", "aiinfra-aggregator.service", "dbus.service", "dbus-broker.service", "dbus.socket", "systemd-logind.service", "init.scope"];
    private static readonly HashSet<string> Runtimes = ["containerd.service", "docker.service", "crio.service", "cri-o.service", "k3s.service", "rke2-agent.service"];

    /// <summary>With its kind: <c>kubelet</c> is <c>kubelet.service</c>.</summary>
    public static string NameOf(string unit) => Kinds.Any(kind => unit.EndsWith(kind, StringComparison.Ordinal)) || unit.Contains('.') ? unit : unit + ".service";

    /// <summary>Null, or why a unit of that name is never touched.</summary>
    public static string? RefuseName(string unit)
    {
        var name = NameOf(unit);
        if (name.Length > 255 || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is ':' or '-' or '_' or '.' or '\\' or '@'))
            return $"'{unit}' is no name of a unit";
        if (!Kinds.Any(kind => name.EndsWith(kind, StringComparison.Ordinal)))
            return $"{name} is of a kind that is not restarted: {string.Join(", ", Kinds)} are";
        return Never.Contains(name) ? $"{name} is never touched: the agent itself hangs on it" : null;
    }

    /// <summary>Null, or why it may not be restarted now.</summary>
    public string? RefuseRestart(UnitState state)
    {
        if (state.Load != "loaded")
            return state.Load == "masked" ? $"{state.Name} is masked: an operator does not want it to run." : $"There is no unit {state.Name} on this host ({state.Load}).";
        if (!Runtimes.Contains(state.Name))
            return null;
        if (state.KillMode is not "process")
            return $"{state.Name} has KillMode={state.KillMode}: a restart would end the containers with it. Set KillMode=process.";
        return state.Name == "docker.service" && !KeepsContainers()
            ? "Docker ends all containers when it restarts, because \"live-restore\" is not true in its daemon.json." : null;
    }

    private bool KeepsContainers()
    {
        try
        {
            using var settings = JsonDocument.Parse(File.ReadAllText(Path.Join(host.Root, "etc/docker/daemon.json")));
            return settings.RootElement.ValueKind == JsonValueKind.Object && settings.RootElement.TryGetProperty("live-restore", out var value) && value.ValueKind == JsonValueKind.True;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException || BrokenJson.IsTold(fault))
        {
            return false;
        }
    }
}
