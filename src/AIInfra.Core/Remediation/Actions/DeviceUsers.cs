using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Linux.Processes;

namespace AIInfra.Core.Remediation.Actions;

/// <summary>Who has the nodes of some devices open, by /proc. Nodes that other devices share (a control node) do not count, or nothing could be reset beside a running job.</summary>
internal sealed class DeviceUsers(HostPaths host)
{
    private const int Most = 5;

    /// <returns>Null when nobody has; else who, as a sentence's part. What cannot be looked into counts as in use.</returns>
    public string? Find(ImmutableArray<Device> group, VendorInventory inventory)
    {
        var ids = group.Select(device => device.Id).ToHashSet(StringComparer.Ordinal);
        var shared = inventory.Devices.Where(device => !ids.Contains(device.Id) && !(device.ParentId is { } parent && ids.Contains(parent))).SelectMany(NodesOf).ToHashSet(StringComparer.Ordinal);
        var nodes = inventory.Devices.Where(device => ids.Contains(device.Id) || (device.ParentId is { } parent && ids.Contains(parent))).Concat(group).SelectMany(NodesOf).Where(node => !shared.Contains(node)).ToHashSet(StringComparer.Ordinal);
        if (nodes.Count == 0)
            return null;
        var (open, users, unseen) = (new OpenFiles(host.Proc), new List<string>(), 0);
        foreach (var folder in Directory.EnumerateDirectories(host.Proc))
        {
            if (!int.TryParse(Path.GetFileName(folder), out var process))
                continue;
            var files = open.Of(process, [$"{host.Dev}/", "/dev/"]);
            unseen += files is null ? 1 : 0;
            if (files?.FirstOrDefault(file => nodes.Contains(Below(file))) is { } held)
                users.Add($"{ProgramOf(folder)} (process {process}: {held})");
        }
        return users.Count > 0 ? string.Join(", ", users.Take(Most)) + (users.Count > Most ? $" and {users.Count - Most} more" : "")
            : unseen > 0 ? $"{unseen} processes that may not be looked into" : null;
    }

    private string Below(string file) => file.StartsWith(host.Dev + '/', StringComparison.Ordinal) ? file[(host.Dev.Length + 1)..] : file["/dev/".Length..];

    private static IEnumerable<string> NodesOf(Device device) => device.NodeName is { } name ? device.DeviceNodes.Append(name) : device.DeviceNodes;

    private static string ProgramOf(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "comm")).Trim();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return "?";
        }
    }
}
