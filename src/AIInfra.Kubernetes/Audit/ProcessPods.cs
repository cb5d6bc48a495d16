using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using AIInfra.Core.Workloads;

namespace AIInfra.Kubernetes.Audit;

/// <summary>By a process's control group, which bears the pod's UID, and the UID's name: as the API server has it where it is asked, else by the kubelet's log folders.</summary>
public sealed class ProcessPods(HostPaths host, PodDirectory directory) : IProcessPods
{
    private readonly PodOfProcess _processes = new(host);

    public IReadOnlyDictionary<int, (string Namespace, string Pod)> Find(IEnumerable<int> processes)
    {
        var found = new Dictionary<int, (string, string)>();
        Dictionary<string, (string Namespace, string Name)>? names = null;
        foreach (var process in processes)
        {
            if (_processes.PodUid(process) is not { } uid)
                continue;
            if ((names ??= Names()).TryGetValue(uid, out var pod))
                found[process] = pod;
        }
        return found;
    }

    private Dictionary<string, (string Namespace, string Name)> Names()
    {
        var names = _processes.PodsByUid();
        foreach (var (pod, details) in directory.Current.Value)
            names[details.Uid] = pod;
        return names;
    }
}
