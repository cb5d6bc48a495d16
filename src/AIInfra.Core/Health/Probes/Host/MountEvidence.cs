using System.Text;
using AIInfra.Core.Hosting;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Health.Probes.Host;

/// <summary>What the kernel says beside of a mount that does not answer: read without touching the mount.</summary>
internal sealed class MountEvidence(HostPaths host)
{
    private const int MostTasks = 3;

    private readonly FileBytes _files = new();

    /// <summary>Begins with <c>; </c> when there is any.</summary>
    public string Of(Mount mount)
    {
        var said = new StringBuilder();
        if (mount.Type.StartsWith("fuse", StringComparison.Ordinal))
        {
            var folder = Path.Combine(host.Sys, "fs/fuse/connections", $"{mount.Minor}");
            if (_files.Number(Path.Combine(folder, "waiting")) is { } waiting)
                said.Append($"; FUSE connection {mount.Minor} has {waiting} requests waiting");
        }
        if (mount.Type.StartsWith("nfs", StringComparison.Ordinal) && Transport(mount.Point) is { } transport)
            said.Append($"; {transport}");
        var waits = new BlockedTasks(host).Find().Where(task => IsOfMount(task.WaitsIn)).Take(MostTasks).Select(task => $"{task.Name} ({task.Id}) in {task.WaitsIn}").ToList();
        if (waits.Count > 0)
            said.Append($"; waiting: {string.Join(", ", waits)}");
        return said.ToString();
    }

    /// <summary>Of mountstats: requests sent and answers received; they part when the server is silent.</summary>
    private string? Transport(string point)
    {
        var isOurs = false;
        foreach (var line in Encoding.UTF8.GetString(_files.Read(Path.Combine(host.Proc, "1/mountstats"))).Split('\n'))
        {
            if (line.StartsWith("device ", StringComparison.Ordinal))
                isOurs = line.Contains($" mounted on {point} with fstype ", StringComparison.Ordinal);
            else if (isOurs && line.Trim().Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries) is ["xprt:", "tcp", _, _, var connects, _, _, var sends, var receives, ..])
                return $"transport: {connects} connections, {sends} sent, {receives} received";
        }
        return null;
    }

    private static bool IsOfMount(string place) => place.StartsWith("rpc_", StringComparison.Ordinal) || place.Contains("nfs", StringComparison.Ordinal)
        || place.Contains("fuse", StringComparison.Ordinal) || place.StartsWith("request_wait_answer", StringComparison.Ordinal)
        || place.Contains("ceph", StringComparison.Ordinal) || place.StartsWith("ptlrpc", StringComparison.Ordinal) || place.Contains("cifs", StringComparison.Ordinal);
}
