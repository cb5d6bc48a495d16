using System.Buffers;
using System.Globalization;
using AIInfra.Core.Hosting;

namespace AIInfra.Kubernetes.Audit;

/// <summary>What the host's procfs and log folder say of one process. All texts come from outside.</summary>
internal sealed class PodOfProcess(HostPaths host)
{
    private const int DashedUid = 36, PlainUid = 32; // of a pod from the API server; of one from a file on the node
    private const int LongestChain = 64;
    private static readonly SearchValues<char> OfUid = SearchValues.Create("0123456789abcdef-_");

    /// <summary>Its name as the kernel keeps it, at most 15 characters; null when it has ended.</summary>
    public string? Program(int process) => Read(process, "comm")?.TrimEnd('\n');

    /// <summary>Null when it belongs to no pod, or has ended.</summary>
    public string? PodUid(int process) => Read(process, "cgroup") is { } cgroup ? PodUid(cgroup) : null;

    /// <summary>True for this agent, all that it started, and what an agent before it left behind.</summary>
    public bool IsOurs(int process)
    {
        if (LinkOf(Path.Combine(host.Proc, $"{process}", "exe"))?.Split(' ')[0] is { } program && Path.GetFileName(program) == "aiinfra-agent")
            return true;
        var own = int.TryParse(LinkOf(Path.Combine(host.Proc, "self")), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : Environment.ProcessId;
        for (var (step, at) = (0, process); step < LongestChain && at > 1; step++, at = Parent(at))
        {
            if (at == own)
                return true;
        }
        return false;
    }

    /// <summary>The pods that the kubelet keeps logs of, by UID: <c>/var/log/pods/NAMESPACE_NAME_UID</c>.</summary>
    public Dictionary<string, (string Namespace, string Name)> PodsByUid()
    {
        var pods = new Dictionary<string, (string, string)>(StringComparer.Ordinal);
        try
        {
            foreach (var folder in Directory.EnumerateDirectories(Path.Combine(host.Root, "var/log/pods")))
            {
                if (Path.GetFileName(folder).Split('_') is [var podNamespace, var name, var uid])
                    pods[uid] = (podNamespace, name);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Then pods are shown by their UID, and nobody is accused.
        }
        return pods;
    }

    /// <summary>From a line like <c>0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b4e_…_.slice/cri-containerd-….scope</c>, or
    /// <c>0::/kubepods/burstable/pod1b4e-…/…</c>.</summary>
    internal static string? PodUid(string cgroup)
    {
        var start = cgroup.IndexOf("kubepods", StringComparison.Ordinal);
        while (start >= 0 && (start = cgroup.IndexOf("pod", start + 1, StringComparison.Ordinal)) >= 0)
        {
            if (cgroup[start - 1] is not ('/' or '-'))
                continue;
            var rest = cgroup.AsSpan(start + 3);
            var length = rest.IndexOfAnyExcept(OfUid);
            var uid = length < 0 ? rest : rest[..length];
            if (uid.Length is DashedUid or PlainUid)
                return uid.ToString().Replace('_', '-');
        }
        return null;
    }

    private int Parent(int process) => Read(process, "stat") is { } stat && stat[(stat.LastIndexOf(')') + 1)..].Split(' ', 4) is [_, _, var parent, _]
        && int.TryParse(parent, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0;

    private string? Read(int process, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(host.Proc, $"{process}", file));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? LinkOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
