using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using AIInfra.Kubernetes.DevicePlugin;
using AIInfra.Linux.Processes;

namespace AIInfra.Kubernetes.Audit;

internal enum AuditKind
{
    /// <summary>A pod uses what it was not given.</summary>
    Foreign,
    /// <summary>A pod that is gone still uses it.</summary>
    LeftOpen,
    /// <summary>No pod at all.</summary>
    Outside,
}

/// <param name="DeviceId">The board.</param>
/// <param name="Process">Its number on the host.</param>
/// <param name="Evidence">One line; holds names from outside.</param>
internal sealed record AuditFinding(AuditKind Kind, string DeviceId, int Process, string Evidence);

/// <summary>One comparison of what was given with what is open.</summary>
internal sealed class AuditRound(AuditOptions options, HostPaths host, PodOfProcess processes)
{
    private const int Comm = 15;

    private readonly FrozenSet<string> _allowed = options.Allowed.Select(name => name.Length > Comm ? name[..Comm] : name).ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Blocks while it reads the host's procfs.</summary>
    /// <param name="pods">Known.</param>
    /// <param name="given">What the kubelets wrote down, by the pods' UIDs.</param>
    /// <param name="inventory">The devices.</param>
    /// <param name="offer">What ids stand for.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    public ImmutableArray<AuditFinding> Find(
        NodeInventory inventory, NodeOffer offer, PodResourcesSnapshot pods, IReadOnlyCollection<KubeletCheckpoint> given, CancellationToken cancellationToken)
    {
        var byNode = inventory.Devices.Where(device => DeviceNodeCheck.OwnNode(device) is not null)
            .ToLookup(device => DeviceNodeCheck.OwnNode(device)!, StringComparer.Ordinal);
        if (byNode.Count == 0)
            return [];
        string[] folders = [$"{host.Dev.TrimEnd('/')}/", "/dev/"];
        var open = new OpenFiles(host.Proc).Below(folders, cancellationToken)
            .Select(file => (file.Process, Node: file.Path[folders.First(file.Path.StartsWith).Length..]))
            .Where(file => byNode.Contains(file.Node)).ToArray();
        if (open.Length == 0)
            return [];

        var (holders, names) = (pods.ByDevice(offer), processes.PodsByUid());
        var units = offer.Resources.SelectMany(resource => resource.Units).ToDictionary(unit => unit.Id, unit => unit.Devices, StringComparer.Ordinal);
        return [.. open.Select(file => Judge(file.Process, file.Node, [.. byNode[file.Node]], pods, holders, names,
            uid => given.Any(kubelet => kubelet.ByPod.TryGetValue(uid, out var ids) && ids.Any(id => Stands(id, units, byNode[file.Node]))))).OfType<AuditFinding>()];
    }

    private AuditFinding? Judge(
        int process, string node, ImmutableArray<Device> devices, PodResourcesSnapshot pods, FrozenDictionary<string, ImmutableArray<PodHolder>> holders,
        Dictionary<string, (string Namespace, string Name)> names, Func<string, bool> isWrittenFor)
    {
        if (processes.Program(process) is not { } program || _allowed.Contains(program) || processes.IsOurs(process))
            return null;
        var board = devices.FirstOrDefault(device => device.ParentId is null) ?? devices[0];
        ImmutableArray<PodHolder> owners = [.. devices.SelectMany(device => holders.TryGetValue(device.Id, out var found) ? found : []).Distinct()];
        var owned = owners.IsEmpty ? "it is given to nobody" : $"it is given to {string.Join(", ", owners.Take(4))}{(owners.Length > 4 ? $" and {owners.Length - 4} more" : "")}";

        AuditFinding Found(AuditKind kind, string who) => new(kind, board.Id, process, $"process {process} ({program}) {who} has /dev/{node} open; {owned}");

        if (processes.PodUid(process) is not { } uid)
            return Found(AuditKind.Outside, "outside any pod");
        if (isWrittenFor(uid))
            return null;
        if (!names.TryGetValue(uid, out var pod))
            return names.Count == 0 ? null : Found(AuditKind.LeftOpen, $"of pod {uid}, which is gone,");
        if (owners.Any(owner => owner.Namespace == pod.Namespace && owner.Pod == pod.Name) || pods.Claimants.Contains(pod))
            return null;
        return pods.Pods.Contains(pod)
            ? Found(AuditKind.Foreign, $"of pod {pod.Namespace}/{pod.Name}")
            : Found(AuditKind.LeftOpen, $"of pod {pod.Namespace}/{pod.Name}, which is gone,");
    }

    /// <summary>True when an id stands for one of the devices.</summary>
    private static bool Stands(string id, Dictionary<string, ImmutableArray<Device>> units, IEnumerable<Device> devices) => devices.Any(device =>
        units.TryGetValue(id, out var behind) ? behind.Any(one => one.Id == device.Id) : id.Split("::", 2)[0] == device.Id);
}
